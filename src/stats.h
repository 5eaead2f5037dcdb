/*
 * stats.h - filling in the public statistics.
 */
#ifndef VMMA_STATS_H
#define VMMA_STATS_H

#include "walk.h"

/* The precalculated fields; those that are populated are set to 0. */
void vmma__stats_of_client(const struct client *c,
                           struct vmma_client_stats *stats);
void vmma__stats_of_context(const struct vmma_context *ctx,
                            struct vmma_stats *stats);

/* What walking finds. */
struct stats_count {
    size_t live_blocks, live_size;
    size_t cached_blocks, cached_size;
    size_t free_size;
};

/* Add a client's, or those of all clients of a context. */
void vmma__stats_count_client(const struct client *c, struct stats_count *n);
void vmma__stats_count_context(const struct vmma_context *ctx,
                               struct stats_count *n);

void vmma__stats_leaks(const struct client *c, struct vmma_leak_report *report);

#endif

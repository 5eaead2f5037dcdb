/*
 * tcmalloc.h - gperftools' tcmalloc: one heap, the process's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <gperftools/tcmalloc.h>

#define PEER_NAME "tcmalloc"
#define process_malloc tc_malloc
#define process_free tc_free
#define process_realloc tc_realloc
#define process_usable tc_malloc_size

#include "process.h"

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%d.%d", TC_VERSION_MAJOR, TC_VERSION_MINOR);
}

/* What is freed stays with the process: the driver sets
 * TCMALLOC_RELEASE_RATE to 0. */
static void process_prefault(size_t size)
{
    void *piece = tc_malloc(size);

    if (piece)
        memory_touch(piece, size);
    tc_free(piece);
}

#endif

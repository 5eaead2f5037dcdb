/*
 * support.h - what the white-box tests share.
 *
 *   expect   assertions that are cheap enough for inner loops
 *   bare     a pool whose heap cannot be touched
 *   bed      a context on dirty memory
 *   shape    what is live in a context, as a list that can be compared
 *   free     the free pieces and runs that there should be, by brute force
 *
 * Strategy: every structure lies in memory that was filled with random bytes
 * first; what is known about it is computed again in the slowest way.
 */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include "tests/support/support.h"
#include "src/check.h"
#include "src/locate.h"
#include "src/runs.h"

/* ---- assertions ------------------------------------------------------- */

#define expect(condition)                                                      \
    do {                                                                       \
        if (!(condition))                                                      \
            ck_abort_msg("%s", #condition);                                    \
    } while (0)

#define expect_eq(found, expected)                                             \
    do {                                                                       \
        uint64_t found_ = (uint64_t)(found);                                   \
        uint64_t expected_ = (uint64_t)(expected);                             \
        if (found_ != expected_)                                               \
            ck_abort_msg("%s is %llu, not %llu (%s)", #found,                  \
                         (unsigned long long)found_,                           \
                         (unsigned long long)expected_, #expected);            \
    } while (0)

#define expect_sound(context)                                                  \
    do {                                                                       \
        const char *sound_ = vmma__check(context);                             \
        if (sound_ != NULL)                                                    \
            ck_abort_msg("the checker says: %s", sound_);                      \
    } while (0)

/* ---- bare pool -------------------------------------------------------- */

struct bare {
    struct ground ground;
    struct pool *pool;
    struct space *space;
    size_t bookkeeping; /* bytes from the start of the ground            */
};

/* A pool of `count` granules of 1 KiB, which can become `capacity`; its
 * bookkeeping is dirty.  The pages of its heap cannot be touched. */
void bare_open(struct bare *bare, uint32_t count, uint32_t capacity);

void bare_close(struct bare *bare);

/* A hash of all its bookkeeping. */
uint64_t bare_hash(const struct bare *bare);

/* ---- context ---------------------------------------------------------- */

struct bed {
    struct ground ground;
    struct vmma_context *ctx;
    struct pool *pool;
    struct space *space;
};

/* A context of `size` bytes in random memory. */
void bed_open(struct bed *bed, size_t size,
              const struct vmma_context_config *config);

/* The checker must be content, and nothing beside the block be written. */
void bed_close(struct bed *bed);

struct vmma_context_config bed_config(size_t alignment, size_t granule,
                                      size_t max_clients);

/* A client without limits. */
struct client *bed_client(struct bed *bed);

/* Allocate; must succeed.  Free; must succeed. */
void *take_bytes(struct client *c, size_t size);
void give_bytes(struct client *c, void *block);

uint32_t granule_of(const struct space *s, const void *address);
void *address_of(const struct space *s, uint32_t g);

/* The first granule of a record's piece. */
uint32_t head_of(const struct space *s, const struct record *r);

/* The record and entry of the piece that an address is in: in a slab, or in
 * the first granule of another piece. */
struct record *record_at(const struct space *s, const void *address);
unsigned entry_at(const struct space *s, const void *address);

/* ---- what is live ----------------------------------------------------- */

enum { SHAPE_MAX = 8192 };

struct shape {
    size_t count;
    struct vmma_block block[SHAPE_MAX];
};

/* All live blocks of all clients, sorted by address. */
void shape_take(struct shape *shape, const struct vmma_context *ctx);
int shape_equal(const struct shape *one, const struct shape *other);

/* ---- free pieces ------------------------------------------------------ */

/* Fails the test unless the buddy holds exactly the natural pieces that the
 * granules with is_free[g] make below `high`, merged as far as they go, linked
 * both ways. */
void expect_free(const struct buddy *b, const struct space *s,
                 const unsigned char *is_free, uint32_t high);

/* Fails the test unless the lists hold exactly the maximal runs that the
 * granules with is_free[g] make within [low, high); each with this stamp, its
 * length and both its ends marked, and linked both ways. */
void expect_runs(const struct runs *r, const struct space *s, uint64_t stamp,
                 const unsigned char *is_free, uint32_t low, uint32_t high);

/* The bookkeeping of the first granules, to be put back. */
enum { GRANULES_KEPT = 8 };

struct granules_kept {
    struct record record[GRANULES_KEPT];
    struct link link[GRANULES_KEPT];
    uint32_t map[GRANULES_KEPT];
};

void granules_keep(const struct space *s, struct granules_kept *to);
void granules_put_back(struct space *s, const struct granules_kept *from);

#endif /* TESTS_UNIT_SUPPORT_H */

/*
 * support.h - what the tests of the public interface share.
 *
 *   rng      a small generator of random numbers; the same seed gives the
 *            same numbers everywhere
 *   fill     patterns that are written to blocks and recognised again
 *   ground   a block of dirty memory with guards on both sides
 *   world    a context on its own ground, with two clients
 *   claims   assertions that name the status they found
 *
 * Strategy: nothing here looks behind libvmma.h, and every context lies in
 * memory that was filled with random bytes first.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libvmma.h>

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- seed and random numbers ------------------------------------------ */

struct rng {
    uint64_t state;
};

/* The seed of this run: VMMA_TEST_SEED, or else the time. */
uint64_t test_seed(void);

/* Seconds that random tests may take together: VMMA_TEST_SECONDS, or 5. */
double test_seconds(void);

/* A clock that only goes forward, in seconds. */
double test_clock(void);

void rng_init(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);

/* A number in 0 .. n - 1; 0 if n is 0. */
size_t rng_below(struct rng *rng, size_t n);

/* A number in low .. high, both included. */
size_t rng_between(struct rng *rng, size_t low, size_t high);

/* Nonzero in `percent` of 100 cases. */
int rng_chance(struct rng *rng, unsigned percent);

/* A size in 0 .. max; every power of two is as likely as any other. */
size_t rng_size(struct rng *rng, size_t max);

/* ---- patterns ---------------------------------------------------------- */

/* Random bytes; also where a sanitizer believes that nothing is live. */
void scribble(void *start, size_t size, uint64_t seed);

/* The pattern of `tag`, which holds_pattern() recognises. */
void fill_pattern(void *start, size_t size, uint64_t tag);
int holds_pattern(const void *start, size_t size, uint64_t tag);

/* Do all of these bytes have this value? */
int holds_byte(const void *start, size_t size, unsigned char value);

/* A hash of these bytes, for "nothing was written". */
uint64_t hash_bytes(const void *start, size_t size);

/* The same value, in a way that compilers cannot see through. */
size_t opaque(size_t value);
void *opaque_pointer(uintptr_t value);

/* ---- ground ------------------------------------------------------------ */

enum { GROUND_GUARD = 256 };

struct ground {
    unsigned char *raw; /* as the system gave it                         */
    size_t raw_size;
    unsigned char *memory; /* the block, with GROUND_GUARD bytes around it  */
    size_t size;
    uint64_t seed; /* of the guards                                 */
};

/* A block of `size` random bytes that begins `offset` bytes after a multiple
 * of 64 KiB. */
void ground_init(struct ground *ground, size_t size, size_t offset);

/* The same from mmap, reserved only, zero and not resident; guards are not
 * checked.  Returns 0 if the system refuses. */
int ground_reserve(struct ground *ground, size_t size);

/* Fails the test if a byte beside the block has changed. */
void ground_check(const struct ground *ground);

void ground_fini(struct ground *ground);

/* Pages of the block that the system keeps resident. */
size_t ground_resident(const struct ground *ground);

/* ---- world ------------------------------------------------------------- */

struct world {
    struct ground ground;
    struct vmma_context *context;
    struct vmma_client *a;
    struct vmma_client *b;
    size_t free_size; /* of the context, before there were clients     */
    size_t largest_free;
    unsigned char *heap; /* where the heap begins, as vmma_purge says     */
    size_t heap_size;
};

/* A context of `size` bytes with two clients, "a" and "b". */
void world_open(struct world *world, size_t size,
                const struct vmma_context_config *config);

/* The same in a block that begins `offset` bytes after a multiple of 64 KiB. */
void world_open_at(struct world *world, size_t size, size_t offset,
                   const struct vmma_context_config *config);

/* Delete what is left, and fail the test unless the context is sound, has
 * all of its memory back, and wrote to nothing beside its block. */
void world_close(struct world *world);

/* ---- claims ------------------------------------------------------------ */

#define assert_status(expression, expected)                                    \
    do {                                                                       \
        enum vmma_status found_ = (expression);                                \
        enum vmma_status wanted_ = (expected);                                 \
        ck_assert_msg(found_ == wanted_, "%s: %d (%s), expected %d (%s)",      \
                      #expression, (int)found_, vmma_strerror(found_),         \
                      (int)wanted_, vmma_strerror(wanted_));                   \
    } while (0)

#define assert_ok(expression) assert_status(expression, VMMA_OK)

#define assert_sound(context)                                                  \
    do {                                                                       \
        const char *broken_ = vmma_check(context);                             \
        ck_assert_msg(broken_ == NULL, "vmma_check: %s", broken_);             \
    } while (0)

/* ---- shortcuts over the public interface -------------------------------- */

/* vmma_alloc that must succeed. */
void *must_alloc(struct vmma_client *client, size_t size);

struct vmma_client *must_create(struct vmma_context *context, const char *name);

/* The statistics, populated; they must be had. */
struct vmma_stats stats_of(const struct vmma_context *context);
struct vmma_client_stats client_stats_of(const struct vmma_client *client);

/* Fill the client with blocks of `size` bytes until none is to be had.  At
 * most `max` are put into `blocks` (NULL: they leak).  Returns how many. */
size_t fill_client(struct vmma_client *client, size_t size, void **blocks,
                   size_t max);

/* Fill the client with ever smaller blocks until it cannot get one byte. */
void exhaust_client(struct vmma_client *client);

/* Sort pointers by address. */
void sort_pointers(void **pointers, size_t count);

/* Run a suite of tests, and answer what main has to return. */
int run_suite(Suite *suite);

/* ---- what several suites do ------------------------------------------- */

/* What a failed call may not change: the statistics but for their failure
 * counters.  What was kept for reuse may go. */
struct vmma_stats lasting_stats(const struct vmma_context *context);
void same_stats(const struct vmma_stats *one, const struct vmma_stats *other);

/* Free the first `count` blocks; bring them into a random order. */
void free_all(struct vmma_client *client, void **blocks, size_t count);
void shuffle(void **blocks, size_t count, uint64_t seed);

#endif /* TESTS_SUPPORT_H */

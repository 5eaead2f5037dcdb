/*
 * request_steps.h - a context whose callbacks write down what they see.
 */
#ifndef TESTS_UNIT_REQUEST_STEPS_H
#define TESTS_UNIT_REQUEST_STEPS_H

#include "tests/unit/support.h"
#include "src/request.h"

static struct bed bed;
static struct client *c, *other;

/* ---- what the callbacks see ------------------------------------------- */

struct moment {
    char what; /* S: soft limit, O: out of memory, E: event                   */
    size_t wanted;
    enum vmma_status status;
    uint32_t own_cached, other_cached, busy, may_free;
};

static struct moment moments[100];
static unsigned moment_count;
static void *to_free[8]; /* by the next callback that may                     */
static int answer;       /* of the out-of-memory callback                     */

static inline void note(char what, size_t wanted, enum vmma_status status)
{
    struct moment *m = &moments[moment_count++ % LENGTH(moments)];

    *m = (struct moment){what,
                         wanted,
                         status,
                         c->heap.cached,
                         other->heap.cached,
                         bed.ctx->busy,
                         bed.ctx->may_free};
    for (size_t i = 0; i < LENGTH(to_free) && what != 'E'; i++) {
        if (to_free[i] != NULL)
            assert_ok(vmma_free_from(client_handle(c), to_free[i]));
        to_free[i] = NULL;
    }
    expect_sound(bed.ctx);
}

static inline void on_event(void *user, const struct vmma_event *event)
{
    expect(user == &bed);
    note(event->kind == VMMA_EVENT_FAILURE ? 'E' : 'M', event->wanted,
         event->status);
}

static inline void on_soft_limit(void *user, struct vmma_client *client,
                                 size_t wanted)
{
    expect(user == &bed && client == client_handle(c));
    note('S', wanted, VMMA_OK);
}

static inline int on_out_of_memory(void *user, struct vmma_client *client,
                                   size_t wanted, enum vmma_status cause)
{
    expect(user == &bed && client == client_handle(c));
    note('O', wanted, cause);
    return answer;
}

static inline void expect_moments(const char *expected)
{
    char found[LENGTH(moments) + 1];

    for (unsigned i = 0; i < moment_count; i++)
        found[i] = moments[i].what;
    found[moment_count] = '\0';
    ck_assert_str_eq(found, expected);
    moment_count = 0;
}

static inline void open_bed(void)
{
    struct vmma_context_config config = bed_config(16, 1024, 8);

    config.event = on_event;
    config.soft_limit = on_soft_limit;
    config.out_of_memory = on_out_of_memory;
    config.user = &bed;
    bed_open(&bed, 1 << 18, &config);
    c = bed_client(&bed);
    other = bed_client(&bed);
    moment_count = 0;
    answer = 0;
    memset(to_free, 0, sizeof to_free);
}

static inline void close_bed(void)
{
    bed_close(&bed);
}

/* Leave so many granules to others, in one natural run. */
static inline void leave(uint32_t granules)
{
    struct client *keeper = bed_client(&bed), *hog = bed_client(&bed);
    uint32_t rest;

    expect(vmma__heap_reserve(&keeper->heap, bed.pool, granules));
    rest = vmma__pool_free(bed.pool);
    while (!vmma__heap_reserve(&hog->heap, bed.pool, rest))
        rest--;
    vmma__context_delete_client(bed.ctx, keeper);
}

#endif

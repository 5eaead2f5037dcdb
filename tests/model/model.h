/*
 * model.h - a reference model that is too simple to be wrong.
 *
 *   model_open    a context of some shape, and a model of it
 *   model_step    one random operation, judged
 *   model_close   delete everything, judge what is left
 *
 * The model knows which blocks are live, whose they are and what was written
 * to them, in flat arrays; that decides every answer.  It never asks the
 * library what to expect.  Where the header leaves the library a choice
 * (where a block lies, how large an arena is), it judges by bounds.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "tests/support/support.h"

enum {
    MODEL_BLOCKS = 3000,   /* live at once                                  */
    MODEL_CLIENTS = 48,    /* live at once                                  */
    MODEL_REMEMBERED = 64, /* freed addresses, dead handles                 */
    MODEL_FILLED = 32768   /* of a larger block, only both ends are filled  */
};

/* What kind of context. */
struct model_shape {
    const char *name;
    size_t size, offset;
    size_t alignment, block_size;
    size_t max_clients;
    uint32_t flags;
    size_t largest;       /* requests are seldom larger                    */
    size_t quota;         /* of most clients; 0 stands for none            */
    unsigned check_every; /* steps from one vmma_check to the next         */
};

struct model_block {
    unsigned char *start;
    size_t size;   /* usable                                        */
    size_t client; /* index                                         */
    uint64_t tag;  /* of its pattern                                */
};

struct model_client {
    struct vmma_client *handle;
    uint64_t id;
    size_t quota, soft_limit, reservation; /* reservation is rounded */
    size_t total; /* after the last step                           */
    size_t failed;
    enum vmma_status last_error;
};

struct model {
    const struct model_shape *shape;
    uint64_t seed;
    unsigned step;
    const char *what; /* is being done                                 */
    size_t asked;     /* bytes, where that has a meaning */
    struct rng rng;
    unsigned greed; /* in 100: how much more is had than freed       */

    struct ground ground;
    struct vmma_context *context;
    struct vmma_stats fresh;
    unsigned char *heap;
    size_t heap_size;
    uint32_t flags;

    struct model_block blocks[MODEL_BLOCKS];
    size_t block_count;
    struct model_client clients[MODEL_CLIENTS];
    size_t client_count;
    struct vmma_client *dead[MODEL_REMEMBERED];
    size_t dead_count;
    void *freed[MODEL_REMEMBERED];
    size_t freed_count;

    uint64_t tags;
    uint64_t last_id; /* ids ascend or not; none may come twice        */
    size_t misuses, failures;
    size_t misuse_events, failure_events;
    void *pinned; /* is being resized: callbacks leave it alone    */
};

/* Fails the test with shape, seed and step unless `condition`. */
#define CLAIM(m, condition)                                                    \
    ck_assert_msg(condition,                                                   \
                  "%s: VMMA_TEST_SEED=%llu, step %u (%s %zu), line %d: %s",    \
                  (m)->shape->name, (unsigned long long)(m)->seed, (m)->step,  \
                  (m)->what, (m)->asked, __LINE__, #condition)

#define CLAIM_STATUS(m, expression, expected)                                  \
    do {                                                                       \
        enum vmma_status found_ = (expression);                                \
        enum vmma_status wanted_ = (expected);                                 \
        ck_assert_msg(found_ == wanted_,                                       \
                      "%s: VMMA_TEST_SEED=%llu, step %u (%s), line %d: "       \
                      "%s: %s, expected: %s",                                  \
                      (m)->shape->name, (unsigned long long)(m)->seed,         \
                      (m)->step, (m)->what, __LINE__, #expression,             \
                      vmma_strerror(found_), vmma_strerror(wanted_));          \
    } while (0)

void model_open(struct model *m, const struct model_shape *shape,
                uint64_t seed);
void model_step(struct model *m);
void model_close(struct model *m);

/* ---- model.c, for the operations
 * ------------------------------------------------ */

/* What an address is: VMMA_OK for the start of a live block, else as
 * vmma_free answers.  *index is the block that it is in, or MODEL_BLOCKS. */
enum vmma_status model_judge(const struct model *m, const void *address,
                             size_t *index);

/* The same as vmma_free_from answers it to this client. */
enum vmma_status model_judge_for(const struct model *m, size_t client,
                                 const void *address);

/* A block was handed out: judge it, fill it, remember it. */
void model_take(struct model *m, size_t client, void *start, size_t asked,
                size_t alignment);

/* Where and how large a block may be. */
void model_judge_place(const struct model *m, size_t client,
                       const unsigned char *start, size_t asked, size_t except);

void model_fill(struct model *m, size_t index);

/* Are the first `limit` bytes of block `index`, now at `start`, as they were
 * filled? */
void model_verify(const struct model *m, size_t index,
                  const unsigned char *start, size_t limit);

/* The block is gone. */
void model_drop(struct model *m, size_t index);

/* A request failed: is that true, and is it counted? */
void model_judge_failure(struct model *m, size_t client, size_t asked,
                         size_t alignment,
                         const struct vmma_client_stats *before);

void model_add_client(struct model *m, struct vmma_client *handle,
                      const struct vmma_client_config *config);
void model_remove_client(struct model *m, size_t client);

/* Cheap comparisons of everything, and expensive ones. */
void model_compare(struct model *m);
void model_compare_deeply(struct model *m);

struct vmma_client_stats model_client_stats(const struct model *m,
                                            size_t client);
struct vmma_stats model_stats(const struct model *m);
size_t model_granules(const struct model *m, size_t bytes);

/* ---- ops.c, ops_client.c ----------------------------------------------- */

void model_operate(struct model *m);
size_t model_any_client(struct model *m);
void model_delete_client(struct model *m, size_t client);
void model_do_create_client(struct model *m);
void model_do_delete_client(struct model *m);
void model_do_reset_client(struct model *m);
void model_do_limits(struct model *m);
void model_do_reservation(struct model *m);
void model_do_purge(struct model *m);
void model_do_flags(struct model *m);
void model_do_episode(struct model *m);

/* The callbacks of the context. */
void model_on_event(void *user, const struct vmma_event *event);
int model_on_out_of_memory(void *user, struct vmma_client *client,
                           size_t wanted, enum vmma_status cause);

#endif /* TESTS_MODEL_H */

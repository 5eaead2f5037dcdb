/*
 * w7_threads.h - W7: two threads.
 *
 * Case "own heaps": each churns 10000 blocks in a heap of its own (in a space
 * of its own: two contexts, two arenas of mimalloc, two slices).  one_ns and
 * two_ns: per step with one and with two threads, of the slower; speedup:
 * 2 * one / two, which is 2 if they do not disturb each other.
 *
 * Case "producer/consumer": one thread allocates, the other frees.  ns: per
 * block, wall time (both threads work at once).  For peers that may free from
 * another thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W7_THREADS_H
#define BENCH_W7_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "support/clock.h"
#include "w2_churn.h"

enum { THREADS_LIVE = 10000, THREADS_RING = 1024 };

struct worker {
    pthread_t thread;
    struct space space;
    struct churn churn;
    struct sizes sizes;
    atomic_uint *waiting; /* workers that have not warmed up yet */
    unsigned number;
    double ns;
};

static void threads_start(pthread_t *thread, void *(*function)(void *),
                          void *argument)
{
    if (pthread_create(thread, NULL, function, argument) != 0)
        report_stop("no thread can be made");
}

/* The heap is made by the thread that uses it; some peers want that. */
static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    uint64_t steps = options_steps(1000000);

    verify_last_key = (uint64_t)(worker->number + 1) << 56;
    peer_thread_start();
    churn_fill(&worker->churn, &worker->space, space_heap(&worker->space));
    if (options.verify)
        churn_run_verified(&worker->churn, 50000);
    else
        churn_run(&worker->churn, churn_warm_up(THREADS_LIVE));
    atomic_fetch_sub(worker->waiting, 1);
    while (atomic_load(worker->waiting) > 0)
        sched_yield();
    if (!options.verify)
        worker->ns = churn_time(&worker->churn, steps);
    churn_empty(&worker->churn);
    if (PEER_DESTROYS)
        peer_destroy(&worker->space.peer, worker->churn.heap);
    peer_thread_stop();
    return NULL;
}

/* Nanoseconds per step of the slowest of `count` workers. */
static double threads_run(struct worker *workers, unsigned count)
{
    atomic_uint waiting = count;
    double slowest = 0;

    for (unsigned i = 0; i < count; i++) {
        workers[i].waiting = &waiting;
        workers[i].number = i;
        workers[i].churn.random = random_state(options.seed, 10 + i);
        threads_start(&workers[i].thread, worker_main, &workers[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        slowest = fmax(slowest, workers[i].ns);
    }
    return slowest;
}

static void threads_own(void)
{
    static struct worker workers[2];
    double one = HUGE_VAL, two = HUGE_VAL;

    for (int i = 0; i < 2; i++) {
        sizes_draw(&workers[i].sizes, "log", options.seed);
        churn_init(&workers[i].churn, THREADS_LIVE, &workers[i].sizes, 10);
        space_open(&workers[i].space,
                   space_size(&workers[i].sizes, THREADS_LIVE), 1, true);
    }
    if (options.verify) {
        threads_run(workers, 2);
        report_value("own heaps", "verified", 1);
        return;
    }
    for (unsigned round = 0; round < options.rounds; round++) {
        one = fmin(one, threads_run(workers, 1));
        two = fmin(two, threads_run(workers, 2));
    }
    report_value("own heaps", "one_ns", one);
    report_value("own heaps", "two_ns", two);
    report_value("own heaps", "speedup", 2 * one / two);
}

/* A ring of blocks between two threads; each end on a line of its own. */
struct pipe {
    peer_heap heap;
    uint64_t count; /* blocks to hand over */
    void *slots[THREADS_RING];
    uint64_t keys[THREADS_RING];
    uint16_t sizes[THREADS_RING];
    _Alignas(64) atomic_size_t written;
    _Alignas(64) atomic_size_t read;
};

static void *pipe_consume(void *argument)
{
    struct pipe *pipe = argument;
    size_t at = 0;

    peer_thread_start();
    while (at < pipe->count) {
        size_t written = atomic_load_explicit(&pipe->written,
                                              memory_order_acquire);

        if (at == written)
            sched_yield();
        for (; at < written; at++) {
            size_t slot = at % THREADS_RING;

            if (options.verify)
                verify_compare(pipe->slots[slot], pipe->sizes[slot],
                               pipe->keys[slot]);
            peer_free_crossing(pipe->heap, pipe->slots[slot],
                               pipe->sizes[slot]);
        }
        atomic_store_explicit(&pipe->read, at, memory_order_release);
    }
    peer_thread_stop();
    return NULL;
}

static void pipe_produce(struct pipe *pipe, const struct space *space,
                         const struct sizes *sizes)
{
    uint64_t random = random_state(options.seed, 13);

    for (size_t at = 0; at < pipe->count; at++) {
        size_t slot = at % THREADS_RING;
        size_t size = sizes->table[random_next(&random) & (SIZES_COUNT - 1)];

        while (at - atomic_load_explicit(&pipe->read, memory_order_acquire) ==
               THREADS_RING)
            sched_yield();
        pipe->sizes[slot] = (uint16_t)size;
        if (options.verify) {
            pipe->keys[slot] = verify_key();
            pipe->slots[slot] = space_alloc_verified(space, pipe->heap, size,
                                                     pipe->keys[slot]);
        } else {
            pipe->slots[slot] = space_alloc(pipe->heap, size, random);
        }
        if (at % 16 == 15 || at + 1 == pipe->count)
            atomic_store_explicit(&pipe->written, at + 1, memory_order_release);
    }
}

static double pipe_run(struct pipe *pipe, const struct space *space,
                       const struct sizes *sizes)
{
    pthread_t consumer;
    int64_t start;

    atomic_store(&pipe->written, 0);
    atomic_store(&pipe->read, 0);
    pipe->count = options_steps(1000000);
    start = clock_now(CLOCK_MONOTONIC);
    threads_start(&consumer, pipe_consume, pipe);
    pipe_produce(pipe, space, sizes);
    pthread_join(consumer, NULL);
    return (double)(clock_now(CLOCK_MONOTONIC) - start) / (double)pipe->count;
}

static void threads_pipe(void)
{
    static struct pipe pipe;
    static struct sizes sizes;
    struct space space;
    double best = HUGE_VAL;

    if (!PEER_CROSSES) {
        report_skipped("producer/consumer", "one thread per heap");
        return;
    }
    sizes_draw(&sizes, "log", options.seed);
    space_open(&space, (double)((size_t)128 << 20), 1, true);
    pipe.heap = space_heap(&space);
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, pipe_run(&pipe, &space, &sizes));
    if (options.verify)
        report_value("producer/consumer", "verified", 1);
    else
        report_value("producer/consumer", "ns", best);
}

static void threads(void)
{
    report_workload = "w7";
    if (!PEER_FREES) {
        report_skipped("", "frees no single blocks");
        return;
    }
    threads_own();
    threads_pipe();
}

#endif

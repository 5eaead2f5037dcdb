/*
 * w5_questions.h - W5: is this pointer this heap's?  How large is it?
 *
 * Case: live blocks.  owns_ns: asked about blocks of the heap, in random
 * order.  any_ns: half of the questions are about those, a quarter about
 * blocks of another heap, and a quarter about any bit pattern: random words,
 * the inside of blocks, NULL.  Only peers that survive that are asked.
 * usable_ns: the usable size of blocks of the heap, in random order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W5_QUESTIONS_H
#define BENCH_W5_QUESTIONS_H

#include "support/clock.h"
#include "w2_churn.h"

struct questions {
    peer_heap heap;
    uintptr_t *own;  /* pointers to ask about, `count` each */
    uintptr_t *any;
    size_t count;    /* a power of two */
};

enum question { QUESTION_OWNS, QUESTION_USABLE };

/* Nanoseconds per question; what was answered goes to *sum. */
__attribute__((always_inline)) static inline double
questions_ask(const struct questions *q, const uintptr_t *about, size_t times,
              enum question question, size_t *sum)
{
    const peer_heap heap = q->heap;
    struct stopwatch watch;
    size_t answers = 0;

    clock_start(&watch);
    for (size_t i = 0; i < times; i++) {
        const void *address = (const void *)about[i & (q->count - 1)];

        answers += question == QUESTION_OWNS
                       ? (size_t)peer_owns(heap, address)
                       : peer_usable(heap, address);
    }
    *sum = answers;
    return clock_stop(&watch) / (double)times;
}

__attribute__((noinline)) static double
questions_owns(const struct questions *q, const uintptr_t *about, size_t times,
               size_t *sum)
{
    return questions_ask(q, about, times, QUESTION_OWNS, sum);
}

__attribute__((noinline)) static double
questions_usable(const struct questions *q, const uintptr_t *about,
                 size_t times, size_t *sum)
{
    return questions_ask(q, about, times, QUESTION_USABLE, sum);
}

typedef double questions_function(const struct questions *, const uintptr_t *,
                                  size_t, size_t *);

/* As many questions as take some 10 ms; some peers need microseconds each. */
static void questions_report(const struct questions *q, const uintptr_t *about,
                             questions_function *ask, const char *metric)
{
    size_t sum, times;
    double best = HUGE_VAL, trial = ask(q, about, 64, &sum);
    char name[32];

    times = (size_t)options_steps((uint64_t)(10e6 / (trial / 2 + 0.5))) + 64;
    for (unsigned round = 0; round < options.rounds; round++)
        best = fmin(best, ask(q, about, times, &sum));
    snprintf(name, sizeof name, "%zu", options.live);
    report_value(name, metric, best);
}

static uintptr_t questions_pattern(uint64_t random, const struct churn *other,
                                   const struct churn *own)
{
    switch (random & 7) {
    case 0:
        return (uintptr_t)random_next(&random);
    case 1:
        return (random & 8)
                   ? 0
                   : (uintptr_t)own->starts[random_below(random, own->live)] +
                         1 + (random >> 4 & 7);
    case 2:
    case 3:
        return (uintptr_t)other->starts[random_below(random, other->live)];
    default:
        return (uintptr_t)own->starts[random_below(random, own->live)];
    }
}

static void questions_collect(struct questions *q, const struct churn *own,
                              const struct churn *other)
{
    uint64_t random = random_state(options.seed, 6);

    q->heap = own->heap;
    q->count = own->live <= 4096 ? 4096 : 65536;
    q->own = memory_array(q->count, sizeof *q->own);
    q->any = memory_array(q->count, sizeof *q->any);
    for (size_t i = 0; i < q->count; i++) {
        q->own[i] = (uintptr_t)
            own->starts[random_below(random_next(&random), own->live)];
        q->any[i] = other->live ? questions_pattern(random, other, own) : 0;
    }
}

/* Some peers need long for an answer, so 4096 blocks at most are asked for. */
static void questions_verify(const struct questions *q, struct churn *own,
                             struct churn *other)
{
    size_t step = own->live / 4096 + 1;

    for (size_t i = 0; PEER_OWNS != PEER_OWNS_NOTHING && i < own->live; i += step) {
        verify_that(peer_owns(own->heap, own->starts[i]), "own is own");
        if (PEER_OWNS == PEER_OWNS_ANY)
            verify_that(!peer_owns(own->heap, (char *)own->starts[i] + 1),
                        "a block's second byte is no block");
    }
    for (size_t i = 0; PEER_OWNS != PEER_OWNS_NOTHING && i < other->live; i++)
        verify_that(!peer_owns(own->heap, other->starts[i]),
                    "another heap's is not own");
    for (size_t i = 0; PEER_OWNS == PEER_OWNS_ANY && i < q->count; i++)
        (void)peer_owns(own->heap, (const void *)q->any[i]);
    report_value("", "verified", 1);
}

static void questions(void)
{
    struct sizes sizes;
    struct churn own, other = { 0 };
    struct questions questions;
    struct space space;

    report_workload = "w5";
    if (!PEER_OWNS && !PEER_USABLE) {
        report_skipped("", "answers no such question");
        return;
    }
    sizes_draw(&sizes, options.sizes, options.seed);
    churn_init(&own, options.live, &sizes, 7);
    space_open(&space, 2 * space_size(&sizes, options.live + 1000), 2, true);
    churn_fill(&own, &space, space_heap(&space));
    if (PEER_MANY > 1) {
        churn_init(&other, 1000, &sizes, 8);
        churn_fill(&other, &space, space_heap(&space));
    }
    questions_collect(&questions, &own, &other);
    if (options.verify) {
        questions_verify(&questions, &own, &other);
        return;
    }
    if (PEER_OWNS)
        questions_report(&questions, questions.own, questions_owns, "owns_ns");
    if (PEER_OWNS == PEER_OWNS_ANY)
        questions_report(&questions, questions.any, questions_owns, "any_ns");
    if (PEER_USABLE)
        questions_report(&questions, questions.own, questions_usable,
                         "usable_ns");
}

#endif

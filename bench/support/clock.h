/*
 * clock.h - how long something took: the smaller of wall time and the
 * thread's own CPU time.
 *
 * Wall time alone counts what other processes took away; CPU time alone hides
 * what the thread slept.  The smaller of both is never too large because of
 * a neighbour.  What the two clocks cost themselves is measured once and
 * taken off, because some things here take less than a microsecond.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

struct stopwatch {
    int64_t cpu;  /* nanoseconds of the thread at the start */
    int64_t wall; /* nanoseconds of the wall clock at the start */
};

/* Nanoseconds that starting and stopping seems to take; set once. */
static struct stopwatch clock_cost;

static inline int64_t clock_now(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The wall clock is read last here and first below, so that its span holds
 * nothing but what is measured. */
static inline void clock_start(struct stopwatch *watch)
{
    watch->cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);
    watch->wall = clock_now(CLOCK_MONOTONIC);
}

static inline double clock_stop(const struct stopwatch *watch)
{
    int64_t wall = clock_now(CLOCK_MONOTONIC) - watch->wall - clock_cost.wall;
    int64_t cpu = clock_now(CLOCK_THREAD_CPUTIME_ID) - watch->cpu -
                  clock_cost.cpu;
    int64_t least = wall < cpu ? wall : cpu;

    return least > 0 ? (double)least : 0;
}

static void clock_calibrate(void)
{
    struct stopwatch least = { INT64_MAX, INT64_MAX };

    for (int i = 0; i < 1000; i++) {
        struct stopwatch watch;
        int64_t wall, cpu;

        clock_start(&watch);
        wall = clock_now(CLOCK_MONOTONIC) - watch.wall;
        cpu = clock_now(CLOCK_THREAD_CPUTIME_ID) - watch.cpu;
        if (wall < least.wall)
            least.wall = wall;
        if (cpu < least.cpu)
            least.cpu = cpu;
    }
    clock_cost = least;
}

#endif

/*
 * ranges.h - for peers that ask their host for large pieces of memory: hands
 * out ranges of the block and takes them back.
 *
 * Free ranges are kept in order of address and merged.  There are few, and
 * it is asked seldom: a linear search will do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_RANGES_H
#define BENCH_RANGES_H

#include <pthread.h>

enum { RANGES_MAX = 65536 };

struct range {
    uintptr_t start, end;
};

struct ranges {
    pthread_mutex_t lock;
    struct range *free; /* count of them, ascending, none adjacent */
    size_t count;
};

static void ranges_init(struct ranges *ranges, void *start, size_t size)
{
    pthread_mutex_init(&ranges->lock, NULL);
    ranges->free = memory_array(RANGES_MAX, sizeof *ranges->free);
    ranges->free[0].start = (uintptr_t)start;
    ranges->free[0].end = (uintptr_t)start + size;
    ranges->count = 1;
}

/* Make room for an entry at `index`. */
static void ranges_insert(struct ranges *ranges, size_t index,
                          struct range range)
{
    if (ranges->count == RANGES_MAX)
        report_stop("the host's list of free ranges is full");
    memmove(&ranges->free[index + 1], &ranges->free[index],
            (ranges->count - index) * sizeof *ranges->free);
    ranges->free[index] = range;
    ranges->count++;
}

static void ranges_remove(struct ranges *ranges, size_t index)
{
    ranges->count--;
    memmove(&ranges->free[index], &ranges->free[index + 1],
            (ranges->count - index) * sizeof *ranges->free);
}

/* [----- range -----] -> [before] taken [after], either of which may be empty */
static void ranges_cut(struct ranges *ranges, size_t index, uintptr_t start,
                       uintptr_t end)
{
    struct range after = { end, ranges->free[index].end };

    ranges->free[index].end = start;
    if (after.start < after.end)
        ranges_insert(ranges, index + 1, after);
    if (ranges->free[index].start == ranges->free[index].end)
        ranges_remove(ranges, index);
}

/* A range, or NULL; alignment is a power of two. */
static void *ranges_take(struct ranges *ranges, size_t size, size_t alignment)
{
    void *taken = NULL;

    pthread_mutex_lock(&ranges->lock);
    for (size_t i = 0; i < ranges->count && !taken; i++) {
        uintptr_t start = (ranges->free[i].start + alignment - 1) &
                          ~(uintptr_t)(alignment - 1);

        if (start >= ranges->free[i].end || ranges->free[i].end - start < size)
            continue;
        ranges_cut(ranges, i, start, start + size);
        taken = (void *)start;
    }
    pthread_mutex_unlock(&ranges->lock);
    return taken;
}

static void ranges_give(struct ranges *ranges, void *address, size_t size)
{
    struct range given = { (uintptr_t)address, (uintptr_t)address + size };
    size_t i = 0;

    pthread_mutex_lock(&ranges->lock);
    while (i < ranges->count && ranges->free[i].start < given.start)
        i++;
    if (i < ranges->count && ranges->free[i].start == given.end) {
        given.end = ranges->free[i].end;
        ranges_remove(ranges, i);
    }
    if (i > 0 && ranges->free[i - 1].end == given.start)
        ranges->free[i - 1].end = given.end;
    else
        ranges_insert(ranges, i, given);
    pthread_mutex_unlock(&ranges->lock);
}

#endif

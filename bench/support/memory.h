/*
 * memory.h - the block that every peer gets, the suite's own arrays, and how
 * much memory is resident.
 *
 * Nothing here uses malloc, which is a peer's in half of the programs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Some 32-bit environments have the one header without the other. */
#if defined(__linux__) && defined(__has_include)
#if __has_include(<asm/types.h>)
#include <sys/prctl.h>
#endif
#endif

#include "report.h"

enum { MEMORY_PAGE = 4096 };
#define MEMORY_ALIGNMENT ((size_t)64 << 20) /* what mimalloc's arenas want */

struct block {
    unsigned char *start;
    size_t size;
};

/* No huge pages unless asked for: who gets them would be luck. */
static void memory_set_huge_pages(bool on)
{
#ifdef PR_SET_THP_DISABLE
    prctl(PR_SET_THP_DISABLE, on ? 0 : 1, 0, 0, 0);
#else
    (void)on;
#endif
}

static void *memory_map(size_t size)
{
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (start == MAP_FAILED)
        report_stop("the system has no %zu MiB of address space", size >> 20);
    return start;
}

static void memory_touch(void *start, size_t size)
{
    volatile unsigned char *bytes = start;

    for (size_t i = 0; i < size; i += MEMORY_PAGE)
        bytes[i] = 0;
}

/* An array of the suite's own, zeroed and resident; never given back. */
static void *memory_array(size_t count, size_t size)
{
    void *array;

    if (count > SIZE_MAX / 2 / size)
        report_stop("%zu is too many", count);
    array = memory_map(count * size + MEMORY_PAGE);
    memory_touch(array, count * size);
    return array;
}

/* The blocks of the workload that runs. */
enum { MEMORY_BLOCKS = 8 };
static struct block memory_blocks[MEMORY_BLOCKS];
static size_t memory_block_count;

static size_t memory_aligned(size_t size)
{
    return (size + MEMORY_ALIGNMENT - 1) & ~(MEMORY_ALIGNMENT - 1);
}

/* A fresh block of at least `size` bytes, aligned; resident if `prefault`. */
static struct block memory_block(uint64_t size, bool prefault)
{
    struct block block;
    unsigned char *start;
    size_t before;

    if (size > SIZE_MAX / 2 - 2 * MEMORY_ALIGNMENT ||
        memory_block_count == MEMORY_BLOCKS)
        report_stop("no block is that large here");
    block.size = memory_aligned((size_t)size);
    start = memory_map(block.size + MEMORY_ALIGNMENT);
    block.start = (unsigned char *)memory_aligned((uintptr_t)start);
    before = (size_t)(block.start - start);
    if (before > 0)
        munmap(start, before);
    if (before < MEMORY_ALIGNMENT)
        munmap(block.start + block.size, MEMORY_ALIGNMENT - before);
    if (prefault)
        memory_touch(block.start, block.size);
    return memory_blocks[memory_block_count++] = block;
}

/* The workload has ended; without `unmap` a peer still knows its blocks. */
static void memory_forget(bool unmap)
{
    for (size_t i = 0; i < memory_block_count && unmap; i++)
        munmap(memory_blocks[i].start, memory_blocks[i].size);
    memory_block_count = 0;
}

static inline bool memory_holds(const struct block *block, const void *address,
                                size_t size)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)block->start;

    return offset <= block->size && size <= block->size - offset;
}

/* A file whole, in an array of the suite's own. */
static inline char *memory_file(const char *path, size_t *size)
{
    int file = open(path, O_RDONLY);
    off_t end = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    char *text;

    if (end < 0 || lseek(file, 0, SEEK_SET) != 0)
        report_stop("cannot read %s", path);
    text = memory_array((size_t)end + 1, 1);
    if (read(file, text, (size_t)end) != (ssize_t)end)
        report_stop("cannot read %s", path);
    close(file);
    *size = (size_t)end;
    return text;
}

/* Bytes of this process that are resident: all of a peer's memory counts,
 * its bookkeeping too, wherever it keeps it. */
static double memory_resident(void)
{
    char text[2048];
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    const char *found;

    if (file >= 0)
        close(file);
    if (length <= 0)
        report_stop("no /proc/self/smaps_rollup here: footprint unknown");
    text[length] = '\0';
    found = strstr(text, "Rss:");
    return found ? strtod(found + 4, NULL) * 1024 : 0;
}

/* Bytes of the block that are resident, by another way (mincore). */
static double memory_resident_in(const struct block *block)
{
    enum { AT_ONCE = 65536 };
    static unsigned char pages[AT_ONCE];
    double resident = 0;

    for (size_t at = 0; at < block->size; at += (size_t)AT_ONCE * MEMORY_PAGE) {
        size_t size = block->size - at;

        if (size > (size_t)AT_ONCE * MEMORY_PAGE)
            size = (size_t)AT_ONCE * MEMORY_PAGE;
        if (mincore(block->start + at, size, pages) != 0)
            return 0;
        for (size_t i = 0; i < size / MEMORY_PAGE; i++)
            resident += (pages[i] & 1) * MEMORY_PAGE;
    }
    return resident;
}

#endif

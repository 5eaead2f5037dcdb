/*
 * libc.h - for peers that stand on the C library's malloc: make its heap
 * resident beforehand, as everybody's block is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_LIBC_H
#define BENCH_LIBC_H

#include <malloc.h>

/* A piece of the heap's end of `size` bytes, touched and given back to the
 * heap, which is told not to give it back to the system. */
static void libc_prefault(size_t size)
{
#ifdef __GLIBC__
    void *piece;

    mallopt(M_TRIM_THRESHOLD, 2147483647);
    mallopt(M_MMAP_MAX, 0);
    piece = malloc(size);
    if (piece)
        memory_touch(piece, size);
    free(piece);
    mallopt(M_MMAP_MAX, 65536);
#else
    (void)size;
#endif
}

#endif

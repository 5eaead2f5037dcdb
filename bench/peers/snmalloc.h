/*
 * snmalloc.h - snmalloc from a checkout, its static library with the prefix
 * sn_: one heap, the process's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

void *sn_malloc(size_t size);
void sn_free(void *block);
void *sn_realloc(void *block, size_t size);
size_t sn_malloc_usable_size(const void *block);

#define PEER_NAME "snmalloc"
#define process_malloc sn_malloc
#define process_free sn_free
#define process_realloc sn_realloc
#define process_usable sn_malloc_usable_size

#include "process.h"

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

/* Many pieces of 1 MiB rather than one: a large one would go back. */
static void process_prefault(size_t size)
{
    enum { PIECE = 1 << 20, PIECES_MAX = 65536 };
    static void *pieces[PIECES_MAX];
    size_t count = size / PIECE < PIECES_MAX ? size / PIECE : PIECES_MAX;

    for (size_t i = 0; i < count; i++) {
        pieces[i] = sn_malloc(PIECE);
        if (pieces[i])
            memory_touch(pieces[i], PIECE);
    }
    for (size_t i = 0; i < count; i++)
        sn_free(pieces[i]);
}

#endif

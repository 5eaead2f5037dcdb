/*
 * glibc.h - the C library's malloc: one heap, the process's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <gnu/libc-version.h>

#include "libc.h"

#define PEER_NAME "glibc"
#define process_malloc malloc
#define process_free free
#define process_realloc realloc
#define process_usable malloc_usable_size

#include "process.h"

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%s", gnu_get_libc_version());
}

static void process_prefault(size_t size)
{
    libc_prefault(size);
}

#endif

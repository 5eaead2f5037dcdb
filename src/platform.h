/*
 * platform.h - what differs between compilers; the only place that asks.
 *
 * Offers: LIKELY, UNLIKELY, NOINLINE, OUTLINE, HIDDEN, prefetch, the byte order,
 * and the bit scans that every compiler has under another name.
 */
#ifndef VMMA_PLATFORM_H
#define VMMA_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#if !defined(__GNUC__)
#error "libvmma needs gcc, clang or a compiler that is compatible with them"
#endif

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Slow paths are functions of their own, so that the fast path's frame stays
 * empty and the call is a jump. */
#define NOINLINE __attribute__((noinline, cold))

/* Likewise, but not rare: compiled for speed. */
#define OUTLINE __attribute__((noinline))

/* Not exported; said where data is declared, so that it is addressed without
 * a detour through the table of what may be elsewhere. */
#define HIDDEN __attribute__((visibility("hidden")))

#define PLATFORM_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Index of the lowest set bit; undefined for 0. */
static inline unsigned platform_lowest(uint64_t x)
{
    return (unsigned)__builtin_ctzll(x);
}

/* Index of the highest set bit; undefined for 0. */
static inline unsigned platform_highest(uint64_t x)
{
    return 63u - (unsigned)__builtin_clzll(x);
}

/* The line at p is about to be written. */
static inline void platform_prefetch(const void *p)
{
    __builtin_prefetch(p, 1);
}

#endif

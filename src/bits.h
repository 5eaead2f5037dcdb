/*
 * bits.h - powers of two, logarithms, alignment, checked arithmetic; pure.
 */
#ifndef VMMA_BITS_H
#define VMMA_BITS_H

#include "platform.h"

static inline bool bits_is_power(uint64_t x)
{
    return x != 0 && (x & (x - 1)) == 0;
}

/* Undefined for 0. */
static inline unsigned bits_log2_floor(uint64_t x)
{
    return platform_highest(x);
}

/* 0 for 0 and 1. */
static inline unsigned bits_log2_ceil(uint64_t x)
{
    return x <= 1 ? 0 : platform_highest(x - 1) + 1;
}

/* `step` is a power of two; the caller knows that it does not overflow. */
static inline size_t bits_align_up(size_t x, size_t step)
{
    return (x + step - 1) & ~(step - 1);
}

/* Bytes of padding from `address` to the next multiple of `step`. */
static inline size_t bits_padding(uintptr_t address, size_t step)
{
    return (size_t)(-address & (step - 1));
}

static inline uint32_t bits_rotate_right(uint32_t x, unsigned by)
{
    return x >> by | x << ((32 - by) & 31);
}

/* Set bits.  Written out, because the builtin is a call into the compiler's
 * run-time library on targets without the instruction (Warren, Hacker's
 * Delight, 5-1). */
static inline unsigned bits_count(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) +
        (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

/* The lowest `count` bits, for count in 1..64. */
static inline uint64_t bits_mask(unsigned count)
{
    return ~UINT64_C(0) >> (64 - count);
}

static inline bool bits_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif

/*
 * flags.h - what configure chose, as constants that are 0 or 1 (or a level),
 * so that other files write `if (FLAG)` and both sides are compiled.
 *
 * The only reader of config.h.
 */
#ifndef VMMA_FLAGS_H
#define VMMA_FLAGS_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifndef VMMA_FEATURE_ZERO
#define VMMA_FEATURE_ZERO 1
#endif
#ifndef VMMA_FEATURE_POISON
#define VMMA_FEATURE_POISON 1
#endif

/* 0 none; 1 basic: O(1) checks; 2 audit: vmma_check after each slow path. */
#ifndef VMMA_ASSERT_LEVEL
#define VMMA_ASSERT_LEVEL 0
#endif

#endif

/*
 * insist.h - assertions about our own bugs.  The caller's bugs are answered
 * with a status and never come here.
 *
 * INSIST(condition): O(1), from assertion level basic.
 * AUDIT(condition): walks, at assertion level audit.
 */
#ifndef VMMA_INSIST_H
#define VMMA_INSIST_H

#include "flags.h"

#define INSIST(condition) \
    ((void)(VMMA_ASSERT_LEVEL < 1 || (condition) || (__builtin_trap(), 0)))
#define AUDIT(condition) \
    ((void)(VMMA_ASSERT_LEVEL < 2 || (condition) || (__builtin_trap(), 0)))

#endif

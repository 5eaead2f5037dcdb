/*
 * check.h - the validator: recompute everything, compare, name what is wrong.
 */
#ifndef VMMA_CHECK_H
#define VMMA_CHECK_H

#include "context.h"

/* NULL, or label and text of the first invariant found broken.  Reads only,
 * never follows a number that it has not judged, and always ends. */
const char *vmma__check(const struct vmma_context *ctx);

#endif

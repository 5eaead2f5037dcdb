/*
 * locate.h - what is at an address?
 */
#ifndef VMMA_LOCATE_H
#define VMMA_LOCATE_H

#include "context.h"

/* The answer.  What is beside `status` is valid as said. */
struct place {
    enum vmma_status status;    /* VMMA_OK: the start of a live block;
                                   VMMA_E_INTERIOR: inside one;
                                   VMMA_E_NOT_LIVE, VMMA_E_OUTSIDE,
                                   VMMA_E_BOOKKEEPING_ADDRESS                 */
    /* OK and INTERIOR */
    struct client *client;      /* the owner                                  */
    uint32_t piece;             /* the head of the block's piece              */
    unsigned kind;              /* a class, or KIND_LARGE                     */
    unsigned index;             /* in its slab                                */
    uintptr_t start;            /* of the block                               */
    size_t size;                /* usable bytes                               */
};

/* Ask about any bit pattern.  Nothing is read through it.  O(log n); O(1) for
 * addresses in slabs and at starts of large blocks. */
struct place vmma__locate(const struct vmma_context *ctx, uintptr_t address);

#endif

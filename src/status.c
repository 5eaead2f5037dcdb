/*
 * status.c - one sentence per status.
 */
#include "libvmma.h"

const char *vmma_strerror(enum vmma_status status)
{
    switch (status) {
    case VMMA_OK: return "success";
    case VMMA_E_NULL: return "a required pointer is NULL";
    case VMMA_E_STRUCT_SIZE: return "a struct's size field is wrong for this library";
    case VMMA_E_RESERVED: return "a reserved field is not NULL";
    case VMMA_E_ALIGNMENT: return "the alignment is not a power of two in its range";
    case VMMA_E_BLOCK_SIZE: return "block_size is not a power of two in 256..65536";
    case VMMA_E_ALIGNMENT_TOO_LARGE: return "the alignment is larger than block_size";
    case VMMA_E_BLOCK_SIZE_TOO_LARGE: return "block_size is larger than a sixteenth of the block";
    case VMMA_E_SIZE_TOO_SMALL: return "the block is too small";
    case VMMA_E_SIZE_TOO_LARGE: return "the block is above 1 TiB or 2^28 granules";
    case VMMA_E_SIZE_WRAPS: return "the block runs past the end of the address space";
    case VMMA_E_MAX_SIZE: return "the size is larger than max_size";
    case VMMA_E_BOOKKEEPING: return "the bookkeeping would take more than a quarter of the block";
    case VMMA_E_MAX_CLIENTS: return "max_clients is larger than 65536";
    case VMMA_E_FLAGS: return "flags that this build does not support";
    case VMMA_E_NAME: return "the name is too long";
    case VMMA_E_LIMITS: return "reservation, soft limit and quota contradict each other";
    case VMMA_E_PAGE_SIZE: return "the page size is not a power of two";
    case VMMA_E_CONTEXT: return "not a live context";
    case VMMA_E_DEAD_CLIENT: return "the client was deleted";
    case VMMA_E_BUSY: return "not allowed inside a callback";
    case VMMA_E_TOO_MANY_CLIENTS: return "max_clients clients exist already";
    case VMMA_E_STOPPED: return "the walk was stopped by its callback";
    case VMMA_E_TOO_LARGE: return "larger than the context could ever serve";
    case VMMA_E_QUOTA: return "the client's quota is exhausted";
    case VMMA_E_EXHAUSTED: return "the context is exhausted";
    case VMMA_E_FRAGMENTED: return "enough bytes are free, but not in one piece";
    case VMMA_E_NOT_IN_PLACE: return "no room behind the block";
    case VMMA_E_OUTSIDE: return "the address is outside the context's block";
    case VMMA_E_BOOKKEEPING_ADDRESS: return "the address is in the bookkeeping";
    case VMMA_E_NOT_LIVE: return "no live block here: freed already, or never handed out";
    case VMMA_E_INTERIOR: return "the address is inside a live block, not at its start";
    case VMMA_E_OTHER_CLIENT: return "the block belongs to another client";
    }
    return "unknown status";
}

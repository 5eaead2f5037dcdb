/*
 * request.h - the slow paths of alloc, realloc and free: where requests that
 * the fast paths do not serve end up, and where failures and misuse are
 * counted and told.
 */
#ifndef VMMA_REQUEST_H
#define VMMA_REQUEST_H

#include "locate.h"

/* Allocate for a handle; NULL after counting and telling the failure.
 * `alignment` is a power of two. */
void *vmma__request_alloc(struct vmma_client *handle, size_t size,
                          size_t alignment);

/* A request failed before it could be tried: count it and tell. */
void vmma__request_fail(struct vmma_client *handle, size_t size,
                        enum vmma_status cause);

void *vmma__request_realloc(struct vmma_client *handle, void *block,
                            size_t size);
enum vmma_status vmma__request_expand(struct vmma_client *handle, void *block,
                                      size_t size);

/* Free for a handle, or (vmma_free) for whoever owns the block. */
enum vmma_status vmma__request_free_from(struct vmma_client *handle,
                                         void *block);
enum vmma_status vmma__request_free(struct vmma_context *ctx, void *block);

#endif

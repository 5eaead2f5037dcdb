/*
 * vmma.h - libvmma: a context over the block, a client per heap.
 *
 * Default configuration, except for the number of clients.  Every free is
 * vmma_free_from, which validates the pointer.  A context has at most 65536
 * clients, so more heaps than that share two contexts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <sys/mman.h>

#include "libvmma.h"

#ifndef PEER_NAME
#define PEER_NAME "vmma"
#endif

enum {
    PEER_MANY = 100000,   /* heaps in one space, at most */
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 65536,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_ANY,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 0,
    PEER_CLOSES = 1,
    PEER_RESERVES = 1,
    PEER_IN_BLOCK = 1
};

typedef struct vmma_client *peer_heap;

enum { VMMA_CLIENTS_MAX = 65536, VMMA_CONTEXTS = 2 };

struct peer_space {
    struct vmma_context *contexts[VMMA_CONTEXTS];
    size_t count;
};

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "%s", vmma_version());
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    (void)prefault;
    space->count = heaps > VMMA_CLIENTS_MAX ? VMMA_CONTEXTS : 1;
    heaps /= space->count;
    size /= space->count;
    config.max_clients = heaps + 8 < VMMA_CLIENTS_MAX ? heaps + 8
                                                      : VMMA_CLIENTS_MAX;
    for (size_t i = 0; i < space->count; i++)
        if (vmma_create_context(block + i * size, size, &config,
                                &space->contexts[i]) != VMMA_OK)
            return false;
    return true;
}

static inline void peer_close(struct peer_space *space)
{
    for (size_t i = 0; i < space->count; i++)
        vmma_delete_context(space->contexts[i]);
}

/* The library names free pages; here is a host that gives them back. */
static void vmma_give_pages(void *user, void *start, size_t size)
{
    (void)user;
    madvise(start, size, MADV_DONTNEED);
}

static void vmma_give_back(struct peer_space *space)
{
    for (size_t i = 0; i < space->count; i++)
        vmma_purge(space->contexts[i], MEMORY_PAGE, vmma_give_pages, NULL);
}
#define peer_purge vmma_give_back

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    enum vmma_status status = vmma_create_client(space->contexts[0], NULL, heap);

    if (status == VMMA_E_TOO_MANY_CLIENTS && space->count > 1)
        status = vmma_create_client(space->contexts[1], NULL, heap);
    return status == VMMA_OK;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    vmma_delete_client(heap);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return vmma_alloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    return vmma_free_from(heap, block) == VMMA_OK;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return vmma_realloc(heap, block, size);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    return vmma_test_address(heap, address);
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    return vmma_get_size(heap, block);
}

#define peer_held vmma_get_client_total_size

/* What a heap holds at most; docs/FRAGMENTATION.md derives it, F1 to F3. */
enum {
    VMMA_GRANULE = 1024,
    VMMA_SMALL = 2048,      /* the largest block that lies in a slab */
    VMMA_SLAB = 32768,      /* bytes of a slab, at most */
    VMMA_SLAB_BLOCKS = 64,
    VMMA_CACHE = 65536,     /* freed large blocks, and a 256th of all */
    VMMA_EARLY = 2 << 20,   /* slabs of when the client was small */
    VMMA_ARENAS = 128       /* more than any client here has */
};

struct vmma_pieces {
    double bytes; /* of slabs and large blocks */
    double count;
};

/* F1 for one class. */
static void vmma_bound_class(struct vmma_pieces *pieces, uint32_t size,
                             double live)
{
    double slab = VMMA_GRANULE, bytes = live * 8 / 7 * 16 / 15;

    while (slab < VMMA_SLAB && slab * 2 <= (double)VMMA_SLAB_BLOCKS * size)
        slab *= 2;
    pieces->bytes += bytes + VMMA_SLAB;
    pieces->count += bytes / slab + 1;
}

static struct vmma_pieces vmma_bound_pieces(const uint32_t *sizes,
                                            size_t count, double live)
{
    struct vmma_pieces pieces = { 0, 0 };
    uint32_t large = 0; /* the smallest of the large ones */

    for (size_t i = 0; i < count; i++)
        if (sizes[i] <= VMMA_SMALL)
            vmma_bound_class(&pieces, sizes[i], live);
        else if (!large || sizes[i] < large)
            large = sizes[i];
    if (pieces.count > 0) {
        pieces.bytes += VMMA_EARLY;
        pieces.count += (double)VMMA_EARLY / VMMA_GRANULE;
    }
    if (large) {
        pieces.bytes += live * (1 + (VMMA_GRANULE - 1.0) / large);
        pieces.count += live / large;
    }
    return pieces;
}

/* F2 and F3. */
static double vmma_bound(const uint32_t *sizes, size_t count, double live,
                         double hole)
{
    struct vmma_pieces pieces = vmma_bound_pieces(sizes, count, live);
    double holes = (pieces.count + VMMA_ARENAS) * hole;

    return (pieces.bytes + holes + VMMA_CACHE) * 1.004 * 81 / 64 + (1 << 20);
}
#define peer_bound vmma_bound

#endif

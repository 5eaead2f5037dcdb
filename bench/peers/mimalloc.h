/*
 * mimalloc.h - mimalloc: the block as an exclusive arena, a heap in it per
 * heap, and no other memory from the system.
 *
 * A heap belongs to the thread that made it.  A space cannot be closed:
 * mimalloc keeps its arenas.  It gives no page of such an arena back, so where
 * it shall (peer_give_back) its heaps take memory from the system instead.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <mimalloc.h>

#define PEER_NAME "mimalloc"

enum {
    PEER_MANY = 100000,
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 512 * 1024,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_ANY,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 1,
    PEER_CLOSES = 0,
    PEER_RESERVES = 1,
    PEER_IN_BLOCK = 1
};

typedef mi_heap_t *peer_heap;

/* What describes a heap lies in the default heap, not in the arena.  For so
 * many heaps what that has already is enough. */
enum { MIMALLOC_HEAPS_OF_OURS = 4096 };

struct peer_space {
    mi_arena_id_t arena; /* 0: there is none, the memory is the system's */
};

static bool mimalloc_gives_back; /* the next space */
#define peer_give_back() ((void)(mimalloc_gives_back = true))

static void peer_version(char *text, size_t size)
{
    int version = mi_version();

    snprintf(text, size, "%d.%d.%d", version / 100, version / 10 % 10,
             version % 10);
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)prefault;
    space->arena = 0;
    mi_free(mi_malloc(16)); /* what the C library wants has its place now */
    if (mimalloc_gives_back) {
        mimalloc_gives_back = false;
        mi_option_set(mi_option_limit_os_alloc, 0);
        return true;
    }
    if (!mi_manage_os_memory_ex(block, size, true, false, true, -1, true,
                                &space->arena))
        return false;
    mi_option_set(mi_option_limit_os_alloc, heaps <= MIMALLOC_HEAPS_OF_OURS);
    return true;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

/* A thread's own default heap, in which its others are recorded, must be
 * allowed to come from the system; the others are bound to the arena. */
#define peer_thread_start() mi_option_set(mi_option_limit_os_alloc, 0)

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    *heap = space->arena ? mi_heap_new_in_arena(space->arena) : mi_heap_new();
    return *heap != NULL;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    mi_heap_destroy(heap);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return mi_heap_malloc(heap, size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    mi_free(block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return mi_heap_realloc(heap, block, size);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    return mi_heap_check_owned(heap, address);
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return mi_usable_size(block);
}

#endif

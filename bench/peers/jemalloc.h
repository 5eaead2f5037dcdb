/*
 * jemalloc.h - jemalloc: an arena per heap, whose extents come from the
 * block; with an explicit tcache per heap, or (PEER_TCACHE 0) without any.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <sys/mman.h>

#include <jemalloc/jemalloc.h>

#include "ranges.h"

#ifndef PEER_TCACHE
#define PEER_TCACHE 1
#endif
#define PEER_NAME (PEER_TCACHE ? "jemalloc" : "jemalloc-notcache")

enum {
    PEER_MANY = 1000, /* of 4095 arenas */
    PEER_SHARES = 1,
    PEER_HEAP_SPAN = 8 * 1024 * 1024,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 1,
    PEER_OWNS = PEER_OWNS_BLOCK,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 1,
    PEER_CLOSES = 0,
    PEER_RESERVES = 0,
    PEER_IN_BLOCK = 1
};

struct peer_space {
    extent_hooks_t hooks; /* first: a hook is told where its hooks are */
    struct ranges ranges;
    bool gives_back;
};

/* An arena and a tcache by their numbers, and the flags made of them. */
typedef struct peer_heap {
    unsigned arena, tcache;
    int alloc_flags, free_flags;
} peer_heap;

static void peer_version(char *text, size_t size)
{
    const char *version = "?";
    size_t length = sizeof version;

    mallctl("version", &version, &length, NULL, 0);
    snprintf(text, size, "%.*s", (int)strcspn(version, "-"), version);
}

static bool jemalloc_gives_back; /* the next space */
#define peer_give_back() ((void)(jemalloc_gives_back = true))

static void *hook_alloc(extent_hooks_t *hooks, void *address, size_t size,
                        size_t alignment, bool *zero, bool *commit,
                        unsigned arena)
{
    (void)arena;
    if (address)
        return NULL;
    *zero = false;
    *commit = true;
    return ranges_take(&((struct peer_space *)hooks)->ranges, size, alignment);
}

static bool hook_dalloc(extent_hooks_t *hooks, void *address, size_t size,
                        bool committed, unsigned arena)
{
    struct peer_space *space = (struct peer_space *)hooks;

    (void)committed;
    (void)arena;
    if (space->gives_back)
        madvise(address, size, MADV_DONTNEED);
    ranges_give(&space->ranges, address, size);
    return false;
}

static bool hook_purge(extent_hooks_t *hooks, void *address, size_t size,
                       size_t offset, size_t length, unsigned arena)
{
    (void)hooks, (void)size, (void)arena;
    return madvise((char *)address + offset, length, MADV_DONTNEED) != 0;
}

static void hook_destroy(extent_hooks_t *hooks, void *address, size_t size,
                         bool committed, unsigned arena)
{
    hook_dalloc(hooks, address, size, committed, arena);
}

static bool hook_split(extent_hooks_t *hooks, void *address, size_t size,
                       size_t size_a, size_t size_b, bool committed,
                       unsigned arena)
{
    (void)hooks, (void)address, (void)size, (void)size_a, (void)size_b;
    (void)committed, (void)arena;
    return false;
}

static bool hook_merge(extent_hooks_t *hooks, void *address_a, size_t size_a,
                       void *address_b, size_t size_b, bool committed,
                       unsigned arena)
{
    (void)hooks, (void)address_a, (void)size_a, (void)address_b, (void)size_b;
    (void)committed, (void)arena;
    return false;
}

static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    (void)heaps;
    (void)prefault;
    memset(space, 0, sizeof *space);
    space->hooks.alloc = hook_alloc;
    space->hooks.dalloc = hook_dalloc;
    space->hooks.destroy = hook_destroy;
    space->hooks.split = hook_split;
    space->hooks.merge = hook_merge;
    space->gives_back = jemalloc_gives_back;
    jemalloc_gives_back = false;
    if (space->gives_back)
        space->hooks.purge_forced = hook_purge;
    ranges_init(&space->ranges, block, size);
    return true;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

static bool peer_create(struct peer_space *space, peer_heap *heap)
{
    extent_hooks_t *hooks = &space->hooks;
    size_t length = sizeof heap->arena;

    if (mallctl("arenas.create", &heap->arena, &length, &hooks, sizeof hooks))
        return false;
    if (PEER_TCACHE && mallctl("tcache.create", &heap->tcache, &length, NULL, 0))
        return false;
    heap->free_flags = PEER_TCACHE ? MALLOCX_TCACHE(heap->tcache)
                                   : MALLOCX_TCACHE_NONE;
    heap->alloc_flags = heap->free_flags | MALLOCX_ARENA(heap->arena);
    return true;
}

static void peer_destroy(struct peer_space *space, peer_heap heap)
{
    char name[64];

    (void)space;
    if (PEER_TCACHE)
        mallctl("tcache.destroy", NULL, NULL, &heap.tcache, sizeof heap.tcache);
    snprintf(name, sizeof name, "arena.%u.destroy", heap.arena);
    mallctl(name, NULL, NULL, NULL, 0);
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    return mallocx(size, heap.alloc_flags);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)size;
    dallocx(block, heap.free_flags);
    return true;
}

/* A tcache is one thread's, so a consumer has another. */
static _Thread_local int thread_flags;

static void thread_start(void)
{
    size_t length = sizeof(unsigned);
    unsigned tcache;

    thread_flags = MALLOCX_TCACHE_NONE;
    if (PEER_TCACHE && !mallctl("tcache.create", &tcache, &length, NULL, 0))
        thread_flags = MALLOCX_TCACHE(tcache);
}
#define peer_thread_start thread_start

static inline bool jemalloc_free_crossing(void *block)
{
    dallocx(block, thread_flags);
    return true;
}
#define peer_free_crossing(heap, block, size) jemalloc_free_crossing(block)

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)old_size;
    return rallocx(block, size, heap.alloc_flags);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    unsigned arena = 0;
    size_t length = sizeof arena;

    return mallctl("arenas.lookup", &arena, &length, (void *)&address,
                   sizeof address) == 0 &&
           arena == heap.arena;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return sallocx(block, 0);
}

#endif

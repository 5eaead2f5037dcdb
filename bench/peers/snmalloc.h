/*
 * snmalloc.h - snmalloc from a checkout, its static library with the prefix
 * sn_: one heap, the process's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

void *sn_malloc(size_t size);
void sn_free(void *block);
void *sn_realloc(void *block, size_t size);
size_t sn_malloc_usable_size(const void *block);

#define PEER_NAME "snmalloc"

enum {
    PEER_MANY = 1,
    PEER_SHARES = 0,
    PEER_HEAP_SPAN = 1,
    PEER_FREES = 1,
    PEER_SIZED = 0,
    PEER_DESTROYS = 0,
    PEER_OWNS = PEER_OWNS_NOTHING,
    PEER_USABLE = 1,
    PEER_RESIZES = 1,
    PEER_CROSSES = 1,
    PEER_CLOSES = 0,
    PEER_RESERVES = 0,
    PEER_IN_BLOCK = 0
};

typedef int peer_heap;

struct peer_space {
    size_t size;
};

static void peer_version(char *text, size_t size)
{
    snprintf(text, size, "checkout");
}

/* Many pieces of 1 MiB rather than one: a large one would go back. */
static bool peer_open(struct peer_space *space, unsigned char *block,
                      size_t size, size_t heaps, bool prefault)
{
    enum { PIECE = 1 << 20, PIECES_MAX = 65536 };
    static void *pieces[PIECES_MAX];
    size_t count = size / PIECE < PIECES_MAX ? size / PIECE : PIECES_MAX;

    (void)block;
    (void)heaps;
    space->size = size;
    for (size_t i = 0; i < count && prefault; i++) {
        pieces[i] = sn_malloc(PIECE);
        if (pieces[i])
            memory_touch(pieces[i], PIECE);
    }
    for (size_t i = 0; i < count && prefault; i++)
        sn_free(pieces[i]);
    return true;
}

static inline void peer_close(struct peer_space *space)
{
    (void)space;
}

static inline bool peer_create(struct peer_space *space, peer_heap *heap)
{
    (void)space;
    *heap = 0;
    return true;
}

static inline void peer_destroy(struct peer_space *space, peer_heap heap)
{
    (void)space;
    (void)heap;
}

static inline void *peer_alloc(peer_heap heap, size_t size)
{
    (void)heap;
    return sn_malloc(size);
}

static inline bool peer_free(peer_heap heap, void *block, size_t size)
{
    (void)heap;
    (void)size;
    sn_free(block);
    return true;
}

static inline void *peer_resize(peer_heap heap, void *block, size_t old_size,
                                size_t size)
{
    (void)heap;
    (void)old_size;
    return sn_realloc(block, size);
}

static inline bool peer_owns(peer_heap heap, const void *address)
{
    (void)heap;
    (void)address;
    return false;
}

static inline size_t peer_usable(peer_heap heap, const void *block)
{
    (void)heap;
    return sn_malloc_usable_size(block);
}

#endif

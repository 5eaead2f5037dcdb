/*
 * libvmma.h - an isolated-context arena allocator for virtual machines.
 *
 *     caller's block --> context --> clients --> blocks
 *
 * A context is carved from one block of memory that the caller supplies.  It
 * hands out clients: isolated heaps, one per program, plugin, isolate or
 * request.  A client grows by arenas taken from the context, and deleting it
 * reclaims everything that it allocated, leaks and all.
 *
 *     static _Alignas(4096) unsigned char memory[1 << 20];
 *     struct vmma_context *ctx;
 *     struct vmma_client *client;
 *
 *     if (vmma_create_context(memory, sizeof memory, NULL, &ctx) == VMMA_OK &&
 *         vmma_create_client(ctx, NULL, &client) == VMMA_OK) {
 *         void *block = vmma_alloc(client, 100);
 *         vmma_free_from(client, block);
 *         vmma_delete_client(client);
 *         vmma_delete_context(ctx);
 *     }
 *
 * Threads: the library takes no lock.  Calls on one context, or on clients of
 * one context, must not overlap in time; different contexts are independent.
 *
 * Bad input is answered, never undefined: every call survives any block
 * pointer, any size, and any handle that is NULL or was once returned, as
 * long as the context it belongs to is alive.  After vmma_delete_context the
 * block is the caller's, and calls with its handles are answered only while
 * the caller leaves the block's contents alone.
 *
 * The library makes no system call and uses no other allocator; all that it
 * needs lies at the front of the caller's block.  It never reads or writes
 * the memory of a client's blocks, except where a call says so (vmma_calloc,
 * vmma_realloc, VMMA_FLAG_ZERO, VMMA_FLAG_POISON).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LIBVMMA_H
#define LIBVMMA_H

#include <stddef.h>
#include <stdint.h>

#define VMMA_VERSION_MAJOR 0
#define VMMA_VERSION_MINOR 1
#define VMMA_VERSION_PATCH 0
#define VMMA_VERSION "0.1.0"

#if defined(__GNUC__) && !defined(VMMA_NO_ATTRIBUTES)
#define VMMA_ATTR(list) __attribute__(list)
#else
#define VMMA_ATTR(list)
#endif

#define VMMA_API extern VMMA_ATTR((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- types ----------------------------------------------------------- */

/* Opaque, and distinct so that mixing them up does not compile.  A client's
 * handle names its slot in the context and the slot's generation; compare
 * handles with ==, and never look behind them. */
struct vmma_context;
struct vmma_client;

/**
 * What a call answers: one name per cause.  vmma_strerror gives a sentence.
 * The values are stable; new ones are added at the end of their group.
 */
enum vmma_status {
    VMMA_OK = 0,

    /* arguments */
    VMMA_E_NULL = 1,          /* a pointer that must not be NULL is NULL      */
    VMMA_E_STRUCT_SIZE,       /* a struct's `size` is unknown to this library,
                                 or bytes it does not know are not zero       */
    VMMA_E_RESERVED,          /* a reserved field (client config: parent) is
                                 not NULL                                     */
    VMMA_E_ALIGNMENT,         /* alignment is not a power of two, or not in
                                 8..4096 (context config); vmma_aligned_alloc:
                                 not a power of two                           */
    VMMA_E_BLOCK_SIZE,        /* block_size is not a power of two, or not in
                                 256..65536                                   */
    VMMA_E_ALIGNMENT_TOO_LARGE, /* alignment > block_size                     */
    VMMA_E_BLOCK_SIZE_TOO_LARGE, /* block_size > size / 16                    */
    VMMA_E_SIZE_TOO_SMALL,    /* no arena fits behind the bookkeeping, or a new
                                 size is below the old one                    */
    VMMA_E_SIZE_TOO_LARGE,    /* size or max_size is above 1 TiB, or makes a
                                 heap of more than 2^28 granules              */
    VMMA_E_SIZE_WRAPS,        /* memory + size or max_size runs past the
                                 address space                                */
    VMMA_E_MAX_SIZE,          /* max_size is below size, or a new size is
                                 above max_size                               */
    VMMA_E_BOOKKEEPING,       /* bookkeeping would take more than a quarter of
                                 the block                                    */
    VMMA_E_MAX_CLIENTS,       /* max_clients is above 65536                   */
    VMMA_E_FLAGS,             /* flags that this build does not support       */
    VMMA_E_NAME,              /* a name of more than VMMA_NAME_MAX characters */
    VMMA_E_LIMITS,            /* reservation above quota, or soft limit above
                                 quota                                        */
    VMMA_E_PAGE_SIZE,         /* page_size is not a power of two              */

    /* handles and state */
    VMMA_E_CONTEXT = 32,      /* not a live context                           */
    VMMA_E_DEAD_CLIENT,       /* the client was deleted                       */
    VMMA_E_BUSY,              /* not allowed inside a callback                */
    VMMA_E_TOO_MANY_CLIENTS,  /* max_clients clients exist already            */
    VMMA_E_STOPPED,           /* a walk's callback asked to stop              */

    /* memory */
    VMMA_E_TOO_LARGE = 64,    /* larger than the heap could ever be (at
                                 max_size), or a product of sizes overflows;
                                 judged before the quota                      */
    VMMA_E_QUOTA,             /* the client's quota does not allow it         */
    VMMA_E_EXHAUSTED,         /* the context has not that many bytes left     */
    VMMA_E_FRAGMENTED,        /* bytes enough are free, in the context and in
                                 the client's arenas, but not in one piece    */
    VMMA_E_NOT_IN_PLACE,      /* vmma_expand: there is no room behind the
                                 block                                        */

    /* block pointers */
    VMMA_E_OUTSIDE = 96,      /* not in the context's block at all            */
    VMMA_E_BOOKKEEPING_ADDRESS, /* in the part that the library keeps, in front
                                 of the heap                                  */
    VMMA_E_NOT_LIVE,          /* in the heap or behind its last granule, where
                                 no block is live: freed already (double free)
                                 or never handed out                          */
    VMMA_E_INTERIOR,          /* inside a live block, not at its start        */
    VMMA_E_OTHER_CLIENT       /* a live block's start, of another client      */
};

/**
 * Features of a context.  Those that a build lacks (configure can leave them
 * out) are not in vmma_get_supported_flags().  With no flag set the fast
 * paths contain no branch for any of them.
 */
#define VMMA_FLAG_ZERO   ((uint32_t)1 << 0) /* blocks are handed out zeroed   */
#define VMMA_FLAG_POISON ((uint32_t)1 << 1) /* blocks are filled: with
                                               VMMA_POISON_ALLOC when handed
                                               out (unless ZERO is set too),
                                               with VMMA_POISON_FREE when
                                               freed                          */
#define VMMA_POISON_ALLOC 0xA7
#define VMMA_POISON_FREE  0xDF

/** The longest client name in characters, without the closing zero. */
#define VMMA_NAME_MAX 31

/**
 * One thing that the host may want to hear of.
 */
enum vmma_event_kind {
    VMMA_EVENT_MISUSE = 1,    /* a bad pointer or dead handle was given to a
                                 call that allocates, resizes or frees (NULL
                                 for a client is no misuse: whom to tell?)    */
    VMMA_EVENT_FAILURE        /* vmma_alloc, vmma_calloc, vmma_aligned_alloc or
                                 vmma_realloc could not serve a request       */
};

struct vmma_event {
    enum vmma_event_kind kind;
    enum vmma_status status;      /* the cause, as the call will answer it    */
    struct vmma_context *context;
    struct vmma_client *client;   /* the client that was named in the call, or
                                     NULL (vmma_free)                         */
    struct vmma_client *owner;    /* MISUSE: whose live block the address is
                                     in, or NULL                              */
    const void *address;          /* MISUSE: the pointer that was given       */
    size_t wanted;                /* FAILURE: bytes that were asked for       */
};

/**
 * Callbacks.  They run when the library's state is consistent.  Inside one,
 * calls that only read work as ever; all others answer VMMA_E_BUSY, except
 * that the soft-limit and the out-of-memory callback may free blocks of the
 * client that they were called for (vmma_free, vmma_free_from).  No event is
 * raised inside a callback; what would have been one is only counted.  A
 * callback must return: it must not leave by longjmp or by an exception.
 */
typedef void vmma_event_callback(void *user, const struct vmma_event *event);

/** The client is about to grow beyond its soft limit because of a request
 * for `wanted` bytes.  It may free blocks, which may make growing needless. */
typedef void vmma_soft_limit_callback(void *user, struct vmma_client *client,
                                      size_t wanted);

/** A request for `wanted` bytes is about to fail for `cause`.  Free blocks
 * and return nonzero, and it is tried once more; return 0 and it fails.  Not
 * asked for VMMA_E_TOO_LARGE, and not by vmma_expand. */
typedef int vmma_out_of_memory_callback(void *user, struct vmma_client *client,
                                        size_t wanted, enum vmma_status cause);

/**
 * How to make a context.  Set it up with VMMA_CONTEXT_CONFIG_INIT; a field
 * that is zero stands for its default.
 */
struct vmma_context_config {
    size_t size;              /* sizeof this struct                           */
    size_t alignment;         /* of every block, in bytes; a power of two in
                                 8..4096; default 16                          */
    size_t block_size;        /* the granule in bytes: arenas are made of
                                 whole granules; a power of two in 256..65536,
                                 at least alignment, at most a sixteenth of
                                 the block; default 1024, or alignment if that
                                 is more                                      */
    size_t max_size;          /* bytes to which the block may grow in place
                                 (vmma_extend_context); default its size      */
    size_t max_clients;       /* clients alive at once, at most 65536; default
                                 one per 32 KiB of max_size, at least 8 and at
                                 most 65536                                   */
    uint32_t flags;           /* VMMA_FLAG_...; default none                  */
    vmma_event_callback *event;                  /* or NULL                   */
    vmma_soft_limit_callback *soft_limit;        /* or NULL                   */
    vmma_out_of_memory_callback *out_of_memory;  /* or NULL                   */
    void *user;               /* handed to the callbacks                      */
};
#define VMMA_CONTEXT_CONFIG_INIT                                              \
    { sizeof(struct vmma_context_config), 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL }

/**
 * How to make a client.  Set it up with VMMA_CLIENT_CONFIG_INIT.  All limits
 * count bytes of arenas held (vmma_get_client_total_size), exactly.
 */
struct vmma_client_config {
    size_t size;              /* sizeof this struct                           */
    const char *name;         /* copied; at most VMMA_NAME_MAX characters;
                                 NULL stands for ""                           */
    void *user;               /* the host's own; see vmma_get_client_user     */
    size_t quota;             /* bytes it may hold; 0 stands for no limit     */
    size_t soft_limit;        /* bytes from which the soft-limit callback is
                                 called; 0 stands for none                    */
    size_t reservation;       /* bytes taken at once and kept until deletion:
                                 they stay the client's whatever the others
                                 do; rounded up to whole granules, and so
                                 compared with the quota; 0 stands for none.
                                 It promises bytes, not one block             */
    struct vmma_client *parent; /* reserved: NULL                             */
};
#define VMMA_CLIENT_CONFIG_INIT                                               \
    { sizeof(struct vmma_client_config), NULL, NULL, 0, 0, 0, NULL }

/* ---- library --------------------------------------------------------- */

/**
 * The sentence for a status, in English, without a full stop.
 *
 * @param status  any value
 * @return a static string, never NULL
 * @complexity O(1)
 * @threads    any
 */
VMMA_API const char *vmma_strerror(enum vmma_status status);

/**
 * The version of the library that runs, as VMMA_VERSION is that of the
 * header that was compiled.
 *
 * @return a static string "major.minor.patch"
 * @complexity O(1)
 * @threads    any
 */
VMMA_API const char *vmma_version(void);

/**
 * The features that this build of the library has.
 *
 * @return an OR of VMMA_FLAG_...
 * @complexity O(1)
 * @threads    any
 */
VMMA_API uint32_t vmma_get_supported_flags(void);

/* ---- context ---------------------------------------------------------
 *
 * The bookkeeping lies at the front of the block: a header, the table of
 * clients (512 bytes each), and about 48 bytes per granule.  What is behind
 * it, in whole granules, is the heap.  Only what is used is ever touched:
 * a context on gigabytes of reserved address space costs nothing until its
 * clients grow.  The block may hold anything when a context is made in it.
 */

/**
 * How large a block must be, wherever it lies, so that its clients can hold
 * `capacity` bytes of arenas together.
 *
 * @param config    the configuration that will be used, or NULL for defaults.
 *                  Its max_size counts when it is larger than the answer,
 *                  and is ignored otherwise.
 * @param capacity  bytes of arenas wanted; rounded up to whole granules
 * @param required  where to put the answer, in bytes
 * @return VMMA_OK; VMMA_E_NULL if required is NULL; or, with *required
 *         unchanged, the error with which vmma_create_context would refuse
 *         the configuration; VMMA_E_SIZE_TOO_LARGE if no block is that large
 * @complexity O(log n)
 * @threads    any
 */
VMMA_API enum vmma_status vmma_required_size(const struct vmma_context_config *config, size_t capacity, size_t *required);

/**
 * Make a context in a block of memory.
 *
 * @param memory   the block; need not be aligned; must stay readable and
 *                 writable, and untouched by anybody else, until the context
 *                 is deleted
 * @param size     its size in bytes, 64 KiB and up recommended
 * @param config   or NULL for all defaults
 * @param context  where to put the handle; unchanged on failure
 * @return VMMA_OK, or the first of these that applies:
 *         VMMA_E_NULL (memory or context is NULL), VMMA_E_STRUCT_SIZE,
 *         VMMA_E_ALIGNMENT, VMMA_E_BLOCK_SIZE, VMMA_E_ALIGNMENT_TOO_LARGE,
 *         VMMA_E_BLOCK_SIZE_TOO_LARGE, VMMA_E_MAX_SIZE, VMMA_E_MAX_CLIENTS,
 *         VMMA_E_FLAGS, VMMA_E_SIZE_WRAPS, VMMA_E_SIZE_TOO_LARGE,
 *         VMMA_E_BOOKKEEPING, VMMA_E_SIZE_TOO_SMALL.  On failure nothing is
 *         written to the block.
 * @complexity O(1): a few hundred bytes are written, whatever the size
 * @threads    any, for different blocks
 */
VMMA_API enum vmma_status vmma_create_context(void *memory, size_t size, const struct vmma_context_config *config, struct vmma_context **context);

/**
 * End a context: all its clients are gone, and the block is the caller's.
 *
 * @param context  the context
 * @return VMMA_OK; VMMA_E_CONTEXT if it is NULL or not live; VMMA_E_BUSY
 *         inside a callback
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_delete_context(struct vmma_context *context);

/**
 * The caller's block has grown in place; use what is new.
 *
 * @param context   the context
 * @param new_size  the block's whole size in bytes, counted as in
 *                  vmma_create_context
 * @return VMMA_OK; with nothing changed: VMMA_E_CONTEXT, VMMA_E_BUSY,
 *         VMMA_E_SIZE_TOO_SMALL (below the present size), VMMA_E_MAX_SIZE
 *         (above max_size)
 * @complexity O(log n)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_extend_context(struct vmma_context *context, size_t new_size);

/**
 * The features in force.
 *
 * @param context  the context
 * @return an OR of VMMA_FLAG_...; 0 if the context is not live
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API uint32_t vmma_get_accepted_flags(const struct vmma_context *context);

/**
 * Ask for a set of features to be in force from now on, and no others.
 * Flags that the build does not support are left out.
 *
 * @param context  the context
 * @param flags    an OR of VMMA_FLAG_...; any bits may be set
 * @return the features now in force; 0 if the context is not live.  Inside a
 *         callback nothing changes.
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API uint32_t vmma_set_flags(struct vmma_context *context, uint32_t flags);

/**
 * Name every free page range of the heap, so that the host can give the
 * pages back to its operating system (madvise).  The ranges must stay
 * readable and writable; their contents may be lost.  What clients keep
 * ready for reuse (empty slabs, cached blocks, spare arenas) is let go of
 * first.  The bookkeeping is never named.
 *
 * @param context    the context
 * @param page_size  a power of two, in bytes
 * @param callback   is called once per maximal range of whole free pages,
 *                   lowest address first, with its start and size in bytes;
 *                   calls that only read are allowed in it
 * @param user       handed to the callback
 * @return VMMA_OK; VMMA_E_CONTEXT, VMMA_E_NULL (callback), VMMA_E_PAGE_SIZE,
 *         VMMA_E_BUSY
 * @complexity O(slabs and free runs in the context)
 * @threads    one thread per context
 */
typedef void vmma_purge_callback(void *user, void *start, size_t size);
VMMA_API enum vmma_status vmma_purge(struct vmma_context *context, size_t page_size, vmma_purge_callback *callback, void *user);

/* ---- client ----------------------------------------------------------
 *
 * A deleted client's handle is recognised: its slot is reused only after
 * other slots, and 255 reuses of one slot pass before a handle repeats.
 */

/**
 * Make a client: an isolated heap in the context.
 *
 * @param context  the context
 * @param config   or NULL for all defaults
 * @param client   where to put the handle; unchanged on failure
 * @return VMMA_OK, or with nothing changed: VMMA_E_CONTEXT, VMMA_E_NULL
 *         (client), VMMA_E_BUSY, VMMA_E_STRUCT_SIZE, VMMA_E_RESERVED
 *         (parent), VMMA_E_NAME, VMMA_E_LIMITS, VMMA_E_TOO_MANY_CLIENTS, or
 *         VMMA_E_EXHAUSTED (the reservation cannot be had)
 * @complexity O(1); with a reservation O(arenas it takes)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_create_client(struct vmma_context *context, const struct vmma_client_config *config, struct vmma_client **client);

/**
 * End a client and reclaim everything it holds, whatever is still live.  The
 * memory of its blocks is neither read nor written, and what its owner wrote
 * there does not matter.
 *
 * @param client  the client; its handle is dead afterwards
 * @return VMMA_OK; VMMA_E_NULL; VMMA_E_DEAD_CLIENT; VMMA_E_BUSY inside a
 *         callback, with nothing changed
 * @complexity O(arenas held), whatever the number of live blocks
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_delete_client(struct vmma_client *client);

/**
 * Reclaim everything that a client holds, and keep the client: handle, id,
 * name, user pointer, limits and reservation stay, and its counters (peak,
 * failures, last error) start again.
 *
 * @param client  the client
 * @return VMMA_OK; VMMA_E_NULL; VMMA_E_DEAD_CLIENT; VMMA_E_BUSY inside a
 *         callback, with nothing changed
 * @complexity O(arenas held)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_reset_client(struct vmma_client *client);

/**
 * Set the hard limit.  A client that holds more already keeps it, gives what
 * it can spare back, and does not grow.
 *
 * @param client  the client
 * @param quota   bytes of arenas; 0 stands for no limit
 * @return VMMA_OK, or with nothing changed: VMMA_E_NULL, VMMA_E_DEAD_CLIENT,
 *         VMMA_E_BUSY, VMMA_E_LIMITS (below the reservation or the soft
 *         limit)
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_set_quota(struct vmma_client *client, size_t quota);

/**
 * Set the soft limit: when the client is about to grow beyond it, the
 * soft-limit callback is called, each time.
 *
 * @param client      the client
 * @param soft_limit  bytes of arenas; 0 stands for none
 * @return VMMA_OK, or with nothing changed: VMMA_E_NULL, VMMA_E_DEAD_CLIENT,
 *         VMMA_E_BUSY, VMMA_E_LIMITS (above the quota)
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_set_soft_limit(struct vmma_client *client, size_t soft_limit);

/**
 * Set the reservation: the client holds at least that many bytes of arenas,
 * now and until it is changed.
 *
 * @param client       the client
 * @param reservation  bytes; rounded up to whole granules; 0 stands for none
 * @return VMMA_OK, or with nothing changed: VMMA_E_NULL, VMMA_E_DEAD_CLIENT,
 *         VMMA_E_BUSY, VMMA_E_LIMITS (above the quota), VMMA_E_EXHAUSTED
 * @complexity O(arenas taken)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_set_reservation(struct vmma_client *client, size_t reservation);

/**
 * Let the peak start again from the present total.
 *
 * @param client  the client
 * @return VMMA_OK; VMMA_E_NULL; VMMA_E_DEAD_CLIENT; VMMA_E_BUSY
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_reset_peak(struct vmma_client *client);

/**
 * Is this the handle of a live client?
 *
 * @param client  a handle that was once returned, or NULL
 * @return 1 or 0
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API int vmma_is_client(const struct vmma_client *client);

/**
 * The context that a client belongs to.
 *
 * @param client  the client
 * @return the context, or NULL if the client is NULL or dead
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API struct vmma_context *vmma_get_client_context(const struct vmma_client *client);

/**
 * The client's number: never 0, and never used again in this context.
 *
 * @param client  the client
 * @return the id, or 0 if the client is NULL or dead
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API uint64_t vmma_get_client_id(const struct vmma_client *client);

/**
 * The client's name.
 *
 * @param client  the client
 * @return a string that lives as long as the client, "" if it has no name,
 *         or NULL if the client is NULL or dead
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API const char *vmma_get_client_name(const struct vmma_client *client);

/**
 * The host's pointer from the client's configuration.
 *
 * @param client  the client
 * @return the pointer, or NULL if the client is NULL or dead
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API void *vmma_get_client_user(const struct vmma_client *client);

/**
 * Find a live client by its id.
 *
 * @param context  the context
 * @param id       as vmma_get_client_id gave it
 * @return its handle, or NULL
 * @complexity O(max_clients used so far)
 * @threads    one thread per context
 */
VMMA_API struct vmma_client *vmma_find_client(const struct vmma_context *context, uint64_t id);

/**
 * Find a live client by its name.
 *
 * @param context  the context
 * @param name     the whole name; "" finds a client without one; NULL is
 *                 answered NULL
 * @return the handle of the one that was created first, or NULL
 * @complexity O(max_clients used so far)
 * @threads    one thread per context
 */
VMMA_API struct vmma_client *vmma_find_client_by_name(const struct vmma_context *context, const char *name);

/* ---- blocks ----------------------------------------------------------
 *
 * A block is at least as large as asked for and aligned to the context's
 * alignment; one whose size in the table of classes is a power of two is
 * aligned to that, up to the granule.  The smallest block is
 * max(alignment, block_size / 64) bytes; a request for 0 bytes gets one.
 * All of vmma_get_size bytes may be used.  Contents are indeterminate unless
 * a call or flag says otherwise.
 *
 * On failure these calls answer NULL, and vmma_get_last_error says why:
 * VMMA_E_NULL, VMMA_E_DEAD_CLIENT, VMMA_E_BUSY, VMMA_E_TOO_LARGE,
 * VMMA_E_QUOTA, VMMA_E_EXHAUSTED, VMMA_E_FRAGMENTED.  No live block and no
 * owner changes.  Before it fails, a call lets go of what this client and the
 * others keep ready for reuse (so totals may fall, and never rise), and asks
 * the out-of-memory callback.
 *
 * Handles are judged first: a dead client's handle is answered as that, even
 * with a NULL block.
 */

/**
 * Allocate a block.
 *
 * @param client  the owner
 * @param size    bytes wanted
 * @return the block, or NULL
 * @complexity O(1) for most sizes up to two granules; O(log n) when a slab,
 *             a large block or an arena is taken, and 4 bytes per granule are
 *             zeroed where the context uses memory for the first time; when
 *             the client has grown by an eighth, O(its slabs), once; when the
 *             client or the context is exhausted, O(pieces of the client +
 *             what the others keep ready for reuse)
 * @threads    one thread per context
 */
VMMA_API void *vmma_alloc(struct vmma_client *client, size_t size)
    VMMA_ATTR((malloc, alloc_size(2), warn_unused_result));

/**
 * Allocate count * size bytes, all of them zero.
 *
 * @param client  the owner
 * @param count   elements
 * @param size    bytes per element
 * @return the block, or NULL; VMMA_E_TOO_LARGE if the product overflows
 * @complexity as vmma_alloc, and O(count * size) to clear
 * @threads    one thread per context
 */
VMMA_API void *vmma_calloc(struct vmma_client *client, size_t count, size_t size)
    VMMA_ATTR((malloc, alloc_size(2, 3), warn_unused_result));

/**
 * Allocate a block whose address is a multiple of `alignment`.  Beyond the
 * granule this may cost up to `alignment` bytes more.
 *
 * @param client     the owner
 * @param alignment  a power of two; less than the context's alignment is
 *                   answered as that
 * @param size       bytes wanted; need not be a multiple of the alignment
 * @return the block, or NULL; VMMA_E_ALIGNMENT if it is not a power of two
 * @complexity as vmma_alloc
 * @threads    one thread per context
 */
VMMA_API void *vmma_aligned_alloc(struct vmma_client *client, size_t alignment, size_t size)
    VMMA_ATTR((malloc, alloc_size(3), warn_unused_result));

/**
 * Resize a block; it may move.  (NULL, size) allocates.  (block, 0) shrinks
 * it to the smallest block and never frees.  Shrinking never fails.  A block
 * that moves is only aligned as vmma_alloc does.  VMMA_FLAG_ZERO and
 * VMMA_FLAG_POISON fill what it gains beyond its old usable size.
 *
 * @param client  the owner of the block
 * @param block   a live block of this client, or NULL
 * @param size    bytes wanted
 * @return the block, its contents kept up to the smaller of both sizes; or
 *         NULL with the old block untouched and live, and besides the causes
 *         above any cause that vmma_free_from answers for the pointer
 * @complexity in place as vmma_alloc; when it moves, O(size) to copy
 * @threads    one thread per context
 */
VMMA_API void *vmma_realloc(struct vmma_client *client, void *block, size_t size)
    VMMA_ATTR((alloc_size(3), warn_unused_result));

/**
 * Resize a block where it is, or not at all.  VMMA_FLAG_ZERO and
 * VMMA_FLAG_POISON fill what it gains.
 *
 * @param client  the owner of the block
 * @param block   a live block of this client
 * @param size    bytes wanted; below the present size it shrinks where that
 *                frees whole granules
 * @return VMMA_OK: vmma_get_size(client, block) >= size now;
 *         VMMA_E_NOT_IN_PLACE, VMMA_E_TOO_LARGE; VMMA_E_NULL (either), or
 *         what vmma_free_from would answer.  On failure nothing changes but
 *         the failure counters.
 * @complexity O(log n)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_expand(struct vmma_client *client, void *block, size_t size);

/**
 * Free a live block of this client: the isolating form, and the fast one.
 *
 * @param client  the client
 * @param block   the block; NULL does nothing
 * @return VMMA_OK; VMMA_E_NULL (client), VMMA_E_BUSY; or with nothing changed
 *         and the event callback told: VMMA_E_DEAD_CLIENT, VMMA_E_OUTSIDE,
 *         VMMA_E_BOOKKEEPING_ADDRESS, VMMA_E_NOT_LIVE, VMMA_E_INTERIOR,
 *         VMMA_E_OTHER_CLIENT
 * @misuse     a pointer to a block that was freed and has been handed out
 *             again is a live block's
 * @complexity O(1) for small blocks; O(log n) for blocks above two granules
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_free_from(struct vmma_client *client, void *block);

/**
 * Free a live block of any client of the context.
 *
 * @param context  the context
 * @param block    the block; NULL does nothing
 * @return VMMA_OK; VMMA_E_CONTEXT, VMMA_E_BUSY; or with nothing changed and
 *         the event callback told: VMMA_E_OUTSIDE,
 *         VMMA_E_BOOKKEEPING_ADDRESS, VMMA_E_NOT_LIVE, VMMA_E_INTERIOR
 * @complexity as vmma_free_from
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_free(struct vmma_context *context, void *block);

/**
 * Why the client's last failed request for memory failed: the last NULL from
 * vmma_alloc, vmma_calloc, vmma_aligned_alloc or vmma_realloc, or the last
 * refusal by vmma_expand.  A success does not change it.
 *
 * @param client  the client
 * @return the cause; VMMA_OK if none failed yet; VMMA_E_NULL or
 *         VMMA_E_DEAD_CLIENT for a handle that is not live
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_get_last_error(const struct vmma_client *client);

/* ---- questions -------------------------------------------------------
 *
 * Any bit pattern may be asked about; nothing is read through it, no event
 * is raised, and nothing changes.
 */

/**
 * Is this the start of a live block of this client?
 *
 * @param client   the client
 * @param address  anything
 * @return 1 or 0; 0 for a handle that is not live
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API int vmma_test_address(const struct vmma_client *client, const void *address);

/**
 * The usable size of a live block of this client.
 *
 * @param client   the client
 * @param address  anything
 * @return bytes, at least what was asked for; 0 if this is not the start of
 *         a live block of this client
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API size_t vmma_get_size(const struct vmma_client *client, const void *address);

/**
 * The usable size of a live block of any client of the context.
 *
 * @param context  the context
 * @param address  anything
 * @return bytes; 0 if this is not the start of a live block
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API size_t vmma_get_block_size(const struct vmma_context *context, const void *address);

/**
 * Whose live block starts here?
 *
 * @param context  the context
 * @param address  anything
 * @return the client's handle, or NULL if no live block starts here
 * @complexity O(1)
 * @threads    one thread per context
 */
VMMA_API struct vmma_client *vmma_get_owner(const struct vmma_context *context, const void *address);

/** A live block, as vmma_find_block and vmma_walk_blocks name it. */
struct vmma_block {
    struct vmma_client *client;
    void *start;
    size_t size;              /* usable bytes                                 */
};

/**
 * Which live block holds this address, at its start or inside?
 *
 * @param context  the context
 * @param address  anything
 * @param block    where to put the answer, unchanged if there is none; may be
 *                 NULL
 * @return VMMA_OK; VMMA_E_CONTEXT, VMMA_E_OUTSIDE,
 *         VMMA_E_BOOKKEEPING_ADDRESS, VMMA_E_NOT_LIVE
 * @complexity O(log n)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_find_block(const struct vmma_context *context, const void *address, struct vmma_block *block);

/* ---- statistics ------------------------------------------------------
 *
 * Bytes of arenas are what a client costs its context: total, peak, quota
 * and reservation count them, exactly, in whole granules.  vmma_get_... are
 * precalculated; vmma_populate_... walk.  A struct that is larger than the
 * library knows is accepted if what it does not know is zero.
 */

/** One client's statistics; set `size` with VMMA_CLIENT_STATS_INIT. */
struct vmma_client_stats {
    size_t size;              /* sizeof this struct                           */
    /* precalculated */
    size_t total_size;        /* bytes of arenas held now; falls when an empty
                                 arena goes back: what freed small blocks lay
                                 in before the client would grow, when others
                                 need it, and at vmma_purge                   */
    size_t peak_size;         /* the highest total_size since creation, reset
                                 or vmma_reset_peak                           */
    size_t quota;             /* 0: none                                      */
    size_t soft_limit;        /* 0: none                                      */
    size_t reservation;       /* bytes, in whole granules; 0: none            */
    size_t arena_count;       /* arenas held now                              */
    size_t failed_count;      /* calls of the alloc family and vmma_expand that
                                 failed for whatever cause (BUSY and bad block
                                 pointers too), those that were retried with
                                 success not included; falls only by
                                 vmma_reset_client                            */
    size_t last_failed_size;  /* bytes that the last of them asked for; 0 if
                                 none failed (SIZE_MAX if a product overflowed) */
    enum vmma_status last_failed_cause; /* VMMA_OK if none failed             */
    size_t largest_block;     /* a request for this many bytes or fewer would
                                 succeed now; more may, if things kept for
                                 reuse make room                              */
    /* populated: 0 unless asked for by vmma_populate_client_stats */
    size_t live_blocks;       /* blocks handed out and not freed              */
    size_t live_size;         /* their usable bytes                           */
    size_t cached_blocks;     /* blocks that are ready for reuse without being
                                 merged: free blocks in slabs, and large
                                 blocks in the cache                          */
    size_t cached_size;       /* their bytes                                  */
    size_t free_size;         /* bytes of free granules in its arenas, which
                                 are in no slab and not cached                */
};
#define VMMA_CLIENT_STATS_INIT                                                \
    { sizeof(struct vmma_client_stats), 0, 0, 0, 0, 0, 0, 0, 0, VMMA_OK, 0,   \
      0, 0, 0, 0, 0 }

/** A context's statistics; set `size` with VMMA_STATS_INIT. */
struct vmma_stats {
    size_t size;              /* sizeof this struct                           */
    /* precalculated */
    size_t block_bytes;       /* the caller's block as used: size at creation
                                 or after the last extension                  */
    size_t bookkeeping_size;  /* what is not heap: bookkeeping and padding    */
    size_t capacity;          /* the heap: bytes that arenas can have         */
    size_t total_size;        /* bytes of arenas held by all clients          */
    size_t peak_size;         /* the highest total_size since creation        */
    size_t free_size;         /* capacity - total_size                        */
    size_t largest_free;      /* an arena of this many bytes could be taken
                                 now: the largest natural piece (DESIGN.md);
                                 arenas of other lengths may be larger.  Arenas
                                 start at multiples of four granules, so up to
                                 three granules behind one that a limit cut
                                 short can be had by nobody                   */
    size_t touched_size;      /* bytes of the heap that were ever in an arena
                                 or passed over; never falls                  */
    size_t client_count;      /* live clients                                 */
    size_t max_clients;
    size_t arena_count;       /* arenas held by all clients                   */
    size_t alignment;         /* as configured                                */
    size_t block_size;        /* the granule, as configured                   */
    size_t smallest_block;    /* bytes that a request for 1 byte gets         */
    size_t failed_count;      /* requests for memory that failed, of all
                                 clients, deleted ones included; never falls  */
    size_t last_failed_size;  /* as in struct vmma_client_stats               */
    enum vmma_status last_failed_cause;
    size_t misuse_count;      /* bad pointers and dead handles answered by
                                 calls that allocate, resize or free          */
    /* populated: 0 unless asked for by vmma_populate_stats */
    size_t live_blocks;       /* sums over the live clients                   */
    size_t live_size;
    size_t cached_blocks;
    size_t cached_size;
};
#define VMMA_STATS_INIT                                                       \
    { sizeof(struct vmma_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
      0, VMMA_OK, 0, 0, 0, 0, 0 }

/**
 * Bytes of arenas that all clients of a context hold.
 *
 * @param context  the context
 * @return bytes; 0 if the context is not live
 * @complexity O(1), precalculated
 * @threads    one thread per context
 */
VMMA_API size_t vmma_get_total_size(const struct vmma_context *context);

/**
 * Bytes of arenas that a client holds.
 *
 * @param client  the client
 * @return bytes; 0 if the client is NULL or dead
 * @complexity O(1), precalculated
 * @threads    one thread per context
 */
VMMA_API size_t vmma_get_client_total_size(const struct vmma_client *client);

/**
 * Count the cached blocks of all clients: see cached_blocks above.
 *
 * @param context  the context
 * @param bytes    where to put their bytes, or NULL
 * @return blocks; 0 (and *bytes 0) if the context is not live
 * @complexity O(slabs, large blocks and free runs of all clients)
 * @threads    one thread per context
 */
VMMA_API size_t vmma_populate_cached_blocks(const struct vmma_context *context, size_t *bytes);

/**
 * Count the cached blocks of one client: see cached_blocks above.
 *
 * @param client  the client
 * @param bytes   where to put their bytes, or NULL
 * @return blocks; 0 (and *bytes 0) if the client is NULL or dead
 * @complexity O(slabs, large blocks and free runs of the client)
 * @threads    one thread per context
 */
VMMA_API size_t vmma_populate_client_cached_blocks(const struct vmma_client *client, size_t *bytes);

/**
 * The precalculated statistics of a context; cheap enough to poll.
 *
 * @param context  the context
 * @param stats    where to put them; its `size` must be set
 * @return VMMA_OK; with nothing written: VMMA_E_CONTEXT, VMMA_E_NULL,
 *         VMMA_E_STRUCT_SIZE
 * @complexity O(log n)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_get_stats(const struct vmma_context *context, struct vmma_stats *stats);

/**
 * The statistics of a context, the populated ones included.
 *
 * @param context  the context
 * @param stats    where to put them; its `size` must be set
 * @return as vmma_get_stats
 * @complexity O(slabs, large blocks and free runs of all clients)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_populate_stats(const struct vmma_context *context, struct vmma_stats *stats);

/**
 * The precalculated statistics of a client; cheap enough to poll.
 *
 * @param client  the client
 * @param stats   where to put them; its `size` must be set
 * @return VMMA_OK; with nothing written: VMMA_E_NULL, VMMA_E_DEAD_CLIENT,
 *         VMMA_E_STRUCT_SIZE
 * @complexity O(log n)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_get_client_stats(const struct vmma_client *client, struct vmma_client_stats *stats);

/**
 * The statistics of a client, the populated ones included.
 *
 * @param client  the client
 * @param stats   where to put them; its `size` must be set
 * @return as vmma_get_client_stats
 * @complexity O(slabs, large blocks and free runs of the client)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_populate_client_stats(const struct vmma_client *client, struct vmma_client_stats *stats);

/** What a client has live, before it is deleted. */
#define VMMA_HISTOGRAM_MAX 64
struct vmma_leak_report {
    size_t size;              /* sizeof this struct                           */
    size_t block_count;       /* live blocks                                  */
    size_t byte_count;        /* their usable bytes                           */
    size_t histogram[VMMA_HISTOGRAM_MAX]; /* [i]: live blocks whose usable
                                 size s has 2^i <= s < 2^(i+1)                */
};
#define VMMA_LEAK_REPORT_INIT { sizeof(struct vmma_leak_report), 0, 0, { 0 } }

/**
 * Count what a client has live, by size: asked just before
 * vmma_delete_client or vmma_reset_client, what it leaked.
 *
 * @param client  the client
 * @param report  where to put it; its `size` must be set
 * @return VMMA_OK; with nothing written: VMMA_E_NULL, VMMA_E_DEAD_CLIENT,
 *         VMMA_E_STRUCT_SIZE
 * @complexity O(slabs, large blocks and free runs of the client)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_get_leak_report(const struct vmma_client *client, struct vmma_leak_report *report);

/* ---- walks and checking ----------------------------------------------
 *
 * A walk's callback returns 0 to go on and anything else to stop.  Calls
 * that only read are allowed in it; all others answer VMMA_E_BUSY.
 */

typedef int vmma_client_callback(void *user, struct vmma_client *client);
typedef int vmma_block_callback(void *user, const struct vmma_block *block);

/**
 * Visit every live client.
 *
 * @param context   the context
 * @param callback  is called once per client
 * @param user      handed to the callback
 * @return VMMA_OK; VMMA_E_STOPPED; VMMA_E_CONTEXT; VMMA_E_NULL (callback)
 * @complexity O(max_clients used so far)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_walk_clients(struct vmma_context *context, vmma_client_callback *callback, void *user);

/**
 * Visit every live block of a client.
 *
 * @param client    the client
 * @param callback  is called once per block
 * @param user      handed to the callback
 * @return VMMA_OK; VMMA_E_STOPPED; VMMA_E_NULL (either); VMMA_E_DEAD_CLIENT
 * @complexity O(live blocks, slabs and free runs of the client)
 * @threads    one thread per context
 */
VMMA_API enum vmma_status vmma_walk_blocks(struct vmma_client *client, vmma_block_callback *callback, void *user);

/**
 * Validate all of the bookkeeping, by recomputing it.  It reads only, and
 * never what a client owns.  NULL does not prove that users' data is intact.
 *
 * @param context  the context
 * @return NULL, or a static string: label and text of the first invariant
 *         found broken (docs/DESIGN.md lists them); for a context that is not
 *         live, "C1: ..."
 * @complexity O(clients + granules ever in use)
 * @threads    one thread per context
 */
VMMA_API const char *vmma_check(const struct vmma_context *context)
    VMMA_ATTR((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif /* LIBVMMA_H */

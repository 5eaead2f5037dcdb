/*
 * adapter.h - what a peer's adapter (bench/peers/NAME.h) tells the workloads.
 *
 * A program is compiled with BENCH_PEER naming the adapter, whose functions
 * are static and inline: the workloads call the peer directly, through no
 * pointer.  What a peer cannot do is a constant here, and the workload leaves
 * it out with an ordinary if.
 *
 *     PEER_NAME       a string
 *     PEER_MANY       heaps alive at once in one space, at most
 *     PEER_SHARES     1: heaps grow in one common block; 0: each has a slice
 *     PEER_HEAP_SPAN  bytes of address space that a small heap needs
 *     PEER_FREES      1: single blocks can be freed
 *     PEER_SIZED      1: to free or resize a block its size must be told
 *     PEER_DESTROYS   1: a heap can be destroyed with its live blocks
 *     PEER_OWNS       PEER_OWNS_NOTHING; PEER_OWNS_BLOCK: answers for
 *                     pointers to blocks; PEER_OWNS_ANY: for any bit pattern
 *     PEER_USABLE     1: tells a block's usable size
 *     PEER_RESIZES    1: can resize a block
 *     PEER_CROSSES    1: a block may be freed by another thread
 *     PEER_CLOSES     1: a space can be closed and opened again
 *     PEER_RESERVES   1: can open a space that is reserved and not resident
 *     PEER_IN_BLOCK   1: all of its blocks lie in the block it was given
 *
 *     peer_heap, struct peer_space
 *     peer_version(text, size)
 *     peer_open(space, block, size, heaps, prefault)  false: it cannot; a
 *         peer that does not use the block makes `size` bytes of its own
 *         memory resident instead, if prefault
 *     peer_close(space), peer_create(space, &heap), peer_destroy(space, heap)
 *     peer_alloc(heap, size), peer_free(heap, block, size): false if the
 *         peer refuses; peer_resize(heap, block, old_size, size)
 *     peer_owns(heap, address), peer_usable(heap, block)
 *
 * Optional, with a macro of the same name defined: peer_thread_start() and
 * peer_thread_stop(), called by each thread of W7; peer_free_crossing(heap,
 * block, size), how the consumer of W7 frees; and for what watches memory over
 * time (phases, adversary):
 *
 *     peer_give_back()   before peer_open: the next space's memory may go back
 *         to the system as it does by itself in a program that sets no options
 *     peer_purge(space)  for a peer that makes no system calls: give back what
 *         is free now
 *     peer_held(heap)    bytes that the heap has, by its own count
 *     peer_bound(sizes, count, live, hole)  see adversary.h
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ADAPTER_H
#define BENCH_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"

#define PEER_OWNS_NOTHING 0
#define PEER_OWNS_BLOCK 1
#define PEER_OWNS_ANY 2

#include BENCH_PEER

#ifndef peer_thread_start
#define peer_thread_start() ((void)0)
#endif
#ifndef peer_thread_stop
#define peer_thread_stop() ((void)0)
#endif
#ifndef peer_free_crossing
#define peer_free_crossing peer_free
#endif
#ifndef peer_give_back
#define peer_give_back() ((void)0)
#endif
#ifndef peer_purge
#define peer_purge(space) ((void)(space))
#endif
#ifndef peer_held
#define peer_held(heap) ((void)(heap), (size_t)0)
#endif
#ifndef peer_bound
#define peer_bound(sizes, count, live, hole) \
    ((void)(sizes), (void)(count), (void)(live), (void)(hole), 0.0)
#endif

#endif

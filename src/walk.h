/*
 * walk.h - visiting the pieces and the live blocks of a client, in the order
 * of its arenas.
 */
#ifndef VMMA_WALK_H
#define VMMA_WALK_H

#include "context.h"

/* A visitor returns false to stop. */
typedef bool walk_piece_visitor(void *state, const struct client *c,
                                uint32_t g, unsigned entry);

/* Visit every piece of a client; false if the visitor stopped it. */
bool vmma__walk_pieces(const struct client *c, walk_piece_visitor *visit,
                       void *state);

/* Visit every live block: the header's call, for handles already judged. */
bool vmma__walk_blocks(const struct client *c, vmma_block_callback *callback,
                       void *user);

/* Name every maximal run of free pages of the heap, lowest first. */
void vmma__walk_free_pages(const struct vmma_context *ctx, size_t page_size,
                           vmma_purge_callback *callback, void *user);

#endif

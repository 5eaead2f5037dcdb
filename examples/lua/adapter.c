/*
 * adapter.c - Lua's allocator hook on a client.
 *
 * Lua asks for all of its memory through one function,
 *
 *     void *hook(void *ud, void *block, size_t osize, size_t nsize)
 *
 * and the whole adapter is to say which call of the library each case is:
 *
 *     block  nsize
 *     any    0       free, and answer NULL   vmma_free_from (NULL is fine)
 *     NULL   n       allocate                vmma_alloc
 *     block  n       resize                  vmma_realloc
 *
 * Two promises of the library are what Lua relies on: shrinking never fails,
 * and a refused request leaves the old block as it was.  When NULL is
 * answered, Lua collects its garbage, asks once more, and only then raises
 * "not enough memory" in the program that asked.  So one failure in a
 * client's statistics need not mean that the program noticed.
 *
 * osize is ignored: the library knows the size of every block (for a new one
 * Lua passes the kind of object there, not a size).
 *
 * SPDX-License-Identifier: MIT
 */
#include "adapter.h"

static void *adapter_hook(void *ud, void *block, size_t osize, size_t nsize)
{
    struct vmma_client *client = ud;

    (void)osize;
    if (nsize == 0) {
        vmma_free_from(client, block);
        return NULL;
    }
    if (block == NULL)
        return vmma_alloc(client, nsize);
    return vmma_realloc(client, block, nsize);
}

lua_State *adapter_new_state(struct vmma_client *client)
{
    return engine_new_state(adapter_hook, client);
}

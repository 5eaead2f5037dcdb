/*
 * adapter.h - a Lua state whose every byte lies in one client.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_ADAPTER_H
#define LUA_HOST_ADAPTER_H

#include "engine.h"

#include <libvmma.h>

/**
 * Make a Lua state that allocates from a client.
 *
 * @param client  the client; must outlive the state
 * @return the state, or NULL when the client has no room for it.  It needs no
 *         lua_close: deleting the client takes all of it away.
 */
lua_State *adapter_new_state(struct vmma_client *client);

#endif /* LUA_HOST_ADAPTER_H */

/*
 * engine.h - Lua's headers, and the two names that changed after Lua 5.4.0.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_ENGINE_H
#define LUA_HOST_ENGINE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#if LUA_VERSION_NUM < 504
#error "this example needs Lua 5.4 or later"
#endif

#if LUA_VERSION_NUM >= 505
#define engine_new_state(f, ud) lua_newstate(f, ud, luaL_makeseed(NULL))
#else
#define engine_new_state(f, ud) lua_newstate(f, ud)
#endif

#if LUA_VERSION_NUM >= 505 || LUA_VERSION_RELEASE_NUM >= 50406
#define engine_close_thread(thread, from) lua_closethread(thread, from)
#else
#define engine_close_thread(thread, from) lua_resetthread(thread)
#endif

#endif /* LUA_HOST_ENGINE_H */

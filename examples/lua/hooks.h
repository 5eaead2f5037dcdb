/*
 * hooks.h - debug.sethook for a program that runs in slices.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_HOOKS_H
#define LUA_HOST_HOOKS_H

#include "engine.h"

/** Replace sethook and gethook in a state's debug library, which is open.
 * The state must have a slicer.  May raise a Lua error. */
void hooks_bind(lua_State *lua);

/** Call the program's hook for an event that is not a count. */
void hooks_call(lua_State *lua, lua_Debug *event);

/** A tick has passed: call the program's hook if its own count is reached. */
void hooks_count(lua_State *lua, lua_Debug *event);

#endif /* LUA_HOST_HOOKS_H */

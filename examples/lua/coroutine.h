/*
 * coroutine.h - the coroutine library of a program that runs in slices.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_COROUTINE_H
#define LUA_HOST_COROUTINE_H

#include "engine.h"

/** Replace what must know of slices in a state's coroutine library, which is
 * open.  The state must have a slicer.  May raise a Lua error. */
void coroutine_bind(lua_State *lua);

#endif /* LUA_HOST_COROUTINE_H */

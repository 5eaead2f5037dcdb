/*
 * slice.c - running a Lua program for a number of instructions at a time.
 *
 * A count hook runs in the program every TICK instructions.  When the slice
 * is used up, the hook yields, which brings the host's lua_resume back; the
 * next lua_resume goes on after the instruction that was interrupted.  The
 * program notices nothing.
 *
 * Coroutines of the program inherit the hook from the one that makes them.
 * Each counts its own instructions, so one that lives for less than a tick is
 * not counted; coroutine.c sees to it that they can be stopped as well.
 *
 * There are moments that cannot yield: in a comparison for table.sort, in a
 * callback of string.gsub, while a chunk is compiled.  There the hook lets
 * the program go on and tries again a tick later.
 *
 * The program's own hooks (debug.sethook) share the one hook that Lua has
 * with ours; hooks.c says how.
 *
 * A program that must end (os.exit, its limit) is made to yield once more and
 * never resumed.  Where it cannot yield it gets an error instead, again at
 * every instruction, so that no pcall keeps it alive.  (Such a program has a
 * few failed requests more in its statistics than it made.)
 *
 * What no hook can stop: a single long call into C (string.rep, a pattern
 * that backtracks for ever); and a __gc metamethod or a hook of the program,
 * where Lua runs no hooks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slice.h"

#include "coroutine.h"
#include "hooks.h"

#include <stdbool.h>
#include <stdlib.h>

/* ---- the hook -------------------------------------------------------- */

/* Lua copies the main thread's extra space into each new thread. */
struct slicer *slicer_of(lua_State *lua)
{
    return *(struct slicer **)lua_getextraspace(lua);
}

/*
 * The error is one for want of memory, by asking for more than there can be.
 * For any other Lua first calls the message handler of xpcall, and as this is
 * a hook, with no hooks: that handler might never return.
 */
int slicer_leave(lua_State *lua)
{
    if (lua_isyieldable(lua)) {
        slicer_of(lua)->stopped = lua;
        return lua_yield(lua, 0);
    }
    lua_sethook(lua, slicer_hook, LUA_MASKCOUNT, 1);
    lua_newuserdatauv(lua, SIZE_MAX / 4, 0);
    return luaL_error(lua, "the program has to end");
}

/* Count a tick.  False when the program must not go on. */
static bool slicer_tick(lua_State *lua)
{
    struct slicer *slicer = slicer_of(lua);
    uint64_t tick = (uint64_t)lua_gethookcount(lua);

    slicer->used += tick;
    slicer->total += tick;
    if (slicer->end == SLICER_GOES_ON && slicer->limit != 0 &&
        slicer->total >= slicer->limit)
        slicer->end = SLICER_LIMIT;
    return slicer->end == SLICER_GOES_ON;
}

/* May the hook yield for this event?  Lua allows it for counts and lines; if
 * it does both, the line comes second, and after a yield it could not be
 * passed on. */
static bool slicer_event_can_yield(lua_State *lua, const lua_Debug *event)
{
    if (!lua_isyieldable(lua))
        return false;
    return event->event == LUA_HOOKLINE ||
           (event->event == LUA_HOOKCOUNT &&
            !(lua_gethookmask(lua) & LUA_MASKLINE));
}

void slicer_hook(lua_State *lua, lua_Debug *event)
{
    struct slicer *slicer = slicer_of(lua);

    if (lua_status(lua) == LUA_YIELD) /* it has just yielded, for its count */
        return;
    if (event->event != LUA_HOOKCOUNT) {
        hooks_call(lua, event);
    } else if (slicer_tick(lua)) {
        hooks_count(lua, event);
    } else {
        slicer_leave(lua);
        return;
    }
    if (slicer->used >= slicer->slice && slicer_event_can_yield(lua, event)) {
        slicer->stopped = lua;
        lua_yield(lua, 0);
    }
}

/* ---- the end --------------------------------------------------------- */

static int slicer_lua_exit(lua_State *lua)
{
    struct slicer *slicer = slicer_of(lua);

    if (lua_isboolean(lua, 1))
        slicer->exit_code = lua_toboolean(lua, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
    else
        slicer->exit_code = (int)luaL_optinteger(lua, 1, EXIT_SUCCESS);
    slicer->end = SLICER_EXIT;
    return slicer_leave(lua);
}

/* ---- the host's side ------------------------------------------------- */

void slicer_bind(lua_State *lua, struct slicer *slicer)
{
    *(struct slicer **)lua_getextraspace(lua) = slicer;
    lua_getglobal(lua, LUA_OSLIBNAME);
    lua_pushcfunction(lua, slicer_lua_exit);
    lua_setfield(lua, -2, "exit");
    lua_pop(lua, 1);
    coroutine_bind(lua);
    hooks_bind(lua);
}

void slicer_set_thread(struct slicer *slicer, lua_State *thread)
{
    slicer->thread = thread;
    lua_sethook(thread, slicer_hook, LUA_MASKCOUNT, SLICER_TICK);
}

enum slice_result slicer_run(struct slicer *slicer, int arguments)
{
    int status, count;

    slicer->used = 0;
    slicer->stopped = NULL;
    status = lua_resume(slicer->thread, NULL, arguments, &count);
    if (slicer->end != SLICER_GOES_ON)
        return SLICE_ENDED;
    if (status == LUA_YIELD)
        return SLICE_MORE;
    return status == LUA_OK ? SLICE_DONE : SLICE_FAILED;
}

void slicer_allow(struct slicer *slicer, lua_State *lua, uint64_t count)
{
    slicer->end = SLICER_GOES_ON;
    slicer->total = 0;
    slicer->limit = count;
    lua_sethook(lua, slicer_hook, LUA_MASKCOUNT, SLICER_TICK);
}

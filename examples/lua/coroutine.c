/*
 * coroutine.c - the coroutine library of a program that runs in slices.
 *
 * The host stops a program by a yield from the count hook.  A yield leads to
 * whoever resumed, and in a coroutine of the program that is not the host but
 * the program's own coroutine.resume, which would take it for a value.  So
 * resume and wrap are replaced.  A coroutine that comes back with `stopped`
 * naming it did not yield by its own will: then resume yields in its turn,
 * and when the host runs the next slice, the continuation resumes the
 * coroutine again:
 *
 *     host <--yield-- main <--yield-- resume <--yield-- hook in inner
 *     host --resume-> main --again--> resume --resume-> inner goes on
 *
 * Where resume itself cannot yield, because it was called in a callback from
 * C, it resumes the coroutine again at once.
 *
 * create, status and close are Lua's own: a coroutine that is stopped in
 * this way is never seen by the program, for then nothing of it runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "coroutine.h"

#include "slice.h"

/* ---- resume and wrap ------------------------------------------------- */

static int coroutine_resume_ended(lua_State *lua, int status, lua_KContext ctx);
static int coroutine_wrap_ended(lua_State *lua, int status, lua_KContext ctx);

/*
 * Resume `inner`, again and again while it was only stopped by the hook, and
 * let `ended` make its results into those of the calling function.  `ended`
 * is also the continuation when the caller has to yield in between: then its
 * status is LUA_YIELD, and it calls back here.
 */
static int coroutine_carry_on(lua_State *lua, lua_State *inner, int arguments,
                           lua_KFunction ended)
{
    struct slicer *slicer = slicer_of(lua);
    int status, count;

    for (;;) {
        status = lua_resume(inner, lua, arguments, &count);
        if (slicer->end != SLICER_GOES_ON)
            return slicer_leave(lua);
        if (status != LUA_YIELD || slicer->stopped != inner)
            break;
        arguments = 0;
        if (lua_isyieldable(lua)) {
            slicer->stopped = lua;
            return lua_yieldk(lua, 0, (lua_KContext)inner, ended);
        }
        slicer->stopped = NULL;
    }
    if (status != LUA_OK && status != LUA_YIELD)
        return ended(lua, status, (lua_KContext)inner);
    if (!lua_checkstack(lua, count + 1)) {
        lua_pop(inner, count);
        lua_pushliteral(inner, "too many results to resume");
        return ended(lua, LUA_ERRRUN, (lua_KContext)inner);
    }
    lua_settop(lua, 0);
    lua_xmove(inner, lua, count);
    return ended(lua, LUA_OK, (lua_KContext)inner);
}

static int coroutine_resume_ended(lua_State *lua, int status, lua_KContext ctx)
{
    lua_State *inner = (lua_State *)ctx;

    if (status == LUA_YIELD)
        return coroutine_carry_on(lua, inner, 0, coroutine_resume_ended);
    if (status != LUA_OK) {
        lua_xmove(inner, lua, 1);
        lua_pushboolean(lua, 0);
        lua_insert(lua, -2);
        return 2;
    }
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

static int coroutine_wrap_ended(lua_State *lua, int status, lua_KContext ctx)
{
    lua_State *inner = (lua_State *)ctx;
    int left;

    if (status == LUA_YIELD)
        return coroutine_carry_on(lua, inner, 0, coroutine_wrap_ended);
    if (status == LUA_OK)
        return lua_gettop(lua);
    left = lua_status(inner);
    if (left != LUA_OK && left != LUA_YIELD) /* it died: close its variables */
        status = engine_close_thread(inner, lua);
    lua_xmove(inner, lua, 1);
    if (status != LUA_ERRMEM && lua_type(lua, -1) == LUA_TSTRING) {
        luaL_where(lua, 1);
        lua_insert(lua, -2);
        lua_concat(lua, 2);
    }
    return lua_error(lua);
}

static int coroutine_lua_resume(lua_State *lua)
{
    lua_State *inner = lua_tothread(lua, 1);
    int count = lua_gettop(lua) - 1;

    luaL_argexpected(lua, inner != NULL, 1, "coroutine");
    if (!lua_checkstack(inner, count)) {
        lua_pushboolean(lua, 0);
        lua_pushliteral(lua, "too many arguments to resume");
        return 2;
    }
    lua_xmove(lua, inner, count);
    return coroutine_carry_on(lua, inner, count, coroutine_resume_ended);
}

static int coroutine_lua_wrapped(lua_State *lua)
{
    lua_State *inner = lua_tothread(lua, lua_upvalueindex(1));
    int count = lua_gettop(lua);

    if (!lua_checkstack(inner, count))
        return luaL_error(lua, "too many arguments to resume");
    lua_xmove(lua, inner, count);
    return coroutine_carry_on(lua, inner, count, coroutine_wrap_ended);
}

static int coroutine_lua_wrap(lua_State *lua)
{
    lua_State *inner;

    luaL_checktype(lua, 1, LUA_TFUNCTION);
    inner = lua_newthread(lua);
    lua_pushvalue(lua, 1);
    lua_xmove(lua, inner, 1);
    lua_pushcclosure(lua, coroutine_lua_wrapped, 1);
    return 1;
}

/* The program's main thread is a coroutine of the host.  The next three keep
 * that from it: it finds itself where a program of its own would be. */

static int coroutine_lua_running(lua_State *lua)
{
    lua_pushthread(lua);
    lua_pushboolean(lua, lua == slicer_of(lua)->thread);
    return 2;
}

static int coroutine_lua_isyieldable(lua_State *lua)
{
    lua_State *asked = lua_isthread(lua, 1) ? lua_tothread(lua, 1) : lua;

    lua_pushboolean(lua, asked != slicer_of(lua)->thread &&
                             lua_isyieldable(asked));
    return 1;
}

static int coroutine_lua_yield(lua_State *lua)
{
    if (lua == slicer_of(lua)->thread)
        return luaL_error(lua, "attempt to yield from outside a coroutine");
    return lua_yield(lua, lua_gettop(lua));
}

void coroutine_bind(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "resume", coroutine_lua_resume },
        { "wrap", coroutine_lua_wrap },
        { "running", coroutine_lua_running },
        { "isyieldable", coroutine_lua_isyieldable },
        { "yield", coroutine_lua_yield },
        { NULL, NULL },
    };

    lua_getglobal(lua, LUA_COLIBNAME);
    luaL_setfuncs(lua, functions, 0);
    lua_pop(lua, 1);
}

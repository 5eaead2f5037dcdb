/*
 * hooks.c - debug.sethook for a program that runs in slices.
 *
 * A Lua thread has one hook, and the slicer needs it.  So the program's hook
 * goes on top of that: the slicer's hook stays where it is, the program's
 * events are added to its mask, and it passes them on.
 *
 *     event         slicer's hook                       program's function
 *     call, line .. passed on                        -> called
 *     count         counted; and when the program's
 *                   count is reached                 -> called
 *
 * For a count, the tick of the thread is made a little smaller, so that it
 * goes into it a whole number of times; a remainder is carried over.
 *
 * Where things are, per thread: the function is in a table in the registry,
 * with the thread as its weak key; what count it wants and how much of that
 * is left are two entries of the registry itself.  All are made when the hook
 * is set, so that none has to be made when it is called.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hooks.h"

#include "slice.h"

#include <string.h>

/* ---- what is kept for a thread --------------------------------------- */

/* The table of functions in the registry, named as in Lua's own library. */
#define HOOKS_FUNCTIONS "_HOOKKEY"

/* Keys for the numbers: the addresses of the thread and its second byte. */
static const void *hooks_wanted_key(lua_State *thread)
{
    return thread;
}

static const void *hooks_left_key(lua_State *thread)
{
    return (const char *)thread + 1;
}

static lua_Integer hooks_get(lua_State *lua, const void *key)
{
    lua_Integer value;

    lua_rawgetp(lua, LUA_REGISTRYINDEX, key);
    value = lua_tointeger(lua, -1); /* 0 if there is none */
    lua_pop(lua, 1);
    return value;
}

static void hooks_set(lua_State *lua, const void *key, lua_Integer value)
{
    lua_pushinteger(lua, value);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, key);
}

static void hooks_push_thread(lua_State *lua, lua_State *thread)
{
    if (thread != lua && !lua_checkstack(thread, 1))
        luaL_error(lua, "stack overflow");
    lua_pushthread(thread);
    lua_xmove(thread, lua, 1);
}

/* Push the function of a thread's hook, or nil. */
static void hooks_push_function(lua_State *lua, lua_State *thread)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, HOOKS_FUNCTIONS);
    hooks_push_thread(lua, thread);
    lua_rawget(lua, -2);
    lua_remove(lua, -2);
}

/* Pop a function, or nil, and make it that of the thread's hook. */
static void hooks_pop_function(lua_State *lua, lua_State *thread)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, HOOKS_FUNCTIONS);
    hooks_push_thread(lua, thread);
    lua_pushvalue(lua, -3);
    lua_rawset(lua, -3);
    lua_pop(lua, 2);
}

/* ---- calling it ------------------------------------------------------ */

void hooks_call(lua_State *lua, lua_Debug *event)
{
    static const char *const names[] = { "call", "return", "line", "count",
                                         "tail call" };

    hooks_push_function(lua, lua);
    if (lua_isfunction(lua, -1)) { /* not for threads that inherited a mask */
        lua_pushstring(lua, names[event->event]);
        if (event->currentline >= 0)
            lua_pushinteger(lua, event->currentline);
        else
            lua_pushnil(lua);
        lua_call(lua, 2, 0);
    } else {
        lua_pop(lua, 1);
    }
}

void hooks_count(lua_State *lua, lua_Debug *event)
{
    lua_Integer wanted = hooks_get(lua, hooks_wanted_key(lua));
    lua_Integer left;

    if (wanted == 0)
        return;
    left = hooks_get(lua, hooks_left_key(lua)) - lua_gethookcount(lua);
    hooks_set(lua, hooks_left_key(lua), left > 0 ? left : left + wanted);
    if (left <= 0)
        hooks_call(lua, event);
}

/* ---- the program's side ---------------------------------------------- */

/* The thread that is meant, and whether it takes the first argument. */
static lua_State *hooks_thread(lua_State *lua, int *first)
{
    *first = lua_isthread(lua, 1);
    return *first ? lua_tothread(lua, 1) : lua;
}

static int hooks_mask(const char *letters)
{
    return (strchr(letters, 'c') != NULL ? LUA_MASKCALL : 0) |
           (strchr(letters, 'r') != NULL ? LUA_MASKRET : 0) |
           (strchr(letters, 'l') != NULL ? LUA_MASKLINE : 0);
}

/* sethook([thread,] hook, mask [, count]) */
static int hooks_lua_sethook(lua_State *lua)
{
    int first, mask = 0, count = 0, ticks;
    lua_State *thread = hooks_thread(lua, &first);

    if (!lua_isnoneornil(lua, first + 1)) {
        mask = hooks_mask(luaL_checkstring(lua, first + 2));
        luaL_checktype(lua, first + 1, LUA_TFUNCTION);
        count = (int)luaL_optinteger(lua, first + 3, 0);
    }
    count = count < 0 ? 0 : count;
    lua_settop(lua, first + 1);
    if (mask == 0 && count == 0) {
        lua_pop(lua, 1);
        lua_pushnil(lua);
    }
    hooks_pop_function(lua, thread);
    hooks_set(lua, hooks_wanted_key(thread), count);
    hooks_set(lua, hooks_left_key(thread), count);
    ticks = count > 0 ? (count - 1) / SLICER_TICK + 1 : 0;
    lua_sethook(thread, slicer_hook, mask | LUA_MASKCOUNT,
                ticks > 0 ? count / ticks : SLICER_TICK);
    return 0;
}

/* gethook([thread]): hook, mask, count */
static int hooks_lua_gethook(lua_State *lua)
{
    int first, mask;
    lua_State *thread = hooks_thread(lua, &first);
    char letters[4];
    size_t size = 0;

    hooks_push_function(lua, thread);
    if (lua_isnil(lua, -1))
        return 1;
    mask = lua_gethookmask(thread);
    if (mask & LUA_MASKCALL)
        letters[size++] = 'c';
    if (mask & LUA_MASKRET)
        letters[size++] = 'r';
    if (mask & LUA_MASKLINE)
        letters[size++] = 'l';
    lua_pushlstring(lua, letters, size);
    lua_pushinteger(lua, hooks_get(lua, hooks_wanted_key(thread)));
    return 3;
}

void hooks_bind(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "sethook", hooks_lua_sethook },
        { "gethook", hooks_lua_gethook },
        { NULL, NULL },
    };

    lua_getglobal(lua, LUA_DBLIBNAME);
    luaL_setfuncs(lua, functions, 0);
    lua_newtable(lua);
    lua_pushliteral(lua, "k");
    lua_setfield(lua, -2, "__mode");
    lua_pushvalue(lua, -1);
    lua_setmetatable(lua, -2); /* it is its own metatable */
    lua_setfield(lua, LUA_REGISTRYINDEX, HOOKS_FUNCTIONS);
    lua_pop(lua, 1);
}

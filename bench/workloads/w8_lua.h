/*
 * w8_lua.h - W8: Lua programs, each in a state of its own whose memory is all
 * a heap's.
 *
 * Case: the program.  run_ns: loading and running it, the state's creation
 * included.  close_ns: lua_close, which frees block by block.  drop_ns:
 * destroying the heap instead, whatever is in it.  Each program returns a
 * number, which is reported too: it depends on the seed, and must not depend
 * on the peer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_W8_LUA_H
#define BENCH_W8_LUA_H

#include "support/clock.h"
#include "support/space.h"

#if BENCH_LUA

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static const char *const lua_programs[] = { "trees", "strings", "tables",
                                            "closures", "json", "queens" };
enum { LUA_PROGRAMS = sizeof lua_programs / sizeof *lua_programs };

struct program {
    const char *name;
    char *text;
    size_t size;
    double run, close, drop; /* nanoseconds, the best of the rounds */
    double answer;
};

/* What Lua calls for each change of its memory. */
static void *lua_memory(void *user, void *block, size_t old_size, size_t size)
{
    const peer_heap heap = *(peer_heap *)user;

    if (size == 0) {
        if (block)
            peer_free(heap, block, old_size);
        return NULL;
    }
    return block ? peer_resize(heap, block, old_size, size)
                 : peer_alloc(heap, size);
}

/* The same, with every byte of a new or grown block written, and every block
 * checked to be inside the space. */
static const struct space *lua_space;

static void *lua_memory_verified(void *user, void *block, size_t old_size,
                                 size_t size)
{
    unsigned char *changed = lua_memory(user, block, old_size, size);

    if (!block)
        old_size = 0;
    if (size == 0)
        return NULL;
    verify_that(changed != NULL, "there is memory for the program");
    if (PEER_IN_BLOCK)
        verify_that(memory_holds(&lua_space->block, changed, size),
                    "a block lies in the memory that the peer was given");
    if (size > old_size)
        memset(changed + old_size, 0xE5, size - old_size);
    return changed;
}

static lua_State *lua_run(struct program *program, peer_heap *heap)
{
    lua_State *state = lua_newstate(
        options.verify ? lua_memory_verified : lua_memory, heap);
    char name[64];

    if (!state)
        report_stop("no memory for a Lua state");
    luaL_openlibs(state);
    snprintf(name, sizeof name, "=%s", program->name);
    if (luaL_loadbuffer(state, program->text, program->size, name) != LUA_OK)
        report_stop("%s does not load", program->name);
    lua_pushinteger(state, (lua_Integer)options.seed);
    lua_pushinteger(state, (lua_Integer)options.divide);
    if (lua_pcall(state, 2, 1, 0) != LUA_OK)
        report_stop("%s: error", lua_tostring(state, -1));
    program->answer = lua_tonumber(state, -1);
    return state;
}

static void lua_round(struct program *program, struct space *space, bool drop)
{
    peer_heap heap = space_heap(space);
    struct stopwatch watch;
    lua_State *state;

    clock_start(&watch);
    state = lua_run(program, &heap);
    program->run = fmin(program->run, clock_stop(&watch));
    clock_start(&watch);
    if (drop) {
        peer_destroy(&space->peer, heap);
        program->drop = fmin(program->drop, clock_stop(&watch));
        return;
    }
    lua_close(state);
    program->close = fmin(program->close, clock_stop(&watch));
    if (PEER_DESTROYS)
        peer_destroy(&space->peer, heap);
}

static void lua_report(const struct program *program)
{
    report_value(program->name, "answer", program->answer);
    if (options.verify)
        return;
    report_value(program->name, "run_ns", program->run);
    report_value(program->name, "close_ns", program->close);
    if (PEER_DESTROYS)
        report_value(program->name, "drop_ns", program->drop);
}

static void lua_program(struct space *space, const char *name)
{
    struct program program = { .name = name, .run = HUGE_VAL,
                               .close = HUGE_VAL, .drop = HUGE_VAL };
    char path[1024];

    snprintf(path, sizeof path, "%s/%s.lua", options.lua, name);
    program.text = memory_file(path, &program.size);
    for (unsigned round = 0; round < (options.rounds + 2) / 3; round++) {
        lua_round(&program, space, false);
        if (PEER_DESTROYS)
            lua_round(&program, space, true);
    }
    lua_report(&program);
}

static void lua(void)
{
    static struct space space;

    report_workload = "w8";
    if (!PEER_FREES) {
        report_skipped("", "frees no single blocks");
        return;
    }
    space_open(&space, (double)((size_t)256 << 20), 1, true);
    lua_space = &space;
    for (int i = 0; i < LUA_PROGRAMS; i++)
        if (!options.program || strcmp(options.program, lua_programs[i]) == 0)
            lua_program(&space, lua_programs[i]);
}

#else

static void lua(void)
{
    report_workload = "w8";
    report_skipped("", "built without Lua 5.4");
}

#endif

#endif

/*
 * program.c - one Lua program in a client of its own, from start to drop.
 *
 *     client (quota) --> Lua state --> main thread
 *                                      thread that runs the file, in slices
 *
 * Any request for memory may fail, and outside of a protected call Lua's
 * answer to that is abort().  So the rule of this file: on a program's state
 * the host calls only what cannot allocate; the rest is done in functions
 * behind program_protect, where "not enough memory" is one more way for the
 * program to fail.
 *
 * Nothing is ever closed.  A program that has ended, in whatever way and
 * state, leaves by one vmma_delete_client.  What that cannot reclaim is what
 * the program got from elsewhere than its client: a file that it opened and
 * left open stays open until the host exits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "program.h"

#include "adapter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the program's own __tostring may use for a last message. */
enum { PROGRAM_LAST_WORDS = 1000000 };

/* ---- small things ---------------------------------------------------- */

static const char *program_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void program_init(struct program *program, const char *path)
{
    size_t size;

    *program = (struct program){ .path = path };
    program->stats = (struct vmma_client_stats)VMMA_CLIENT_STATS_INIT;
    snprintf(program->name, sizeof program->name, "%s",
             program_base_name(path));
    size = strlen(program->name);
    if (size > 4 && strcmp(program->name + size - 4, ".lua") == 0)
        program->name[size - 4] = '\0';
}

const char *program_state_name(enum program_state state)
{
    static const char *const names[] = { "waiting", "running", "finished",
                                         "failed" };

    return names[state];
}

static void program_fail(struct program *program, const char *format, ...)
    VMMA_ATTR((format(printf, 2, 3)));

static void program_fail(struct program *program, const char *format, ...)
{
    va_list arguments;

    program->state = PROGRAM_FAILED;
    va_start(arguments, format);
    vsnprintf(program->message, sizeof program->message, format, arguments);
    va_end(arguments);
    for (char *c = program->message; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
}

void program_note_pressure(void *user, struct vmma_client *client,
                           size_t wanted)
{
    struct program *program = vmma_get_client_user(client);

    (void)user;
    (void)wanted;
    /* Lua's collector must not be called from its own allocator: it is
     * called when the slice is over. */
    program->under_pressure = true;
}

/* ---- calls into the state -------------------------------------------- */

/* Call function(program [, value]) so that errors come back as a status, with
 * the error or one result on top.  `values` on top of the main thread are
 * given to it.  None of the calls here can allocate. */
static int program_protect(struct program *program, lua_CFunction function,
                           int values)
{
    lua_State *lua = program->lua;

    lua_pushcfunction(lua, function);
    lua_insert(lua, -1 - values);
    lua_pushlightuserdata(lua, program);
    lua_insert(lua, -1 - values);
    return lua_pcall(lua, 1 + values, 1, 0);
}

static int program_to_string(lua_State *lua)
{
    luaL_tolstring(lua, 2, NULL);
    return 1;
}

/* Fail with the error object on top of `from`. */
static void program_fail_with_error(struct program *program, lua_State *from)
{
    lua_State *lua = program->lua;

    if (from != lua)
        lua_xmove(from, lua, 1);
    if (lua_type(lua, -1) != LUA_TSTRING) {
        slicer_allow(&program->slicer, lua, PROGRAM_LAST_WORDS);
        lua_pushvalue(lua, -1);
        if (program_protect(program, program_to_string, 1) != LUA_OK)
            lua_pop(lua, 1);
    }
    if (lua_type(lua, -1) == LUA_TSTRING)
        program_fail(program, "%s", lua_tostring(lua, -1));
    else
        program_fail(program, "(the error is a %s)", luaL_typename(lua, -1));
}

static int program_collect(lua_State *lua)
{
    lua_gc(lua, LUA_GCCOLLECT);
    return 0;
}

/* ---- start ----------------------------------------------------------- */

static void program_push_arguments(lua_State *lua, lua_State *thread,
                                   const struct program *program,
                                   const struct program_limits *limits)
{
    lua_createtable(lua, limits->argument_count, 1);
    lua_pushstring(lua, program->path);
    lua_rawseti(lua, -2, 0);
    luaL_checkstack(thread, limits->argument_count, "too many arguments");
    for (int i = 0; i < limits->argument_count; i++) {
        lua_pushstring(lua, limits->arguments[i]);
        lua_pushvalue(lua, -1);
        lua_xmove(lua, thread, 1);
        lua_rawseti(lua, -2, i + 1);
    }
    lua_setglobal(lua, "arg");
}

/* Lua: set_up(program, limits).  Everything at the start that allocates. */
static int program_set_up(lua_State *lua)
{
    struct program *program = lua_touserdata(lua, 1);
    const struct program_limits *limits = lua_touserdata(lua, 2);
    lua_State *thread;

    luaL_openlibs(lua);
    slicer_bind(lua, &program->slicer);
    output_bind(lua, &program->output);

    thread = lua_newthread(lua);
    lua_pushvalue(lua, -1);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, program); /* keep it */
    /* Text only: bytecode is not checked by Lua, and could do anything. */
    if (luaL_loadfilex(lua, program->path, "t") != LUA_OK)
        return lua_error(lua);
    lua_xmove(lua, thread, 1);
    program_push_arguments(lua, thread, program, limits);
    slicer_set_thread(&program->slicer, thread);
    return 0;
}

void program_start(struct program *program, struct vmma_context *context,
                   const struct program_limits *limits)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    enum vmma_status status;

    config.name = program->name;
    config.user = program;
    config.quota = limits->quota;
    config.soft_limit = limits->soft_limit;
    program->slicer.slice = limits->slice;
    program->slicer.limit = limits->limit;
    program->arguments = limits->argument_count;
    program->state = PROGRAM_RUNNING;

    status = vmma_create_client(context, &config, &program->client);
    if (status != VMMA_OK) {
        program_fail(program, "no client: %s", vmma_strerror(status));
        return;
    }
    program->lua = adapter_new_state(program->client);
    if (program->lua == NULL) {
        program_fail(program, "no Lua state: %s",
                     vmma_strerror(vmma_get_last_error(program->client)));
        return;
    }
    if (!output_open(&program->output)) {
        program_fail(program, "no stream for its output");
        return;
    }
    lua_pushlightuserdata(program->lua, (void *)limits);
    if (program_protect(program, program_set_up, 1) != LUA_OK)
        program_fail_with_error(program, program->lua);
}

/* ---- run ------------------------------------------------------------- */

static void program_judge_end(struct program *program)
{
    if (program->slicer.end == SLICER_LIMIT)
        program_fail(program, "used up its %llu instructions",
                     (unsigned long long)program->slicer.limit);
    else if (program->slicer.exit_code != 0)
        program_fail(program, "exit code %d", program->slicer.exit_code);
    else
        program->state = PROGRAM_FINISHED;
}

void program_run(struct program *program)
{
    int arguments = program->arguments;

    program->arguments = 0;
    program->slices++;
    switch (slicer_run(&program->slicer, arguments)) {
    case SLICE_MORE:
        break;
    case SLICE_DONE:
        program->state = PROGRAM_FINISHED;
        break;
    case SLICE_FAILED:
        program_fail_with_error(program, program->slicer.thread);
        break;
    case SLICE_ENDED:
        program_judge_end(program);
        break;
    }
    if (program->state == PROGRAM_RUNNING && program->under_pressure) {
        program->under_pressure = false;
        program_protect(program, program_collect, 0);
        lua_settop(program->lua, 0);
    }
}

void program_look(struct program *program)
{
    if (program->client != NULL)
        vmma_populate_client_stats(program->client, &program->stats);
}

/* ---- drop ------------------------------------------------------------ */

void program_drop(struct program *program, struct vmma_leak_report *report)
{
    *report = (struct vmma_leak_report)VMMA_LEAK_REPORT_INIT;
    if (program->client != NULL) {
        program_look(program);
        vmma_get_leak_report(program->client, report);
        vmma_delete_client(program->client);
    }
    program->client = NULL;
    program->lua = NULL;
    program->slicer.thread = NULL;
    output_close(&program->output);
}

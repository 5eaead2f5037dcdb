/*
 * output.c - what a program writes, collected and handed out by lines.
 *
 * Many programs write at once, in slices, and a table is redrawn between
 * them.  So nothing that a program writes goes to the terminal directly:
 * print, io.write, io.stdout and io.stderr all lead to one stream per
 * program, with this buffer behind it, and the host prints its whole lines
 * after each slice.
 *
 *     text   |  whole lines  |  begun line  |  free  |
 *            0               last newline   size     room
 *
 * A line that is only begun waits for its end, unless it grows beyond
 * LINE_MAX bytes or the program is over.
 *
 * The buffer is the host's memory, not the client's.  So that no quota can be
 * got around by writing, it holds PENDING_MAX bytes and no more: a program
 * that writes more in one slice gets a write error, as on a full disk.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1 /* fopencookie */

#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum {
    OUTPUT_LINE_MAX = 65536,
    OUTPUT_PENDING_MAX = 16 << 20
};

/* ---- the program's side ---------------------------------------------- */

static int output_lua_print(lua_State *lua)
{
    struct output *out = lua_touserdata(lua, lua_upvalueindex(1));
    int count = lua_gettop(lua);

    for (int i = 1; i <= count; i++) {
        size_t size;
        const char *text = luaL_tolstring(lua, i, &size);

        if (i > 1)
            fputc('\t', out->file);
        fwrite(text, 1, size, out->file);
        lua_pop(lua, 1);
    }
    fputc('\n', out->file);
    return 0;
}

/* Lua calls this for f:close() and when it collects the object.  As with the
 * real standard streams, the answer is that it stays open. */
static int output_lua_keep_open(lua_State *lua)
{
    luaL_Stream *stream = luaL_checkudata(lua, 1, LUA_FILEHANDLE);

    stream->closef = output_lua_keep_open;
    luaL_pushfail(lua);
    lua_pushliteral(lua, "cannot close standard file");
    return 2;
}

static void output_push_stream(lua_State *lua, struct output *out)
{
    luaL_Stream *stream = lua_newuserdatauv(lua, sizeof *stream, 0);

    stream->closef = NULL; /* closed, until all of it is set */
    luaL_setmetatable(lua, LUA_FILEHANDLE);
    stream->f = out->file;
    stream->closef = output_lua_keep_open;
}

void output_bind(lua_State *lua, struct output *out)
{
    lua_pushlightuserdata(lua, out);
    lua_pushcclosure(lua, output_lua_print, 1);
    lua_setglobal(lua, "print");

    lua_getglobal(lua, LUA_IOLIBNAME);
    output_push_stream(lua, out);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, "stdout");
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, "stderr");
    lua_getfield(lua, -2, "output"); /* io.output(stream): for io.write */
    lua_insert(lua, -2);
    lua_call(lua, 1, 0);
    lua_pop(lua, 1);
}

/* ---- the stream ------------------------------------------------------ */

static bool output_append(struct output *out, const char *text, size_t size)
{
    size_t room = out->room;
    char *larger;

    if (size > OUTPUT_PENDING_MAX - out->size)
        return false;
    while (room < out->size + size)
        room = room == 0 ? 4096 : room * 2;
    if (room > out->room) {
        larger = realloc(out->text, room);
        if (larger == NULL)
            return false;
        out->text = larger;
        out->room = room;
    }
    memcpy(out->text + out->size, text, size);
    out->size += size;
    return true;
}

/* C has no portable stream on a function; the systems have two that differ
 * in the types and in how they tell an error. */
#if defined(__linux__) || defined(__GLIBC__)
static ssize_t output_write(void *cookie, const char *text, size_t size)
{
    return output_append(cookie, text, size) ? (ssize_t)size : 0;
}

static FILE *output_stream(struct output *out)
{
    cookie_io_functions_t functions = { .write = output_write };

    return fopencookie(out, "w", functions);
}
#else
static int output_write(void *cookie, const char *text, int size)
{
    return output_append(cookie, text, (size_t)size) ? size : -1;
}

static FILE *output_stream(struct output *out)
{
    return funopen(out, NULL, output_write, NULL, NULL);
}
#endif

/* ---- the host's side ------------------------------------------------- */

bool output_open(struct output *out)
{
    *out = (struct output){ 0 };
    out->file = output_stream(out);
    return out->file != NULL;
}

/* How much of the text can be printed now. */
static size_t output_count(struct output *out, bool all)
{
    size_t count;

    if (out->file != NULL)
        fflush(out->file);
    count = out->size;
    if (all || out->size > OUTPUT_LINE_MAX)
        return out->size;
    while (count > 0 && out->text[count - 1] != '\n')
        count--;
    return count;
}

bool output_is_pending(struct output *out, bool all)
{
    return output_count(out, all) > 0;
}

void output_print(struct output *out, bool all, const char *name, FILE *to)
{
    size_t count = output_count(out, all);
    size_t printed = 0;

    while (printed < count) {
        const char *line = out->text + printed;
        const char *newline = memchr(line, '\n', count - printed);
        size_t size = newline != NULL ? (size_t)(newline - line)
                                      : count - printed;

        fprintf(to, "%s| ", name);
        fwrite(line, 1, size, to);
        fputc('\n', to);
        printed += size + (newline != NULL);
    }
    if (count > 0)
        memmove(out->text, out->text + count, out->size - count);
    out->size -= count;
}

void output_close(struct output *out)
{
    if (out->file != NULL)
        fclose(out->file);
    free(out->text);
    *out = (struct output){ 0 };
}

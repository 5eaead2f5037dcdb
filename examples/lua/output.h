/*
 * output.h - what a program writes, collected and handed out by lines.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_OUTPUT_H
#define LUA_HOST_OUTPUT_H

#include "engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output {
    FILE *file;      /* where the program writes; NULL when closed           */
    char *text;      /* written and not printed yet                          */
    size_t size;     /* bytes in text                                        */
    size_t room;     /* bytes that text has room for                         */
};

/** Start collecting.  False when the system refuses.  The struct must stay
 * where it is until it is closed. */
bool output_open(struct output *out);

/** Let a state's print and standard streams write here.  Runs as a part of
 * the program's set-up: it may raise a Lua error. */
void output_bind(lua_State *lua, struct output *out);

/** Is there a whole line (or, with `all`, anything) that was not printed? */
bool output_is_pending(struct output *out, bool all);

/** Print what is pending, each line behind "name| ". */
void output_print(struct output *out, bool all, const char *name, FILE *to);

/** Throw away what is left. */
void output_close(struct output *out);

#endif /* LUA_HOST_OUTPUT_H */

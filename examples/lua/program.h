/*
 * program.h - one Lua program in a client of its own, from start to drop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_PROGRAM_H
#define LUA_HOST_PROGRAM_H

#include "output.h"
#include "slice.h"

#include <libvmma.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum program_state {
    PROGRAM_WAITING = 0,      /* not started yet                             */
    PROGRAM_RUNNING,
    PROGRAM_FINISHED,         /* it came to its end, or exited with success  */
    PROGRAM_FAILED            /* `message` says why                          */
};

/** What each program is allowed, and given. */
struct program_limits {
    size_t quota;             /* bytes; 0: none                              */
    size_t soft_limit;        /* bytes; 0: none                              */
    uint64_t slice;           /* instructions per slice                      */
    uint64_t limit;           /* instructions in all; 0: none                */
    char **arguments;         /* arg[1], arg[2] ... for every program        */
    int argument_count;
};

struct program {
    const char *path;         /* of its file                                 */
    char name[VMMA_NAME_MAX + 1];
    enum program_state state;
    char message[256];        /* PROGRAM_FAILED: one line, with no newline   */

    struct vmma_client *client; /* NULL before the start and after the drop  */
    lua_State *lua;           /* lies in the client, as all below it does    */
    struct slicer slicer;
    struct output output;
    int arguments;            /* for the first slice; then 0                 */
    bool under_pressure;      /* it grew beyond its soft limit               */

    uint64_t slices;
    struct vmma_client_stats stats; /* as last seen                          */
};

/** Name a program after its file; nothing is opened. */
void program_init(struct program *program, const char *path);

/** Make the client and the state, and load the file.  Then the program is
 * running, or has failed. */
void program_start(struct program *program, struct vmma_context *context,
                   const struct program_limits *limits);

/** Run one slice of a running program. */
void program_run(struct program *program);

/** Look at the client's statistics again; what was seen last stays. */
void program_look(struct program *program);

/**
 * Take everything away: the client is deleted and the state is not closed.
 *
 * @param report  what was live in the client
 */
void program_drop(struct program *program, struct vmma_leak_report *report);

/** For the context's configuration; client's user pointer is the program. */
vmma_soft_limit_callback program_note_pressure;

/** A word for a state. */
const char *program_state_name(enum program_state state);

#endif /* LUA_HOST_PROGRAM_H */

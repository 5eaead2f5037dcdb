/*
 * slice.h - running a Lua program for a number of instructions at a time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_SLICE_H
#define LUA_HOST_SLICE_H

#include "engine.h"

#include <stdint.h>

enum { SLICER_TICK = 1000 };  /* instructions between two calls of the hook  */

/** Why a program must not run on, whatever it does. */
enum slicer_end {
    SLICER_GOES_ON = 0,
    SLICER_EXIT,              /* it called os.exit                           */
    SLICER_LIMIT              /* it used up its instructions                 */
};

/** What a slice came to. */
enum slice_result {
    SLICE_MORE,               /* stopped half way: run another slice         */
    SLICE_DONE,               /* the program returned                        */
    SLICE_FAILED,             /* an error, on top of the thread's stack      */
    SLICE_ENDED               /* see `end`; the thread must not be resumed   */
};

struct slicer {
    lua_State *thread;        /* the coroutine that the program runs in      */
    lua_State *stopped;       /* the coroutine that the hook made yield, on
                                 its way down to the host; or NULL           */
    uint64_t slice;           /* instructions per slice                      */
    uint64_t limit;           /* instructions in all; 0: none                */
    uint64_t used;            /* instructions in this slice                  */
    uint64_t total;           /* instructions in all slices                  */
    enum slicer_end end;
    int exit_code;            /* SLICER_EXIT: what os.exit was given         */
};

/* ---- for the host ---------------------------------------------------- */

/**
 * Prepare a state: the functions of the coroutine, debug and os libraries
 * that must know of slices are replaced.  May raise a Lua error.
 *
 * @param lua     the main thread, with the standard libraries open
 * @param slicer  with slice and limit set; must outlive the state
 */
void slicer_bind(lua_State *lua, struct slicer *slicer);

/**
 * Take a coroutine as the program's main one.
 *
 * @param thread  a new thread of the state, with function and arguments
 */
void slicer_set_thread(struct slicer *slicer, lua_State *thread);

/**
 * Run the program until its slice is over, or it is.
 *
 * @param arguments  values on the thread's stack above the function, at the
 *                   first slice; then 0
 */
enum slice_result slicer_run(struct slicer *slicer, int arguments);

/**
 * Allow the main thread, outside of any slice, a last number of
 * instructions: for code of the program that the host itself has to call.
 */
void slicer_allow(struct slicer *slicer, lua_State *lua, uint64_t count);

/* ---- for the replaced functions -------------------------------------- */

/** The slicer of the program that a thread belongs to. */
struct slicer *slicer_of(lua_State *lua);

/** The hook: of every thread of the program, with the count event in its mask
 * and at most SLICER_TICK as its count. */
void slicer_hook(lua_State *lua, lua_Debug *event);

/** The program must not go on: does not return to it.  To be called by a C
 * function of its as `return slicer_leave(lua)`, after `end` was set. */
int slicer_leave(lua_State *lua);

#endif /* LUA_HOST_SLICE_H */

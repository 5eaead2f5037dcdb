/*
 * options.h - the command line of lua-host.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_OPTIONS_H
#define LUA_HOST_OPTIONS_H

#include "program.h"

struct options {
    size_t memory;            /* bytes of the block for the context          */
    bool sequential;          /* one after the other, not in turns           */
    bool strict;              /* a failed program is a failure of the host   */
    uint64_t every;           /* slices between two tables; 0: only the last */
    struct program_limits limits;
    char **paths;             /* of the programs; point into argv            */
    int path_count;
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/** Read the command line; what is wrong is told on stderr. */
enum options_result options_read(struct options *options, int argc,
                                 char **argv);

/** Print how to call the program. */
void options_print_help(FILE *to);

#endif /* LUA_HOST_OPTIONS_H */

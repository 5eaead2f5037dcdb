/*
 * lua-host - run Lua programs, each in a client of its own, and drop them.
 *
 *     one block of memory
 *     +---------------------------------------------------------+
 *     | context                                                 |
 *     |   client "json"     client "queens"     client "bomb"   |
 *     |   quota 4M          quota 4M            quota 4M        |
 *     |   +-----------+     +-----------+       +-----------+   |
 *     |   | Lua state |     | Lua state |       | Lua state |   |
 *     |   +-----------+     +-----------+       +-----------+   |
 *     +---------------------------------------------------------+
 *
 * What it shows:
 *
 *   isolation   a program that allocates without end gets "not enough
 *               memory" at its own quota; the others do not notice.
 *   reclaiming  a program that is over, in whatever state, is dropped by one
 *               vmma_delete_client.  lua_close is never called.
 *   statistics  a table of all clients, polled while they run.
 *   no leaks    at the end the context is what it was before the first
 *               client, to the byte; that decides the exit status.
 *
 * The rooms, each using only those above it; slice and its two parts are one:
 *
 *     adapter   Lua's allocator hook on a client
 *     output    what a program writes, by lines
 *     slice     running for a number of instructions, and not more
 *     coroutine   its part in the program's coroutine library
 *     hooks       its part in debug.sethook
 *     program   one program, from start to drop
 *     options   the command line
 *     display   the table
 *     main      (here) the context, and whose turn it is
 *
 * SPDX-License-Identifier: MIT
 */
#include "display.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

struct host {
    struct options options;
    void *memory;             /* the caller's block: all that programs have  */
    struct vmma_context *context;
    struct vmma_stats before; /* before the first client                     */
    struct program *programs; /* options.path_count of them                  */
    struct display display;
    uint64_t slices;          /* of all programs                             */
    int failed;               /* programs                                    */
};

/* ---- one program's turn ---------------------------------------------- */

static void host_print_output(struct host *host, struct program *program,
                              bool all)
{
    if (!output_is_pending(&program->output, all))
        return;
    display_clear(&host->display);
    output_print(&program->output, all, program->name, stdout);
}

static void host_draw_if_due(struct host *host)
{
    uint64_t every = host->options.every;
    bool due = host->display.live
                   ? display_is_due(&host->display) || !host->display.lines
                   : every != 0 && host->slices % every == 0;

    if (!due)
        return;
    for (int i = 0; i < host->options.path_count; i++)
        program_look(&host->programs[i]);
    display_draw(&host->display);
}

/* The program is over: show what it left behind, and take it away. */
static void host_drop(struct host *host, struct program *program)
{
    struct vmma_leak_report report;
    char live[DISPLAY_SIZE_MAX], total[DISPLAY_SIZE_MAX];

    host_print_output(host, program, true);
    display_clear(&host->display);
    program_drop(program, &report);
    printf("%s %s%s%s; dropped with %zu live blocks, %s in %s of arenas\n",
           program->name, program_state_name(program->state),
           program->message[0] != '\0' ? ": " : "", program->message,
           report.block_count, display_size(live, report.byte_count),
           display_size(total, program->stats.total_size));
    if (program->state == PROGRAM_FAILED)
        host->failed++;
}

static void host_start(struct host *host, struct program *program)
{
    program_start(program, host->context, &host->options.limits);
    if (program->state != PROGRAM_RUNNING)
        host_drop(host, program);
}

static void host_turn(struct host *host, struct program *program)
{
    program_run(program);
    host->slices++;
    if (program->state == PROGRAM_RUNNING)
        host_print_output(host, program, false);
    else
        host_drop(host, program);
    host_draw_if_due(host);
}

/* ---- all of them ----------------------------------------------------- */

static void host_run_sequentially(struct host *host)
{
    for (int i = 0; i < host->options.path_count; i++) {
        struct program *program = &host->programs[i];

        host_start(host, program);
        while (program->state == PROGRAM_RUNNING)
            host_turn(host, program);
    }
}

/* All are started before the first one runs: what a program without a quota
 * takes, it cannot take from another's start. */
static void host_run_in_turns(struct host *host)
{
    int running;

    for (int i = 0; i < host->options.path_count; i++)
        host_start(host, &host->programs[i]);
    do {
        running = 0;
        for (int i = 0; i < host->options.path_count; i++) {
            if (host->programs[i].state != PROGRAM_RUNNING)
                continue;
            host_turn(host, &host->programs[i]);
            running++;
        }
    } while (running > 0);
}

/* ---- the context ----------------------------------------------------- */

/* Lua never gives a bad pointer to its allocator.  If one arrives, then the
 * host or the library is broken: say so at once. */
static void host_event(void *user, const struct vmma_event *event)
{
    (void)user;
    if (event->kind == VMMA_EVENT_MISUSE)
        fprintf(stderr, "lua-host: misuse by client \"%s\": %s\n",
                event->client != NULL ? vmma_get_client_name(event->client)
                                      : "",
                vmma_strerror(event->status));
}

static bool host_open(struct host *host)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;
    enum vmma_status status;

    config.max_clients = (size_t)host->options.path_count;
    config.event = host_event;
    config.soft_limit = program_note_pressure;
    host->before = (struct vmma_stats)VMMA_STATS_INIT;
    host->programs = calloc((size_t)host->options.path_count,
                            sizeof *host->programs);
    host->memory = malloc(host->options.memory);
    if (host->programs == NULL || host->memory == NULL) {
        fputs("lua-host: the system has no memory for this\n", stderr);
        return false;
    }
    status = vmma_create_context(host->memory, host->options.memory, &config,
                                 &host->context);
    if (status != VMMA_OK) {
        fprintf(stderr, "lua-host: no context in %zu bytes: %s\n",
                host->options.memory, vmma_strerror(status));
        return false;
    }
    for (int i = 0; i < host->options.path_count; i++)
        program_init(&host->programs[i], host->options.paths[i]);
    vmma_get_stats(host->context, &host->before);
    display_init(&host->display, host->programs, host->options.path_count,
                 host->context);
    return true;
}

static void host_close(struct host *host)
{
    if (host->context != NULL)
        vmma_delete_context(host->context);
    free(host->memory);
    free(host->programs);
}

/* Is the context what it was before the first client, to the byte? */
static bool host_is_restored(const struct host *host)
{
    const struct vmma_stats *before = &host->before;
    struct vmma_stats after = VMMA_STATS_INIT;
    const char *broken = vmma_check(host->context);
    bool same;

    vmma_get_stats(host->context, &after);
    same = before->free_size == after.free_size &&
           before->largest_free == after.largest_free &&
           before->total_size == after.total_size &&
           before->client_count == after.client_count;
    printf("%-8s %12s %12s %12s %8s\n", "context", "free", "largest", "total",
           "clients");
    printf("%-8s %12zu %12zu %12zu %8zu\n", "before", before->free_size,
           before->largest_free, before->total_size, before->client_count);
    printf("%-8s %12zu %12zu %12zu %8zu\n", "after", after.free_size,
           after.largest_free, after.total_size, after.client_count);
    printf("vmma_check: %s\n", broken == NULL ? "no invariant is broken"
                                              : broken);
    printf("the context is%s back to its initial state\n",
           same && broken == NULL ? "" : " NOT");
    return same && broken == NULL && after.misuse_count == 0;
}

static int host_main(struct host *host)
{
    bool restored;

    if (!host_open(host))
        return EXIT_FAILURE;
    if (host->options.sequential)
        host_run_sequentially(host);
    else
        host_run_in_turns(host);
    display_draw(&host->display);
    printf("%d programs, %d failed\n", host->options.path_count, host->failed);
    restored = host_is_restored(host);
    if (!restored || (host->options.strict && host->failed > 0))
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct host host = { 0 };
    int status;

    switch (options_read(&host.options, argc, argv)) {
    case OPTIONS_HELP:
        options_print_help(stdout);
        return EXIT_SUCCESS;
    case OPTIONS_WRONG:
        return 2;
    case OPTIONS_RUN:
        break;
    }
    status = host_main(&host);
    host_close(&host);
    return status;
}

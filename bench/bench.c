/*
 * bench.c - one peer's benchmark program: reads the options, runs workloads.
 *
 * It is compiled once per peer.  BENCH_PEER names the adapter, which is
 * compiled into the workloads, so that every call to the peer is direct.
 *
 *     bench_PEER [option]... workload...
 *
 * README.md tells the workloads, `bench_PEER --help` the options.
 *
 * SPDX-License-Identifier: MIT
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "support/adapter.h"

#include "workloads/adversary.h"
#include "workloads/context.h"
#include "workloads/phases.h"
#include "workloads/w1_lifo.h"
#include "workloads/w2_churn.h"
#include "workloads/w3_teardown.h"
#include "workloads/w4_heaps.h"
#include "workloads/w5_questions.h"
#include "workloads/w6_grow.h"
#include "workloads/w7_threads.h"
#include "workloads/w8_lua.h"

static const struct workload {
    const char *name;
    void (*run)(void);
} workloads[] = {
    { "w1", lifo },        { "w2", churn }, { "footprint", footprint },
    { "w3", teardown },    { "w4", heaps }, { "w5", questions },
    { "w6", grow },        { "w7", threads }, { "w8", lua },
    { "context", context }, { "phases", phases },
    { "adversary", adversary }
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static const char usage[] =
    "usage: bench_PEER [option]... workload...\n"
    "workloads: w1 w2 footprint w3 w4 w5 w6 w7 w8 context phases "
    "adversary\n"
    "  --seed=N       seed of all random numbers (1)\n"
    "  --sizes=NAME   log or vm: w2, footprint, w5 (log)\n"
    "  --live=N       live blocks: w2, footprint, w5 (1000)\n"
    "  --count=N      blocks of a heap: w3 (1000, 100000 and 1000000)\n"
    "  --heaps=N      heaps: w4 (1000)\n"
    "  --reserve=N    MiB of the block: context (64)\n"
    "  --lua=DIR      where the Lua programs are: w8 (lua)\n"
    "  --program=NAME one program: w8, adversary (all)\n"
    "  --rounds=N     measure N times, the best counts (3)\n"
    "  --divide=N     a part of the steps only (1)\n"
    "  --verify       check every byte of every block; measure nothing\n"
    "  --huge-pages   let the system use huge pages\n"
    "  --smoke        all workloads, tiny, checked and measured\n"
    "  --version      the peer's name and version\n";

static void print_version(void)
{
    char version[64] = "";

    peer_version(version, sizeof version);
    printf("{\"peer\":\"%s\",\"version\":\"%s\",\"in_block\":%d,"
           "\"compiler\":\"%s\"}\n",
           PEER_NAME, version, PEER_IN_BLOCK,
#ifdef __clang__
           "clang " __clang_version__
#else
           "gcc " __VERSION__
#endif
    );
}

static void run(const struct workload *workload)
{
    workload->run();
    memory_forget(PEER_CLOSES);
}

static void run_named(const char *name)
{
    for (int i = 0; i < WORKLOADS; i++)
        if (strcmp(name, workloads[i].name) == 0) {
            run(&workloads[i]);
            return;
        }
    report_stop("unknown workload %s", name);
}

/* All workloads so small that all of them together take a second or so. */
static void smoke(void)
{
    options.divide = 2000;
    options.rounds = 1;
    options.count = 500;
    options.live = 200;
    options.heaps = 5;
    options.prefault = false;
    for (int verify = 1; verify >= 0; verify--) {
        options.verify = verify;
        for (int i = 0; i < WORKLOADS; i++)
            run(&workloads[i]);
    }
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (end == text || *end)
        report_stop("%s is not a number", text);
    return value;
}

/* The text after `name` and "=", or NULL. */
static const char *value_of(const char *argument, const char *name)
{
    size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 && argument[length] == '='
               ? argument + length + 1
               : NULL;
}

static bool read_number(const char *argument)
{
    const char *value;

    if ((value = value_of(argument, "--seed")))
        options.seed = number(value);
    else if ((value = value_of(argument, "--live")))
        options.live = (size_t)number(value);
    else if ((value = value_of(argument, "--count")))
        options.count = (size_t)number(value);
    else if ((value = value_of(argument, "--heaps")))
        options.heaps = (size_t)number(value);
    else if ((value = value_of(argument, "--reserve")))
        options.reserve = (size_t)(number(value) << 20);
    else if ((value = value_of(argument, "--rounds")))
        options.rounds = (unsigned)number(value);
    else if ((value = value_of(argument, "--divide")))
        options.divide = (unsigned)number(value);
    else
        return false;
    if (!options.live || !options.heaps || !options.rounds || !options.divide ||
        !options.reserve || options.live > UINT32_MAX / 2)
        report_stop("%s is out of range", argument);
    return true;
}

static bool read_option(const char *argument)
{
    const char *value;

    if ((value = value_of(argument, "--sizes"))) {
        if (!sizes_known(value))
            report_stop("sizes are log or vm, not %s", value);
        options.sizes = value;
    } else if ((value = value_of(argument, "--lua"))) {
        options.lua = value;
    } else if ((value = value_of(argument, "--program"))) {
        options.program = value;
    } else if (strcmp(argument, "--verify") == 0) {
        options.verify = true;
    } else if (strcmp(argument, "--huge-pages") == 0) {
        memory_set_huge_pages(true);
    } else if (strcmp(argument, "--version") == 0) {
        print_version();
    } else if (strcmp(argument, "--help") == 0) {
        fputs(usage, stdout);
    } else if (strcmp(argument, "--smoke") == 0) {
        smoke();
    } else {
        return read_number(argument);
    }
    return true;
}

int main(int count, char **arguments)
{
    memory_set_huge_pages(false);
    clock_calibrate();
    if (count < 2) {
        fputs(usage, stderr);
        return 2;
    }
    for (int i = 1; i < count; i++) {
        if (arguments[i][0] != '-')
            run_named(arguments[i]);
        else if (!read_option(arguments[i]))
            report_stop("unknown option %s", arguments[i]);
    }
    return 0;
}

/*
 * report.h - what a benchmark program prints: one JSON object per line.
 *
 *     {"workload":"w2","case":"log 1000","metric":"ns","value":7.25}
 *     {"workload":"w4","case":"1000","skipped":"one heap only"}
 *     {"workload":"phases","case":"","series":"live","values":[1,2,3]}
 *     {"error":"out of memory"}                     and exit status 1
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What is running, for messages. */
static const char *report_workload = "";

static void report_value(const char *name, const char *metric, double value)
{
    printf("{\"workload\":\"%s\",\"case\":\"%s\",\"metric\":\"%s\","
           "\"value\":%.10g}\n",
           report_workload, name, metric, value);
    fflush(stdout);
}

/* What something was over time. */
static void report_series(const char *name, const char *what,
                          const double *values, size_t count)
{
    printf("{\"workload\":\"%s\",\"case\":\"%s\",\"series\":\"%s\","
           "\"values\":[",
           report_workload, name, what);
    for (size_t i = 0; i < count; i++)
        printf("%s%.10g", i ? "," : "", values[i]);
    printf("]}\n");
    fflush(stdout);
}

static void report_skipped(const char *name, const char *why)
{
    printf("{\"workload\":\"%s\",\"case\":\"%s\",\"skipped\":\"%s\"}\n",
           report_workload, name, why);
    fflush(stdout);
}

__attribute__((noreturn, format(printf, 1, 2), cold))
static void report_stop(const char *format, ...)
{
    va_list list;

    printf("{\"workload\":\"%s\",\"error\":\"", report_workload);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\"}\n");
    fflush(stdout);
    exit(1);
}

#endif

/*
 * display.c - the table of all programs, on a terminal or in a log.
 *
 * On a terminal the table stays at the bottom: to print anything, the cursor
 * goes up over the table, all below it is erased, and the table is drawn
 * again underneath what was printed.  That only works when every row of the
 * table is one row of the screen; on a smaller terminal, and in a file or a
 * pipe, tables just follow each other.
 *
 * What the columns count is in libvmma.h, struct vmma_client_stats.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE 1 /* struct winsize */
#define _POSIX_C_SOURCE 200809L

#include "display.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    DISPLAY_WIDTH = 79,
    DISPLAY_EXTRA_LINES = 3,  /* headings, the context, and the cursor       */
    DISPLAY_INTERVAL = 50     /* milliseconds between two tables             */
};

static uint64_t display_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool display_fits(int count)
{
#ifdef TIOCGWINSZ
    struct winsize window;

    return isatty(STDOUT_FILENO) &&
           ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
           window.ws_row > count + DISPLAY_EXTRA_LINES &&
           window.ws_col > DISPLAY_WIDTH;
#else
    (void)count;
    return false;
#endif
}

void display_init(struct display *display, const struct program *programs,
                  int count, const struct vmma_context *context)
{
    *display = (struct display){ .programs = programs,
                                 .count = count,
                                 .context = context,
                                 .live = display_fits(count) };
}

void display_clear(struct display *display)
{
    if (display->lines > 0)
        printf("\033[%dA\033[J", display->lines);
    display->lines = 0;
}

bool display_is_due(const struct display *display)
{
    return display->live &&
           display_now() - display->drawn_at >= DISPLAY_INTERVAL;
}

const char *display_size(char text[DISPLAY_SIZE_MAX], size_t size)
{
    static const char units[] = "KMGTPE";
    double value = (double)size;
    int unit = -1;

    while (value >= 999.5) {
        value /= 1024;
        unit++;
    }
    if (unit < 0)
        snprintf(text, DISPLAY_SIZE_MAX, "%zu", size);
    else
        snprintf(text, DISPLAY_SIZE_MAX, value < 9.95 ? "%.1f%c" : "%.0f%c",
                 value, units[unit]);
    return text;
}

static void display_row(const struct program *program)
{
    const struct vmma_client_stats *stats = &program->stats;
    char total[DISPLAY_SIZE_MAX], peak[DISPLAY_SIZE_MAX];
    char quota[DISPLAY_SIZE_MAX], live[DISPLAY_SIZE_MAX];

    printf("%-18.18s %-8s %7llu %6s %6s %6s %6s %8zu %6zu\n", program->name,
           program_state_name(program->state),
           (unsigned long long)program->slices,
           display_size(total, stats->total_size),
           display_size(peak, stats->peak_size),
           stats->quota == 0 ? "none" : display_size(quota, stats->quota),
           display_size(live, stats->live_size), stats->live_blocks,
           stats->failed_count);
}

void display_draw(struct display *display)
{
    struct vmma_stats stats = VMMA_STATS_INIT;
    char total[DISPLAY_SIZE_MAX], capacity[DISPLAY_SIZE_MAX];
    char largest[DISPLAY_SIZE_MAX];

    display_clear(display);
    printf("%-18s %-8s %7s %6s %6s %6s %6s %8s %6s\n", "PROGRAM", "STATE",
           "SLICES", "TOTAL", "PEAK", "QUOTA", "LIVE", "BLOCKS", "FAILED");
    for (int i = 0; i < display->count; i++)
        display_row(&display->programs[i]);
    vmma_get_stats(display->context, &stats);
    printf("context: %zu clients hold %s of %s, largest free arena %s\n",
           stats.client_count, display_size(total, stats.total_size),
           display_size(capacity, stats.capacity),
           display_size(largest, stats.largest_free));
    if (display->live)
        display->lines = display->count + 2;
    display->drawn_at = display_now();
    fflush(stdout);
}

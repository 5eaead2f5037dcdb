/*
 * display.h - the table of all programs, on a terminal or in a log.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LUA_HOST_DISPLAY_H
#define LUA_HOST_DISPLAY_H

#include "program.h"

struct display {
    const struct program *programs;
    int count;
    const struct vmma_context *context;
    bool live;                /* redrawn in place                            */
    int lines;                /* of the table that is on the screen now      */
    uint64_t drawn_at;        /* milliseconds of some clock                  */
};

/** Enough for every size_t with its unit. */
#define DISPLAY_SIZE_MAX 24

/** "812", "48K", "3.9M". */
const char *display_size(char text[DISPLAY_SIZE_MAX], size_t size);

/** Find out whether stdout is a terminal that is large enough. */
void display_init(struct display *display, const struct program *programs,
                  int count, const struct vmma_context *context);

/** Take the table off the screen, so that lines can be printed. */
void display_clear(struct display *display);

/** Is it time to draw again, on a terminal? */
bool display_is_due(const struct display *display);

/** Print the table; on a terminal instead of the last one. */
void display_draw(struct display *display);

#endif /* LUA_HOST_DISPLAY_H */

/*
 * plugin.h - what a plugin and its host know of each other.
 *
 * A plugin has no allocator of its own: all its memory comes from the two
 * functions that the host gives it.  Behind them is a client of libvmma that
 * belongs to this plugin alone, but a plugin needs not know that, and is not
 * linked with the library.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PLUGIN_HOST_PLUGIN_H
#define PLUGIN_HOST_PLUGIN_H

#include <stddef.h>

struct plugin_host {
    void *memory;             /* the first argument of both functions        */
    void *(*alloc)(void *memory, size_t size); /* NULL: no memory is left    */
    void (*free)(void *memory, void *block);   /* NULL is fine               */
};

struct plugin {
    const char *name;

    /* Start: answers the plugin's own state, NULL if there is no memory for
     * it.  There is no end: the host takes all memory away at once. */
    void *(*open)(const struct plugin_host *host);

    /* The sum of a number's decimal digits; -1 if there is no memory. */
    int (*digit_sum)(void *state, unsigned long number);
};

/** The one symbol that the host looks up. */
extern const struct plugin plugin_entry;

#endif /* PLUGIN_HOST_PLUGIN_H */

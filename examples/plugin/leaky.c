/*
 * leaky.c - a plugin that leaks a block on every call.
 *
 * It gives the right answers, and forgets to free the text that it makes for
 * each of them.  Some texts are padded, so that the leaks have many sizes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin.h"

#include <stdio.h>

struct leaky {
    const struct plugin_host *host;
    unsigned long calls;
};

static void *leaky_open(const struct plugin_host *host)
{
    struct leaky *leaky = host->alloc(host->memory, sizeof *leaky);

    if (leaky != NULL)
        *leaky = (struct leaky){ .host = host };
    return leaky;
}

static int leaky_digit_sum(void *state, unsigned long number)
{
    struct leaky *leaky = state;
    size_t size = 24 + leaky->calls++ % 8 * 40;
    char *text = leaky->host->alloc(leaky->host->memory, size);
    int sum = 0;

    if (text == NULL)
        return -1;
    snprintf(text, size, "%lu", number);
    for (const char *digit = text; *digit != '\0'; digit++)
        sum += *digit - '0';
    return sum; /* and the text? */
}

const struct plugin plugin_entry = { "leaky", leaky_open, leaky_digit_sum };

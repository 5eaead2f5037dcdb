/*
 * polite.c - a plugin that frees what it allocates.
 *
 * It writes each number into a block, adds up the digits, and keeps the last
 * few blocks in a ring: a later call frees them.  What it holds is bounded.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin.h"

#include <stdio.h>

enum { POLITE_RING = 16, POLITE_DIGITS = 24 };

struct polite {
    const struct plugin_host *host;
    char *ring[POLITE_RING];  /* texts of the last calls, or NULL            */
    unsigned next;            /* which one is replaced next                  */
};

static void *polite_open(const struct plugin_host *host)
{
    struct polite *polite = host->alloc(host->memory, sizeof *polite);

    if (polite != NULL)
        *polite = (struct polite){ .host = host };
    return polite;
}

static int polite_digit_sum(void *state, unsigned long number)
{
    struct polite *polite = state;
    const struct plugin_host *host = polite->host;
    char *text = host->alloc(host->memory, POLITE_DIGITS);
    int sum = 0;

    if (text == NULL)
        return -1;
    snprintf(text, POLITE_DIGITS, "%lu", number);
    for (const char *digit = text; *digit != '\0'; digit++)
        sum += *digit - '0';
    host->free(host->memory, polite->ring[polite->next]);
    polite->ring[polite->next] = text;
    polite->next = (polite->next + 1) % POLITE_RING;
    return sum;
}

const struct plugin plugin_entry = { "polite", polite_open, polite_digit_sum };

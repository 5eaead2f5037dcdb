/*
 * plugin-host - call plugins a million times, although one of them leaks.
 *
 *     context --> client "polite"  <-- alloc, free --  polite.so
 *             --> client "leaky"   <-- alloc, free --  leaky.so
 *
 * Each plugin gets an allocator that is bound to a client of its own, with a
 * quota.  The one that leaks runs into its quota again and again.  Then the
 * host looks at what has leaked, deletes the client and makes a new one, and
 * the plugin starts anew; the call that had failed is done again.  The other
 * plugin keeps its client, and its state, all the time.
 *
 * What it shows: however often that happens, the host stays flat.  At every
 * tenth of the way it prints what all clients hold; at the end it compares
 * the context's statistics with those before the first client, and that
 * decides the exit status.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "plugin.h"

#include <dlfcn.h>
#include <libvmma.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOST_MEMORY = 4 << 20,
    HOST_QUOTA = 256 << 10,   /* per plugin                                  */
    HOST_PLUGINS_MAX = 8
};

/* A plugin as its host sees it.  It must not move: `given` is the plugin's
 * for as long as it runs. */
struct guest {
    void *library;            /* of dlopen                                   */
    const struct plugin *plugin;
    struct vmma_client *client;
    struct plugin_host given; /* what the plugin was given                   */
    void *state;              /* the plugin's own                            */
    unsigned long restarts;
    size_t leaked_blocks;     /* in all restarts together                    */
    size_t leaked_size;
};

static struct guest guests[HOST_PLUGINS_MAX];
static int guest_count;

/* ---- the allocator that a plugin gets -------------------------------- */

static void *host_alloc(void *memory, size_t size)
{
    return vmma_alloc(memory, size);
}

/* vmma_free_from, not vmma_free: a plugin can free its own blocks only. */
static void host_free(void *memory, void *block)
{
    enum vmma_status status = vmma_free_from(memory, block);

    if (status != VMMA_OK)
        fprintf(stderr, "plugin-host: \"%s\" frees a bad pointer: %s\n",
                vmma_get_client_name(memory), vmma_strerror(status));
}

/* ---- one plugin ------------------------------------------------------ */

static bool guest_load(struct guest *guest, const char *path)
{
    guest->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (guest->library != NULL)
        guest->plugin = dlsym(guest->library, "plugin_entry");
    if (guest->plugin == NULL)
        fprintf(stderr, "plugin-host: %s\n", dlerror());
    return guest->plugin != NULL;
}

static bool guest_start(struct guest *guest, struct vmma_context *context)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;
    enum vmma_status status;

    config.name = guest->plugin->name;
    config.quota = HOST_QUOTA;
    status = vmma_create_client(context, &config, &guest->client);
    if (status != VMMA_OK) {
        fprintf(stderr, "plugin-host: no client: %s\n", vmma_strerror(status));
        return false;
    }
    guest->given = (struct plugin_host){ guest->client, host_alloc, host_free };
    guest->state = guest->plugin->open(&guest->given);
    return guest->state != NULL;
}

static void guest_report(const struct guest *guest,
                         const struct vmma_leak_report *report)
{
    printf("%s has %zu live blocks of %zu bytes:", guest->plugin->name,
           report->block_count, report->byte_count);
    for (int i = 0; i < VMMA_HISTOGRAM_MAX; i++)
        if (report->histogram[i] != 0)
            printf("  %zu of %llu..%llu", report->histogram[i], 1ULL << i,
                   (2ULL << i) - 1);
    putchar('\n');
}

static void guest_stop(struct guest *guest)
{
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;

    vmma_get_leak_report(guest->client, &report);
    if (guest->restarts == 0)
        guest_report(guest, &report);
    guest->leaked_blocks += report.block_count;
    guest->leaked_size += report.byte_count;
    vmma_delete_client(guest->client);
    guest->client = NULL;
    guest->state = NULL;
}

/* Call the plugin; when its memory is used up, with a new client. */
static bool guest_call(struct guest *guest, struct vmma_context *context,
                       unsigned long number, int expected)
{
    int sum = guest->plugin->digit_sum(guest->state, number);

    if (sum < 0) {
        if (guest->restarts == 0)
            printf("%s: %s\n", guest->plugin->name,
                   vmma_strerror(vmma_get_last_error(guest->client)));
        guest_stop(guest);
        guest->restarts++;
        if (!guest_start(guest, context))
            return false;
        sum = guest->plugin->digit_sum(guest->state, number);
    }
    if (sum != expected)
        fprintf(stderr, "plugin-host: %s says %d for %lu\n",
                guest->plugin->name, sum, number);
    return sum == expected;
}

/* ---- all of them ----------------------------------------------------- */

static int host_digit_sum(unsigned long number)
{
    int sum = 0;

    for (; number > 0; number /= 10)
        sum += (int)(number % 10);
    return sum;
}

static void host_print_line(const struct vmma_context *context,
                            unsigned long calls)
{
    printf("%10lu calls: all hold %7zu bytes;", calls,
           vmma_get_total_size(context));
    for (int i = 0; i < guest_count; i++)
        printf(" %s %zu (%lu restarts)", guests[i].plugin->name,
               vmma_get_client_total_size(guests[i].client),
               guests[i].restarts);
    putchar('\n');
}

static bool host_run(struct vmma_context *context, unsigned long calls)
{
    unsigned long step = calls < 10 ? 1 : calls / 10;

    for (int i = 0; i < guest_count; i++)
        if (!guest_start(&guests[i], context))
            return false;
    for (unsigned long n = 1; n <= calls; n++) {
        for (int i = 0; i < guest_count; i++)
            if (!guest_call(&guests[i], context, n, host_digit_sum(n)))
                return false;
        if (n % step == 0)
            host_print_line(context, n);
    }
    return true;
}

/* Is the context what it was before the first client, and was it never more
 * than the quotas allow? */
static bool host_is_flat(const struct vmma_context *context,
                         const struct vmma_stats *before)
{
    struct vmma_stats after = VMMA_STATS_INIT;
    const char *broken = vmma_check(context);
    bool flat;

    vmma_get_stats(context, &after);
    flat = before->total_size == after.total_size &&
           before->free_size == after.free_size &&
           before->largest_free == after.largest_free &&
           before->client_count == after.client_count &&
           after.peak_size <= (size_t)guest_count * HOST_QUOTA &&
           after.misuse_count == 0 && broken == NULL;
    printf("before: %zu free, largest %zu\nafter:  %zu free, largest %zu\n",
           before->free_size, before->largest_free, after.free_size,
           after.largest_free);
    printf("peak:   %zu; vmma_check: %s\nthe context is%s back to its initial "
           "state\n",
           after.peak_size, broken == NULL ? "no invariant is broken" : broken,
           flat ? "" : " NOT");
    return flat;
}

static bool host_main(struct vmma_context *context, unsigned long calls)
{
    struct vmma_stats before = VMMA_STATS_INIT;
    bool good;

    vmma_get_stats(context, &before);
    good = host_run(context, calls);
    for (int i = 0; i < guest_count; i++) {
        guest_stop(&guests[i]);
        printf("%s: %lu restarts, %zu blocks of %zu bytes taken back\n",
               guests[i].plugin->name, guests[i].restarts,
               guests[i].leaked_blocks, guests[i].leaked_size);
    }
    return host_is_flat(context, &before) && good;
}

/* PLUGIN... or --calls N.  False when something is wrong. */
static bool host_read_arguments(char **words, unsigned long *calls)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, "--calls") == 0 && words[1] != NULL) {
            *calls = strtoul(*++words, NULL, 10);
            continue;
        }
        if (guest_count == HOST_PLUGINS_MAX ||
            !guest_load(&guests[guest_count], *words))
            return false;
        guest_count++;
    }
    return guest_count > 0 && *calls > 0;
}

int main(int argc, char **argv)
{
    unsigned long calls = 1000000;
    struct vmma_context *context;
    void *memory;
    bool good = false;

    if (argc < 2 || !host_read_arguments(argv + 1, &calls)) {
        fputs("Usage: plugin-host [--calls N] PLUGIN.so...\n", stderr);
        return 2;
    }
    memory = malloc(HOST_MEMORY);
    if (memory != NULL && vmma_create_context(memory, HOST_MEMORY, NULL,
                                              &context) == VMMA_OK) {
        good = host_main(context, calls);
        vmma_delete_context(context);
    }
    free(memory);
    for (int i = 0; i < guest_count; i++)
        dlclose(guests[i].library);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

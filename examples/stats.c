/*
 * stats.c - poll the statistics of a context while its clients work.
 *
 *     clients at work  -->  sample (all numbers of one moment)  -->  text
 *                                                               -->  JSON
 *
 * Three clients with different habits share a context: "steady" keeps a
 * bounded set of blocks, "growing" never frees and meets its quota, "bursty"
 * takes large blocks and lets go of all of them in the next round.  Between
 * two rounds of work a sample is taken: the context's statistics, and those
 * of every client that vmma_walk_clients names.  Whoever takes it needs not
 * know which clients there are.
 *
 * Two tables below name every number once, with its place in the library's
 * struct; both forms of output are made from them.  What each of the numbers
 * means is said in libvmma.h.
 *
 *     stats [--json] [--polls N]
 *
 * SPDX-License-Identifier: MIT
 */
#include <libvmma.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATS_CLIENTS_MAX = 8 };

/* ---- the numbers ----------------------------------------------------- */

struct field {
    const char *name;         /* NULL ends the table                         */
    size_t offset;            /* of a size_t in the struct                   */
};

#define CONTEXT_FIELD(name) { #name, offsetof(struct vmma_stats, name) }
#define CLIENT_FIELD(name) { #name, offsetof(struct vmma_client_stats, name) }

static const struct field context_fields[] = {
    CONTEXT_FIELD(block_bytes),     CONTEXT_FIELD(bookkeeping_size),
    CONTEXT_FIELD(capacity),        CONTEXT_FIELD(total_size),
    CONTEXT_FIELD(peak_size),       CONTEXT_FIELD(free_size),
    CONTEXT_FIELD(largest_free),    CONTEXT_FIELD(touched_size),
    CONTEXT_FIELD(client_count),    CONTEXT_FIELD(max_clients),
    CONTEXT_FIELD(arena_count),     CONTEXT_FIELD(alignment),
    CONTEXT_FIELD(block_size),      CONTEXT_FIELD(smallest_block),
    CONTEXT_FIELD(failed_count),    CONTEXT_FIELD(last_failed_size),
    CONTEXT_FIELD(misuse_count),    CONTEXT_FIELD(live_blocks),
    CONTEXT_FIELD(live_size),       CONTEXT_FIELD(cached_blocks),
    CONTEXT_FIELD(cached_size),     { NULL, 0 },
};

static const struct field client_fields[] = {
    CLIENT_FIELD(total_size),       CLIENT_FIELD(peak_size),
    CLIENT_FIELD(quota),            CLIENT_FIELD(soft_limit),
    CLIENT_FIELD(reservation),      CLIENT_FIELD(arena_count),
    CLIENT_FIELD(failed_count),     CLIENT_FIELD(last_failed_size),
    CLIENT_FIELD(largest_block),    CLIENT_FIELD(live_blocks),
    CLIENT_FIELD(live_size),        CLIENT_FIELD(cached_blocks),
    CLIENT_FIELD(cached_size),      CLIENT_FIELD(free_size),
    { NULL, 0 },
};

static size_t field_value(const void *stats, const struct field *field)
{
    size_t value;

    memcpy(&value, (const char *)stats + field->offset, sizeof value);
    return value;
}

/* ---- a sample -------------------------------------------------------- */

struct client_sample {
    char name[VMMA_NAME_MAX + 1];
    unsigned long long id;
    struct vmma_client_stats stats;
};

struct sample {
    int poll;                 /* which one, from 1 on                        */
    struct vmma_stats context;
    struct client_sample clients[STATS_CLIENTS_MAX];
    int client_count;         /* of them in the sample                       */
};

static int sample_add_client(void *user, struct vmma_client *client)
{
    struct sample *sample = user;
    struct client_sample *entry;

    if (sample->client_count == STATS_CLIENTS_MAX)
        return 1;
    entry = &sample->clients[sample->client_count++];
    entry->stats = (struct vmma_client_stats)VMMA_CLIENT_STATS_INIT;
    entry->id = vmma_get_client_id(client);
    snprintf(entry->name, sizeof entry->name, "%s",
             vmma_get_client_name(client));
    vmma_populate_client_stats(client, &entry->stats);
    return 0;
}

/* The populated numbers need a walk.  For a poll that has to be cheap, the
 * same calls with `get` in their names leave them out. */
static bool sample_take(struct sample *sample, struct vmma_context *context,
                        int poll)
{
    *sample = (struct sample){ .poll = poll };
    sample->context = (struct vmma_stats)VMMA_STATS_INIT;
    return vmma_populate_stats(context, &sample->context) == VMMA_OK &&
           vmma_walk_clients(context, sample_add_client, sample) == VMMA_OK;
}

/* ---- as text --------------------------------------------------------- */

static void text_print(const struct sample *sample)
{
    printf("poll %d\n  %-18s%12s", sample->poll, "context", "");
    for (int i = 0; context_fields[i].name != NULL; i++)
        printf("%s%-18s%12zu", i % 2 == 0 ? "\n  " : "    ",
               context_fields[i].name,
               field_value(&sample->context, &context_fields[i]));
    printf("\n  %-18s%s\n\n  %-18s", "last_failed_cause",
           vmma_strerror(sample->context.last_failed_cause), "client");
    for (int i = 0; i < sample->client_count; i++)
        printf("%12s", sample->clients[i].name);
    for (int f = 0; client_fields[f].name != NULL; f++) {
        printf("\n  %-18s", client_fields[f].name);
        for (int i = 0; i < sample->client_count; i++)
            printf("%12zu", field_value(&sample->clients[i].stats,
                                        &client_fields[f]));
    }
    fputs("\n\n", stdout);
}

/* ---- as JSON --------------------------------------------------------- */

/* Names are any bytes: what JSON has no plain form for becomes \u00XX. */
static void json_print_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < 0x20 || byte > 0x7E)
            printf("\\u%04x", (unsigned)byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void json_print_fields(const void *stats, const struct field *fields,
                              enum vmma_status cause)
{
    for (; fields->name != NULL; fields++)
        printf("\"%s\": %zu, ", fields->name, field_value(stats, fields));
    printf("\"last_failed_cause\": ");
    json_print_string(vmma_strerror(cause));
}

static void json_print(const struct sample *sample)
{
    printf("%s    {\"poll\": %d,\n     \"context\": {",
           sample->poll == 1 ? "" : ",\n", sample->poll);
    json_print_fields(&sample->context, context_fields,
                      sample->context.last_failed_cause);
    printf("},\n     \"clients\": [");
    for (int i = 0; i < sample->client_count; i++) {
        const struct client_sample *client = &sample->clients[i];

        printf("%s\n       {\"id\": %llu, \"name\": ", i == 0 ? "" : ",",
               client->id);
        json_print_string(client->name);
        fputs(", ", stdout);
        json_print_fields(&client->stats, client_fields,
                          client->stats.last_failed_cause);
        putchar('}');
    }
    printf("]}");
}

/* ---- the work -------------------------------------------------------- */

enum { WORK_BLOCKS = 256, WORK_ROUND = 1000 };

struct worker {
    const char *name;
    size_t quota;
    size_t reservation;
    void (*work)(struct worker *worker);
    struct vmma_client *client;
    void *blocks[WORK_BLOCKS];
    unsigned seed;
};

static unsigned work_random(struct worker *worker, unsigned n)
{
    worker->seed = worker->seed * 1103515245u + 12345u;
    return worker->seed / 65536u % n;
}

/* Replace blocks of a bounded set, by others of any size up to 500 bytes. */
static void work_steadily(struct worker *worker)
{
    for (int i = 0; i < WORK_ROUND; i++) {
        void **block = &worker->blocks[work_random(worker, WORK_BLOCKS)];

        vmma_free_from(worker->client, *block);
        *block = vmma_alloc(worker->client, work_random(worker, 500));
    }
}

/* Never free; what fails is counted by the library. */
static void work_growing(struct worker *worker)
{
    for (int i = 0; i < WORK_ROUND; i++) {
        void *leak = vmma_alloc(worker->client, 16 + work_random(worker, 100));

        (void)leak;
    }
}

/* Large blocks in one round, none in the next. */
static void work_in_bursts(struct worker *worker)
{
    bool free_all = worker->blocks[0] != NULL;

    for (int i = 0; i < 32; i++) {
        vmma_free_from(worker->client, worker->blocks[i]);
        worker->blocks[i] = NULL;
        if (!free_all)
            worker->blocks[i] = vmma_alloc(worker->client,
                                           1000 + work_random(worker, 20000));
    }
}

static struct worker workers[] = {
    { "steady", 0, 32768, work_steadily, NULL, { NULL }, 1 },
    { "growing", 262144, 0, work_growing, NULL, { NULL }, 2 },
    { "bursty", 1 << 20, 0, work_in_bursts, NULL, { NULL }, 3 },
};

enum { WORKERS = sizeof workers / sizeof workers[0] };

static bool work_start(struct vmma_context *context)
{
    for (int i = 0; i < WORKERS; i++) {
        struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;

        config.name = workers[i].name;
        config.quota = workers[i].quota;
        config.reservation = workers[i].reservation;
        if (vmma_create_client(context, &config, &workers[i].client) != VMMA_OK)
            return false;
    }
    return true;
}

/* ---- main ------------------------------------------------------------ */

static bool stats_run(struct vmma_context *context, int polls, bool json)
{
    struct sample sample;

    if (!work_start(context))
        return false;
    if (json)
        printf("{\"library\": \"%s\", \"polls\": [\n", vmma_version());
    for (int poll = 1; poll <= polls; poll++) {
        for (int i = 0; i < WORKERS; i++)
            workers[i].work(&workers[i]);
        if (!sample_take(&sample, context, poll))
            return false;
        if (json)
            json_print(&sample);
        else
            text_print(&sample);
    }
    if (json)
        puts("\n]}");
    return true;
}

int main(int argc, char **argv)
{
    static _Alignas(4096) unsigned char memory[4 << 20];
    struct vmma_context *context;
    bool json = false, good;
    int polls = 4;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--polls") == 0 && i + 1 < argc) {
            polls = atoi(argv[++i]);
        } else {
            fputs("Usage: stats [--json] [--polls N]\n", stderr);
            return 2;
        }
    }
    if (vmma_create_context(memory, sizeof memory, NULL, &context) != VMMA_OK)
        return EXIT_FAILURE;
    good = stats_run(context, polls, json);
    vmma_delete_context(context);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

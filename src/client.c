/*
 * client.c - a client's slot: who it is, its limits, its heap.
 *
 * The slot's heap holds all that the client's memory needs; this room adds
 * identity and limits.  Limits are kept twice: in bytes, as the host gave
 * them and wants to read them again, and in whole granules, which is what the
 * heap compares.
 *
 *   K1  state is LIVE or DEAD; a dead slot is on the context's queue once, and
 *       has generation 0, which no handle has; a live one has 1..255.
 *   K2  heap.token is made of a serial that no other live client has, and the
 *       slot's number.
 *   K3  heap.ceiling and heap.soft are quota and soft_limit in whole granules.
 */
#include "client.h"

#include <string.h>

uint32_t vmma__client_granules(const struct client *c, size_t bytes)
{
    const struct space *s = &client_pool(c)->space;
    size_t granules = bytes >> s->granule_shift;

    return bytes == 0 || granules >= s->capacity ? NONE : (uint32_t)granules;
}

void vmma__client_limit(struct client *c, size_t quota, size_t soft_limit)
{
    c->quota = quota;
    c->soft_limit = soft_limit;
    c->heap.ceiling = vmma__client_granules(c, quota);
    c->heap.soft = vmma__client_granules(c, soft_limit);
}

void vmma__client_begin(struct client *c, uint64_t token)
{
    vmma__heap_init(&c->heap, token);
    vmma__client_limit(c, c->quota, c->soft_limit);
    c->last_cause = VMMA_OK;
    c->failed_count = c->last_failed_size = 0;
}

void vmma__client_trim(struct client *c)
{
    struct pool *p = client_pool(c);

    vmma__large_trim(&c->heap, p);
    vmma__slab_trim(&c->heap, p);
    vmma__heap_trim(&c->heap, p);
}

void vmma__client_set_name(struct client *c, const char *name)
{
    size_t length = 0;

    while (name != NULL && name[length] != '\0')
        length++;
    INSIST(length <= VMMA_NAME_MAX);
    memset(c->name, 0, sizeof c->name);
    if (length != 0)
        memcpy(c->name, name, length);
}

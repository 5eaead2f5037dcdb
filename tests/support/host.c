/*
 * host.c - a host that records what its callbacks hear; see host.h.
 */
#include "tests/support/host.h"

struct host host;
struct world world;

static void go_inside(void)
{
    void (*inside)(void) = host.inside;

    if (inside == NULL)
        return;
    host.inside = NULL;
    host.insides++;
    inside();
    host.inside = inside;
}

static void on_event(void *user, const struct vmma_event *event)
{
    ck_assert_ptr_eq(user, &host);
    host.events++;
    host.event = *event;
    go_inside();
}

static void on_soft_limit(void *user, struct vmma_client *client, size_t wanted)
{
    ck_assert_ptr_eq(user, &host);
    host.soft_limits++;
    host.client = client;
    host.wanted = wanted;
    go_inside();
}

static int on_out_of_memory(void *user, struct vmma_client *client,
                            size_t wanted, enum vmma_status cause)
{
    ck_assert_ptr_eq(user, &host);
    host.out_of_memories++;
    host.client = client;
    host.wanted = wanted;
    host.cause = cause;
    go_inside();
    if (host.to_free != NULL)
        assert_ok(vmma_free_from(client, host.to_free));
    host.to_free = NULL;
    return host.answer;
}

void open_world(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    memset(&host, 0, sizeof host);
    config.event = on_event;
    config.soft_limit = on_soft_limit;
    config.out_of_memory = on_out_of_memory;
    config.user = &host;
    config.max_size = 512 * KIB;
    world_open(&world, 256 * KIB, &config);
}

void close_world(void)
{
    host.inside = NULL;
    world_close(&world);
}

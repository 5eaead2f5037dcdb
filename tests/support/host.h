/*
 * host.h - a host that records what its callbacks hear, and a world whose
 * context calls them.
 *
 * Offers: host, what was heard and what the callbacks are to do; world;
 * open_world and close_world, the fixture of both.
 */
#ifndef TESTS_SUPPORT_HOST_H
#define TESTS_SUPPORT_HOST_H

#include "tests/support/support.h"

struct host {
    unsigned events;
    struct vmma_event event;
    unsigned soft_limits;
    unsigned out_of_memories;
    struct vmma_client *client;
    size_t wanted;
    enum vmma_status cause;
    int answer; /* of the out-of-memory callback                 */
    void *to_free;
    void (*inside)(void); /* is done in every callback                     */
    unsigned insides;
};

extern struct host host;
extern struct world world;

void open_world(void);
void close_world(void);

#endif

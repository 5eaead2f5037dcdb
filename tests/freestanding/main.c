/*
 * main.c - the library without a C library.
 *
 * Strategy: the four functions that the library may import are here, and
 * nothing else is linked.  A short life of a context with two clients runs;
 * each step has a number, and the first that fails is the exit status.
 *
 * SPDX-License-Identifier: MIT
 */
#include "libvmma.h"

#include "start.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Keeps the compiler from seeing a memcpy in a loop and calling it. */
#define OPAQUE() __asm__ volatile("" ::: "memory")

void *memcpy(void *to, const void *from, size_t size)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    for (size_t i = 0; i < size; i++) {
        t[i] = f[i];
        OPAQUE();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    if ((uintptr_t)to <= (uintptr_t)from)
        return memcpy(to, from, size);
    while (size-- > 0) {
        t[size] = f[size];
        OPAQUE();
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    unsigned char *t = to;
    for (size_t i = 0; i < size; i++) {
        t[i] = (unsigned char)byte;
        OPAQUE();
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static unsigned char memory[1 << 20];
static void *blocks[200];

#define STEP(number, condition) \
    do {                        \
        if (!(condition))       \
            return number;      \
    } while (0)

/* Blocks of many sizes, each filled; every second one freed again. */
static int churn(struct vmma_client *client, int fill)
{
    size_t count = sizeof blocks / sizeof blocks[0];

    for (size_t i = 0; i < count; i++) {
        size_t size = i * i / 10 + 1;
        blocks[i] = vmma_alloc(client, size);
        STEP(20, blocks[i] != NULL);
        STEP(21, vmma_get_size(client, blocks[i]) >= size);
        memset(blocks[i], fill, size);
    }
    for (size_t i = 0; i < count; i += 2)
        STEP(22, vmma_free_from(client, blocks[i]) == VMMA_OK);
    for (size_t i = 1; i < count; i += 2)
        STEP(23, ((unsigned char *)blocks[i])[i * i / 10] == fill);
    return 0;
}

int program(void)
{
    struct vmma_context *ctx;
    struct vmma_client *a, *b;
    void *block, *moved;
    int status;

    memset(memory, 0xA5, sizeof memory);
    STEP(1, vmma_create_context(memory, sizeof memory, NULL, &ctx) == VMMA_OK);
    STEP(2, vmma_create_client(ctx, NULL, &a) == VMMA_OK);
    STEP(3, vmma_create_client(ctx, NULL, &b) == VMMA_OK);
    status = churn(a, 1);
    STEP(status, status == 0);
    block = blocks[1];
    STEP(4, vmma_free_from(b, block) == VMMA_E_OTHER_CLIENT);
    status = churn(b, 2);
    STEP(status, status == 0);
    STEP(5, vmma_check(ctx) == NULL);
    STEP(6, vmma_get_owner(ctx, block) == a);
    moved = vmma_realloc(a, block, 50000);
    STEP(7, moved != NULL && *(unsigned char *)moved == 1);
    STEP(8, vmma_free(ctx, moved) == VMMA_OK);
    STEP(9, vmma_free(ctx, moved) == VMMA_E_NOT_LIVE);
    block = vmma_calloc(b, 100, 100);
    STEP(10, block != NULL && ((unsigned char *)block)[9999] == 0);
    STEP(11, vmma_delete_client(a) == VMMA_OK);
    STEP(12, vmma_check(ctx) == NULL);
    STEP(13, vmma_get_total_size(ctx) == vmma_get_client_total_size(b));
    STEP(14, vmma_alloc(a, 1) == NULL);
    STEP(15, vmma_delete_client(b) == VMMA_OK);
    STEP(16, vmma_get_total_size(ctx) == 0);
    STEP(17, vmma_check(ctx) == NULL);
    STEP(18, vmma_delete_context(ctx) == VMMA_OK);
    return 0;
}

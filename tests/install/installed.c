/*
 * installed.c - a program as a user of the installed library writes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <libvmma.h>

static unsigned char memory[1 << 20];

int main(void)
{
    struct vmma_context *context;
    struct vmma_client *client;

    if (strcmp(vmma_version(), VMMA_VERSION) != 0)
        return 1;
    if (vmma_create_context(memory, sizeof memory, NULL, &context) != VMMA_OK)
        return 2;
    if (vmma_create_client(context, NULL, &client) != VMMA_OK)
        return 3;
    if (vmma_alloc(client, 1000) == NULL)
        return 4;
    if (vmma_delete_client(client) != VMMA_OK || vmma_get_total_size(context) != 0)
        return 5;
    puts(vmma_version());
    return vmma_delete_context(context) == VMMA_OK ? 0 : 6;
}

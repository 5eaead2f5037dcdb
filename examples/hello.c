/*
 * hello.c - the smallest complete program: one context, one client, and
 * memory that nobody frees.
 *
 * SPDX-License-Identifier: MIT
 */
#include <libvmma.h>

#include <stdio.h>
#include <string.h>

static _Alignas(4096) unsigned char memory[1 << 20];

int main(void)
{
    struct vmma_context *context;
    struct vmma_client *client;
    char *text;

    if (vmma_create_context(memory, sizeof memory, NULL, &context) != VMMA_OK ||
        vmma_create_client(context, NULL, &client) != VMMA_OK)
        return 1;
    text = vmma_alloc(client, 100);
    if (text == NULL)
        return 1;
    strcpy(text, "hello from a client");
    printf("%s, which holds %zu bytes\n", text,
           vmma_get_client_total_size(client));
    vmma_delete_client(client); /* the text is gone with it */
    printf("now %zu bytes are held\n", vmma_get_total_size(context));
    return vmma_delete_context(context) == VMMA_OK ? 0 : 1;
}

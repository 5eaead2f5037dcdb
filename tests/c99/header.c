/*
 * header.c - the public header, as a C program sees it.
 *
 * Strategy: include it first, alone and twice; use every initialiser and
 * every struct; call enough to need the library.
 *
 * SPDX-License-Identifier: MIT
 */
#include <libvmma.h>
#include <libvmma.h>

static unsigned char memory[1 << 20];

int main(void)
{
    struct vmma_context_config context_config = VMMA_CONTEXT_CONFIG_INIT;
    struct vmma_client_config client_config = VMMA_CLIENT_CONFIG_INIT;
    struct vmma_stats stats = VMMA_STATS_INIT;
    struct vmma_client_stats client_stats = VMMA_CLIENT_STATS_INIT;
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;
    struct vmma_context *context;
    struct vmma_client *client;

    client_config.name = "header";
    if (vmma_create_context(memory, sizeof memory, &context_config, &context) != VMMA_OK)
        return 1;
    if (vmma_create_client(context, &client_config, &client) != VMMA_OK)
        return 2;
    if (vmma_alloc(client, 100) == NULL)
        return 3;
    if (vmma_get_stats(context, &stats) != VMMA_OK || stats.client_count != 1)
        return 4;
    if (vmma_populate_client_stats(client, &client_stats) != VMMA_OK ||
        client_stats.live_blocks != 1)
        return 5;
    if (vmma_get_leak_report(client, &report) != VMMA_OK || report.block_count != 1)
        return 6;
    if (vmma_check(context) != NULL)
        return 7;
    return vmma_delete_context(context) == VMMA_OK ? 0 : 8;
}

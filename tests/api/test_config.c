/*
 * test_config.c - context configurations that are refused, and in which order.
 *
 * Strategy: every refusal is provoked alone and together with every later
 * one, so that cause and order are both proven; the block must be as it was.
 */
#include "tests/support/support.h"

static struct vmma_context_config defaults(void)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;

    return config;
}

/* ---- refusals ---------------------------------------------------------- */

static const struct {
    size_t size, alignment, block_size, max_size, max_clients;
    uint32_t flags;
    enum vmma_status status;
} refusals[] = {
    {MIB, 1, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 2, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 4, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 7, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 9, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 24, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 4095, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 4097, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 8192, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, SIZE_MAX, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, SIZE_MAX / 2 + 1, 0, 0, 0, 0, VMMA_E_ALIGNMENT},
    {MIB, 0, 1, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 128, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 255, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 257, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 768, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 65535, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, 65537, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {4 * MIB, 0, 131072, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, SIZE_MAX, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 0, SIZE_MAX / 2 + 1, 0, 0, 0, VMMA_E_BLOCK_SIZE},
    {MIB, 512, 256, 0, 0, 0, VMMA_E_ALIGNMENT_TOO_LARGE},
    {MIB, 4096, 256, 0, 0, 0, VMMA_E_ALIGNMENT_TOO_LARGE},
    {MIB, 4096, 2048, 0, 0, 0, VMMA_E_ALIGNMENT_TOO_LARGE},
    {0, 0, 0, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {1, 0, 0, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {4095, 0, 256, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {16 * KIB - 1, 0, 0, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {32 * KIB - 1, 2048, 0, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {64 * KIB - 1, 0, 4096, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {MIB - 1, 0, 65536, 0, 0, 0, VMMA_E_BLOCK_SIZE_TOO_LARGE},
    {MIB, 0, 0, 1, 0, 0, VMMA_E_MAX_SIZE},
    {MIB, 0, 0, MIB - 1, 0, 0, VMMA_E_MAX_SIZE},
    {MIB, 0, 0, 0, 65537, 0, VMMA_E_MAX_CLIENTS},
    {MIB, 0, 0, 0, SIZE_MAX, 0, VMMA_E_MAX_CLIENTS},
    {MIB, 0, 0, 0, 0, (uint32_t)1 << 31, VMMA_E_FLAGS},
    {MIB, 0, 0, 0, 0, UINT32_MAX, VMMA_E_FLAGS},
    {MIB, 0, 0, 0, 65536, 0, VMMA_E_BOOKKEEPING},
    {MIB, 0, 0, 0, 1024, 0, VMMA_E_BOOKKEEPING},
    {MIB, 0, 256, 512 * MIB, 0, 0, VMMA_E_BOOKKEEPING},
    {64 * KIB, 0, 0, GIB, 8, 0, VMMA_E_BOOKKEEPING},
};

START_TEST(an_invalid_configuration_is_refused_with_its_own_status)
{
    struct vmma_context_config config = defaults();
    struct vmma_context *context = NULL;
    struct ground ground;
    uint64_t before;

    config.alignment = refusals[_i].alignment;
    config.block_size = refusals[_i].block_size;
    config.max_size = refusals[_i].max_size;
    config.max_clients = refusals[_i].max_clients;
    config.flags = refusals[_i].flags;
    ground_init(&ground, refusals[_i].size, 0);
    before = hash_bytes(ground.memory, ground.size);
    assert_status(vmma_create_context(ground.memory, ground.size, &config,
                                      &context),
                  refusals[_i].status);
    ck_assert_ptr_null(context);
    ck_assert_uint_eq(hash_bytes(ground.memory, ground.size), before);
    ground_fini(&ground);
}
END_TEST

#if SIZE_MAX > UINT32_MAX
static const struct {
    size_t size, block_size, max_size;
    enum vmma_status status;
} enormous[] = {
    {1024 * GIB + 65536, 65536, 0, VMMA_E_SIZE_TOO_LARGE},
    {SIZE_MAX / 2, 65536, 0, VMMA_E_SIZE_TOO_LARGE},
    {128 * GIB, 256, 0, VMMA_E_SIZE_TOO_LARGE},
    {512 * GIB, 0, 0, VMMA_E_SIZE_TOO_LARGE},
    {MIB, 0, 1024 * GIB + 65536, VMMA_E_SIZE_TOO_LARGE},
    {MIB, 0, SIZE_MAX / 2, VMMA_E_SIZE_TOO_LARGE},
    {MIB, 256, 128 * GIB, VMMA_E_SIZE_TOO_LARGE},
    {MIB, 0, SIZE_MAX, VMMA_E_SIZE_WRAPS},
    {MIB, 256, 32 * GIB, VMMA_E_BOOKKEEPING},
    {MIB, 65536, 1024 * GIB, VMMA_E_BOOKKEEPING},
};

START_TEST(an_enormous_size_is_refused_with_its_own_status)
{
    struct vmma_context_config config = defaults();
    struct vmma_context *context = NULL;
    struct ground ground;
    uint64_t before;

    config.block_size = enormous[_i].block_size;
    config.max_size = enormous[_i].max_size;
    config.max_clients = 8;
    ground_init(&ground, MIB, 0);
    before = hash_bytes(ground.memory, ground.size);
    assert_status(vmma_create_context(ground.memory, enormous[_i].size, &config,
                                      &context),
                  enormous[_i].status);
    ck_assert_ptr_null(context);
    ck_assert_uint_eq(hash_bytes(ground.memory, ground.size), before);
    ground_fini(&ground);
}
END_TEST
#endif

/* One call of vmma_create_context, and the faults that can be built in. */
struct call {
    unsigned char *memory;
    size_t size;
    struct vmma_context_config config;
    struct vmma_context *handle;
    struct vmma_context **where;
};

enum fault {
    FAULT_NULL_MEMORY,
    FAULT_NULL_CONTEXT,
    FAULT_STRUCT_SIZE,
    FAULT_ALIGNMENT,
    FAULT_BLOCK_SIZE,
    FAULT_ALIGNMENT_TOO_LARGE,
    FAULT_BLOCK_SIZE_TOO_LARGE,
    FAULT_MAX_SIZE,
    FAULT_MAX_CLIENTS,
    FAULT_FLAGS,
    FAULT_SIZE_WRAPS,
    FAULT_SIZE_TOO_LARGE,
    FAULT_BOOKKEEPING,
    FAULTS
};

static const enum vmma_status fault_status[FAULTS] = {
    VMMA_E_NULL,
    VMMA_E_NULL,
    VMMA_E_STRUCT_SIZE,
    VMMA_E_ALIGNMENT,
    VMMA_E_BLOCK_SIZE,
    VMMA_E_ALIGNMENT_TOO_LARGE,
    VMMA_E_BLOCK_SIZE_TOO_LARGE,
    VMMA_E_MAX_SIZE,
    VMMA_E_MAX_CLIENTS,
    VMMA_E_FLAGS,
    VMMA_E_SIZE_WRAPS,
    VMMA_E_SIZE_TOO_LARGE,
    VMMA_E_BOOKKEEPING,
};

static void set_fault(struct call *call, enum fault fault)
{
    struct vmma_context_config *config = &call->config;

    switch (fault) {
    case FAULT_NULL_MEMORY:
        call->memory = NULL;
        break;
    case FAULT_NULL_CONTEXT:
        call->where = NULL;
        break;
    case FAULT_STRUCT_SIZE:
        config->size = 1;
        break;
    case FAULT_ALIGNMENT:
        config->alignment = 3;
        break;
    case FAULT_BLOCK_SIZE:
        config->block_size = 300;
        break;
    case FAULT_ALIGNMENT_TOO_LARGE:
        config->alignment = 4096;
        config->block_size = 256;
        break;
    case FAULT_BLOCK_SIZE_TOO_LARGE:
        call->size = 1000;
        break;
    case FAULT_MAX_SIZE:
        config->max_size = 500;
        break;
    case FAULT_MAX_CLIENTS:
        config->max_clients = 65537;
        break;
    case FAULT_FLAGS:
        config->flags = (uint32_t)1 << 31;
        break;
    case FAULT_SIZE_WRAPS:
        call->memory = opaque_pointer(UINTPTR_MAX - 100);
        break;
    case FAULT_SIZE_TOO_LARGE:
        call->size = SIZE_MAX / 2;
        break;
    case FAULT_BOOKKEEPING:
        config->max_clients = 65536;
        break;
    case FAULTS:
        break;
    }
}

/* 32-bit blocks never have 2^28 granules; and a block is not both small and
 * large. */
static int fault_is_possible(enum fault first, enum fault second)
{
    if (first == FAULT_SIZE_TOO_LARGE || second == FAULT_SIZE_TOO_LARGE)
        return SIZE_MAX > UINT32_MAX && first != FAULT_BLOCK_SIZE_TOO_LARGE;
    return 1;
}

static void create_with_faults(enum fault first, enum fault second)
{
    struct ground ground;
    struct call call = {NULL, MIB, VMMA_CONTEXT_CONFIG_INIT, NULL, NULL};

    if (!fault_is_possible(first, second))
        return;
    ground_init(&ground, MIB, 0);
    call.memory = ground.memory;
    call.where = &call.handle;
    set_fault(&call, second);
    set_fault(&call, first);
    assert_status(vmma_create_context(call.memory, call.size, &call.config,
                                      call.where),
                  fault_status[first]);
    ck_assert_ptr_null(call.handle);
    ground_fini(&ground);
}

START_TEST(the_first_fault_in_the_documented_order_is_answered)
{
    for (int second = _i; second < FAULTS; second++)
        create_with_faults((enum fault)_i, (enum fault)second);
}
END_TEST

START_TEST(a_configuration_of_unknown_size_is_refused)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t),
                                   sizeof(struct vmma_context_config) - 1};
    struct vmma_context *context = NULL;
    struct ground ground;

    ground_init(&ground, MIB, 0);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct vmma_context_config config = defaults();

        config.size = sizes[i];
        assert_status(vmma_create_context(ground.memory, MIB, &config,
                                          &context),
                      VMMA_E_STRUCT_SIZE);
    }
    ground_fini(&ground);
}
END_TEST

struct longer_config {
    struct vmma_context_config known;
    unsigned char tail[32];
};

START_TEST(a_longer_configuration_is_accepted_if_its_tail_is_zero)
{
    struct longer_config config = {VMMA_CONTEXT_CONFIG_INIT, {0}};
    struct vmma_context *context = NULL;
    struct ground ground;

    config.known.size = sizeof config;
    ground_init(&ground, MIB, 0);
    assert_ok(vmma_create_context(ground.memory, MIB, &config.known, &context));
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
}
END_TEST

START_TEST(a_longer_configuration_is_refused_if_its_tail_is_not_zero)
{
    struct ground ground;

    ground_init(&ground, MIB, 0);
    for (size_t i = 0; i < 32; i++) {
        struct longer_config config = {VMMA_CONTEXT_CONFIG_INIT, {0}};
        struct vmma_context *context = NULL;

        config.known.size = sizeof config;
        config.tail[i] = 1;
        assert_status(vmma_create_context(ground.memory, MIB, &config.known,
                                          &context),
                      VMMA_E_STRUCT_SIZE);
        ck_assert_ptr_null(context);
    }
    ground_fini(&ground);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *refusing(void)
{
    TCase *tc = tcase_create("refusing");

    tcase_add_loop_test(tc,
                        an_invalid_configuration_is_refused_with_its_own_status,
                        0, (int)LENGTH(refusals));
#if SIZE_MAX > UINT32_MAX
    tcase_add_loop_test(tc, an_enormous_size_is_refused_with_its_own_status, 0,
                        (int)LENGTH(enormous));
#endif
    tcase_add_loop_test(tc, the_first_fault_in_the_documented_order_is_answered,
                        0, FAULTS);
    tcase_add_test(tc, a_configuration_of_unknown_size_is_refused);
    tcase_add_test(tc, a_longer_configuration_is_accepted_if_its_tail_is_zero);
    tcase_add_test(tc,
                   a_longer_configuration_is_refused_if_its_tail_is_not_zero);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("config");

    suite_add_tcase(suite, refusing());
    return run_suite(suite);
}

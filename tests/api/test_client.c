/*
 * test_client.c - clients: who they are, and handles that outlive them.
 *
 * Strategy: a table of refused configurations; names at their longest; and
 * every call that takes a client is given NULL, a deleted client, and a
 * deleted client whose slot has a new owner.
 */
#include "tests/support/support.h"

static struct world world;

static void open_world(void)
{
    world_open(&world, MIB, NULL);
}

static void close_world(void)
{
    world_close(&world);
}

static struct vmma_client_config defaults(void)
{
    struct vmma_client_config config = VMMA_CLIENT_CONFIG_INIT;

    return config;
}

static void refuse(const struct vmma_client_config *config,
                   enum vmma_status status)
{
    struct vmma_stats before = stats_of(world.context);
    struct vmma_client *client = world.a;

    assert_status(vmma_create_client(world.context, config, &client), status);
    ck_assert_ptr_eq(client, world.a);
    ck_assert_uint_eq(stats_of(world.context).client_count,
                      before.client_count);
    ck_assert_uint_eq(stats_of(world.context).total_size, before.total_size);
    assert_sound(world.context);
}

/* ---- creation ---------------------------------------------------------- */

START_TEST(a_client_of_unknown_configuration_size_is_refused)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t),
                                   sizeof(struct vmma_client_config) - 1};

    for (size_t i = 0; i < LENGTH(sizes); i++) {
        struct vmma_client_config config = defaults();

        config.size = sizes[i];
        refuse(&config, VMMA_E_STRUCT_SIZE);
    }
}
END_TEST

struct longer_config {
    struct vmma_client_config known;
    unsigned char tail[16];
};

START_TEST(a_longer_configuration_is_accepted_if_its_tail_is_zero)
{
    struct longer_config config = {VMMA_CLIENT_CONFIG_INIT, {0}};
    struct vmma_client *client = NULL;

    config.known.size = sizeof config;
    assert_ok(vmma_create_client(world.context, &config.known, &client));
    ck_assert_int_eq(vmma_is_client(client), 1);
}
END_TEST

START_TEST(a_longer_configuration_is_refused_if_its_tail_is_not_zero)
{
    for (size_t i = 0; i < 16; i++) {
        struct longer_config config = {VMMA_CLIENT_CONFIG_INIT, {0}};

        config.known.size = sizeof config;
        config.tail[i] = 0x80;
        refuse(&config.known, VMMA_E_STRUCT_SIZE);
    }
}
END_TEST

START_TEST(a_parent_is_refused_as_reserved)
{
    struct vmma_client_config config = defaults();

    config.parent = world.a;
    refuse(&config, VMMA_E_RESERVED);
}
END_TEST

START_TEST(a_name_may_have_31_characters_and_no_more)
{
    static const char longest[] = "0123456789012345678901234567890";
    static const char longer[] = "01234567890123456789012345678901";
    struct vmma_client_config config = defaults();
    struct vmma_client *client = NULL;

    ck_assert_uint_eq(strlen(longest), VMMA_NAME_MAX);
    config.name = longer;
    refuse(&config, VMMA_E_NAME);
    config.name = longest;
    assert_ok(vmma_create_client(world.context, &config, &client));
    ck_assert_str_eq(vmma_get_client_name(client), longest);
}
END_TEST

START_TEST(a_very_long_name_is_refused)
{
    static char name[10000];
    struct vmma_client_config config = defaults();

    memset(name, 'n', sizeof name - 1);
    config.name = name;
    refuse(&config, VMMA_E_NAME);
}
END_TEST

START_TEST(limits_that_contradict_each_other_are_refused)
{
    static const struct {
        size_t quota, soft_limit, reservation;
    } table[] = {
        {4096, 4097, 0},     {1500, 0, 1400},    {1023, 0, 1},
        {4096, SIZE_MAX, 0}, {4096, 0, 8192},    {1024, 0, SIZE_MAX},
        {1, 2, 0},           {1024, 1025, 1024}, {65536, 65536, 131072},
    };

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct vmma_client_config config = defaults();

        config.quota = table[i].quota;
        config.soft_limit = table[i].soft_limit;
        config.reservation = table[i].reservation;
        refuse(&config, VMMA_E_LIMITS);
    }
}
END_TEST

START_TEST(limits_without_a_quota_do_not_contradict_it)
{
    struct vmma_client_config config = defaults();
    struct vmma_client *client = NULL;

    config.soft_limit = SIZE_MAX;
    config.reservation = 4096;
    assert_ok(vmma_create_client(world.context, &config, &client));
}
END_TEST

START_TEST(limits_equal_to_the_quota_are_accepted)
{
    struct vmma_client_config config = defaults();
    struct vmma_client *client = NULL;

    config.quota = config.soft_limit = config.reservation = 8192;
    assert_ok(vmma_create_client(world.context, &config, &client));
}
END_TEST

START_TEST(a_reservation_that_cannot_be_had_is_refused)
{
    static const size_t more[] = {1, 1024, MIB, SIZE_MAX / 2};
    struct vmma_client_config config = defaults();

    for (size_t i = 0; i < LENGTH(more); i++) {
        config.reservation = stats_of(world.context).capacity + more[i];
        refuse(&config, VMMA_E_EXHAUSTED);
    }
    config.reservation = SIZE_MAX;
    refuse(&config, VMMA_E_EXHAUSTED);
}
END_TEST

START_TEST(no_place_for_the_handle_is_refused)
{
    assert_status(vmma_create_client(world.context, NULL, NULL), VMMA_E_NULL);
    ck_assert_uint_eq(stats_of(world.context).client_count, 2);
}
END_TEST

START_TEST(exactly_max_clients_may_live)
{
    size_t max = stats_of(world.context).max_clients;
    struct vmma_client *last = world.b;

    for (size_t i = 2; i < max; i++)
        last = must_create(world.context, NULL);
    ck_assert_uint_eq(stats_of(world.context).client_count, max);
    refuse(NULL, VMMA_E_TOO_MANY_CLIENTS);
    assert_ok(vmma_delete_client(last));
    ck_assert_ptr_nonnull(must_create(world.context, NULL));
    refuse(NULL, VMMA_E_TOO_MANY_CLIENTS);
}
END_TEST

START_TEST(an_empty_client_holds_no_bytes)
{
    struct vmma_stats before = stats_of(world.context);

    ck_assert_uint_eq(vmma_get_client_total_size(world.a), 0);
    must_create(world.context, "c");
    ck_assert_uint_eq(stats_of(world.context).free_size, before.free_size);
    ck_assert_uint_eq(stats_of(world.context).arena_count, 0);
}
END_TEST

/* ---- identity ---------------------------------------------------------- */

START_TEST(the_name_is_copied)
{
    char name[] = "plugin";
    struct vmma_client *client = must_create(world.context, name);

    name[0] = 'X';
    ck_assert_str_eq(vmma_get_client_name(client), "plugin");
}
END_TEST

START_TEST(a_client_without_a_name_has_an_empty_one)
{
    ck_assert_str_eq(vmma_get_client_name(must_create(world.context, NULL)),
                     "");
    ck_assert_str_eq(vmma_get_client_name(must_create(world.context, "")), "");
}
END_TEST

START_TEST(the_user_pointer_is_handed_back)
{
    struct vmma_client_config config = defaults();
    struct vmma_client *client = NULL;

    config.user = &config;
    assert_ok(vmma_create_client(world.context, &config, &client));
    ck_assert_ptr_eq(vmma_get_client_user(client), &config);
    ck_assert_ptr_null(vmma_get_client_user(world.a));
}
END_TEST

START_TEST(a_client_knows_its_context)
{
    ck_assert_ptr_eq(vmma_get_client_context(world.a), world.context);
    ck_assert_int_eq(vmma_is_client(world.a), 1);
    ck_assert_ptr_ne(world.a, world.b);
}
END_TEST

START_TEST(ids_are_not_zero_and_never_used_again)
{
    enum { MANY = 300 };
    uint64_t ids[MANY];

    for (size_t i = 0; i < MANY; i++) {
        struct vmma_client *client = must_create(world.context, NULL);

        ids[i] = vmma_get_client_id(client);
        ck_assert_uint_ne(ids[i], 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_ne(ids[i], ids[j]);
        assert_ok(vmma_delete_client(client));
    }
}
END_TEST

START_TEST(a_client_is_found_by_its_id)
{
    uint64_t id = vmma_get_client_id(world.b);

    ck_assert_ptr_eq(vmma_find_client(world.context, id), world.b);
    assert_ok(vmma_delete_client(world.b));
    ck_assert_ptr_null(vmma_find_client(world.context, id));
}
END_TEST

START_TEST(no_client_is_found_by_an_id_that_was_not_given)
{
    static const uint64_t ids[] = {0, 1000000, UINT64_MAX, UINT64_MAX / 2 + 1};

    for (size_t i = 0; i < LENGTH(ids); i++)
        ck_assert_ptr_null(vmma_find_client(world.context, ids[i]));
}
END_TEST

START_TEST(a_client_is_found_by_its_whole_name)
{
    static const char *const names[] = {"aa", "A", "a ", "ab", "x"};
    struct vmma_client *client = must_create(world.context, "plugin");

    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, "a"), world.a);
    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, "plugin"), client);
    ck_assert_ptr_null(vmma_find_client_by_name(world.context, "plug"));
    ck_assert_ptr_null(vmma_find_client_by_name(world.context, "plugins"));
    ck_assert_ptr_null(vmma_find_client_by_name(world.context, NULL));
    for (size_t i = 0; i < LENGTH(names); i++)
        ck_assert_ptr_null(vmma_find_client_by_name(world.context, names[i]));
}
END_TEST

START_TEST(an_empty_name_finds_a_client_without_one)
{
    struct vmma_client *client;

    ck_assert_ptr_null(vmma_find_client_by_name(world.context, ""));
    client = must_create(world.context, NULL);
    must_create(world.context, NULL);
    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, ""), client);
}
END_TEST

START_TEST(a_name_longer_than_any_finds_nobody)
{
    static char name[1000];

    memset(name, 'a', sizeof name - 1);
    ck_assert_ptr_null(vmma_find_client_by_name(world.context, name));
}
END_TEST

START_TEST(of_two_clients_with_one_name_the_older_is_found)
{
    struct vmma_client *second = must_create(world.context, "a");

    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, "a"), world.a);
    assert_ok(vmma_delete_client(world.a));
    ck_assert_ptr_eq(vmma_find_client_by_name(world.context, "a"), second);
}
END_TEST

START_TEST(the_older_is_found_also_when_the_younger_has_a_lower_slot)
{
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;
    struct world small;
    struct vmma_client *older;

    config.max_clients = 2;
    world_open(&small, 64 * KIB, &config);
    assert_ok(vmma_delete_client(small.b));
    older = must_create(small.context, "same");
    assert_ok(vmma_delete_client(small.a));
    must_create(small.context, "same");
    ck_assert_ptr_eq(vmma_find_client_by_name(small.context, "same"), older);
    world_close(&small);
}
END_TEST

/* ---- handles that are not live ----------------------------------------- */

static void answers_nothing(struct vmma_client *client, const void *block)
{
    size_t bytes = 1;

    ck_assert_int_eq(vmma_is_client(client), 0);
    ck_assert_ptr_null(vmma_get_client_context(client));
    ck_assert_uint_eq(vmma_get_client_id(client), 0);
    ck_assert_ptr_null(vmma_get_client_name(client));
    ck_assert_ptr_null(vmma_get_client_user(client));
    ck_assert_int_eq(vmma_test_address(client, block), 0);
    ck_assert_uint_eq(vmma_get_size(client, block), 0);
    ck_assert_uint_eq(vmma_get_client_total_size(client), 0);
    ck_assert_uint_eq(vmma_populate_client_cached_blocks(client, &bytes), 0);
    ck_assert_uint_eq(bytes, 0);
    ck_assert_uint_eq(vmma_populate_client_cached_blocks(client, NULL), 0);
}

static int never(void *user, const struct vmma_block *block)
{
    (void)user;
    (void)block;
    ck_abort_msg("a client that is not live has no blocks");
    return 0;
}

static void refuses_all(struct vmma_client *client, enum vmma_status status,
                        void *block)
{
    struct vmma_client_stats stats = VMMA_CLIENT_STATS_INIT;
    struct vmma_leak_report report = VMMA_LEAK_REPORT_INIT;

    assert_status(vmma_delete_client(client), status);
    assert_status(vmma_reset_client(client), status);
    assert_status(vmma_set_quota(client, 4096), status);
    assert_status(vmma_set_soft_limit(client, 4096), status);
    assert_status(vmma_set_reservation(client, 4096), status);
    assert_status(vmma_reset_peak(client), status);
    ck_assert_ptr_null(vmma_alloc(client, 16));
    ck_assert_ptr_null(vmma_calloc(client, 1, 16));
    ck_assert_ptr_null(vmma_aligned_alloc(client, 64, 16));
    ck_assert_ptr_null(vmma_realloc(client, NULL, 16));
    ck_assert_ptr_null(vmma_realloc(client, block, 16));
    assert_status(vmma_get_last_error(client), status);
    assert_status(vmma_expand(client, block, 16), status);
    assert_status(vmma_free_from(client, block), status);
    assert_status(vmma_free_from(client, NULL), status);
    assert_status(vmma_get_client_stats(client, &stats), status);
    assert_status(vmma_populate_client_stats(client, &stats), status);
    assert_status(vmma_get_leak_report(client, &report), status);
    assert_status(vmma_walk_blocks(client, never, NULL), status);
    answers_nothing(client, block);
}

START_TEST(no_client_is_answered_by_every_call)
{
    void *block = must_alloc(world.a, 100);

    refuses_all(NULL, VMMA_E_NULL, block);
    ck_assert_int_eq(vmma_test_address(world.a, block), 1);
}
END_TEST

START_TEST(a_deleted_client_is_answered_by_every_call)
{
    void *theirs = must_alloc(world.b, 100);
    void *block = must_alloc(world.a, 100);

    assert_ok(vmma_delete_client(world.a));
    refuses_all(world.a, VMMA_E_DEAD_CLIENT, block);
    refuses_all(world.a, VMMA_E_DEAD_CLIENT, theirs);
    ck_assert_int_eq(vmma_test_address(world.b, theirs), 1);
}
END_TEST

START_TEST(a_deleted_client_is_recognised_when_its_slot_is_recycled)
{
    size_t max = stats_of(world.context).max_clients;
    struct vmma_client *client = world.b;
    void *block = NULL;

    assert_ok(vmma_delete_client(world.a));
    for (size_t i = 0; i < max; i++) {
        client = must_create(world.context, "heir");
        ck_assert_ptr_ne(client, world.a);
        block = must_alloc(client, 100);
        refuses_all(world.a, VMMA_E_DEAD_CLIENT, block);
        assert_ok(vmma_delete_client(client));
    }
    while (stats_of(world.context).client_count < max) {
        client = must_create(world.context, "heir");
        block = must_alloc(client, 100);
    }
    refuses_all(world.a, VMMA_E_DEAD_CLIENT, block);
    ck_assert_int_eq(vmma_test_address(client, block), 1);
}
END_TEST

START_TEST(a_slot_has_255_different_handles_before_one_repeats)
{
    enum { MANY = 255 };
    struct vmma_context_config config = VMMA_CONTEXT_CONFIG_INIT;
    struct vmma_client *handles[MANY];
    struct vmma_context *context;
    struct ground ground;

    config.max_clients = 1;
    ground_init(&ground, 64 * KIB, 0);
    assert_ok(
        vmma_create_context(ground.memory, ground.size, &config, &context));
    for (size_t i = 0; i < MANY; i++) {
        handles[i] = must_create(context, NULL);
        for (size_t j = 0; j < i; j++)
            ck_assert_int_eq(vmma_is_client(handles[j]), 0);
        assert_ok(vmma_delete_client(handles[i]));
    }
    assert_ok(vmma_delete_context(context));
    ground_fini(&ground);
}
END_TEST

START_TEST(a_slot_is_reused_only_after_the_others)
{
    size_t max = stats_of(world.context).max_clients;
    struct vmma_client *first[64];
    struct vmma_client *again;

    ck_assert_uint_le(max, LENGTH(first));
    for (size_t i = 2; i < max; i++)
        first[i] = must_create(world.context, NULL);
    for (size_t i = 2; i < max; i++)
        assert_ok(vmma_delete_client(first[i]));
    for (size_t i = 2; i < max; i++) {
        again = must_create(world.context, NULL);
        for (size_t j = 2; j < max; j++)
            ck_assert_ptr_ne(again, first[j]);
        assert_ok(vmma_delete_client(again));
    }
    for (size_t j = 2; j < max; j++)
        ck_assert_int_eq(vmma_is_client(first[j]), 0);
}
END_TEST

START_TEST(a_client_of_another_context_is_a_client_of_that_one)
{
    struct world other;
    void *block;

    world_open(&other, 64 * KIB, NULL);
    block = must_alloc(world.a, 100);
    assert_status(vmma_free_from(other.a, block), VMMA_E_OUTSIDE);
    ck_assert_ptr_null(
        vmma_find_client_by_name(other.context, "only in the first"));
    ck_assert_ptr_eq(vmma_get_client_context(other.a), other.context);
    world_close(&other);
}
END_TEST

/* ---- suite ------------------------------------------------------------- */

static TCase *creating(void)
{
    TCase *tc = tcase_create("creating");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_client_of_unknown_configuration_size_is_refused);
    tcase_add_test(tc, a_longer_configuration_is_accepted_if_its_tail_is_zero);
    tcase_add_test(tc,
                   a_longer_configuration_is_refused_if_its_tail_is_not_zero);
    tcase_add_test(tc, a_parent_is_refused_as_reserved);
    tcase_add_test(tc, a_name_may_have_31_characters_and_no_more);
    tcase_add_test(tc, a_very_long_name_is_refused);
    tcase_add_test(tc, limits_that_contradict_each_other_are_refused);
    tcase_add_test(tc, limits_without_a_quota_do_not_contradict_it);
    tcase_add_test(tc, limits_equal_to_the_quota_are_accepted);
    tcase_add_test(tc, a_reservation_that_cannot_be_had_is_refused);
    tcase_add_test(tc, no_place_for_the_handle_is_refused);
    tcase_add_test(tc, exactly_max_clients_may_live);
    tcase_add_test(tc, an_empty_client_holds_no_bytes);
    return tc;
}

static TCase *identity(void)
{
    TCase *tc = tcase_create("identity");

    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, the_name_is_copied);
    tcase_add_test(tc, a_client_without_a_name_has_an_empty_one);
    tcase_add_test(tc, the_user_pointer_is_handed_back);
    tcase_add_test(tc, a_client_knows_its_context);
    tcase_add_test(tc, ids_are_not_zero_and_never_used_again);
    tcase_add_test(tc, a_client_is_found_by_its_id);
    tcase_add_test(tc, no_client_is_found_by_an_id_that_was_not_given);
    tcase_add_test(tc, a_client_is_found_by_its_whole_name);
    tcase_add_test(tc, an_empty_name_finds_a_client_without_one);
    tcase_add_test(tc, a_name_longer_than_any_finds_nobody);
    tcase_add_test(tc, of_two_clients_with_one_name_the_older_is_found);
    tcase_add_test(tc,
                   the_older_is_found_also_when_the_younger_has_a_lower_slot);
    return tc;
}

static TCase *handles(void)
{
    TCase *tc = tcase_create("handles");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, no_client_is_answered_by_every_call);
    tcase_add_test(tc, a_deleted_client_is_answered_by_every_call);
    tcase_add_test(tc,
                   a_deleted_client_is_recognised_when_its_slot_is_recycled);
    tcase_add_test(tc, a_slot_has_255_different_handles_before_one_repeats);
    tcase_add_test(tc, a_slot_is_reused_only_after_the_others);
    tcase_add_test(tc, a_client_of_another_context_is_a_client_of_that_one);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("client");

    suite_add_tcase(suite, creating());
    suite_add_tcase(suite, identity());
    suite_add_tcase(suite, handles());
    return run_suite(suite);
}

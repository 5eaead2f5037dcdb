/*
 * options.c - the command line of lua-host.
 *
 * One table names each option and where its value goes, so that an option is
 * one line here and one in the help text.  Sizes take a suffix K, M or G.
 * The names of the programs are gathered at the front of argv, in place.
 *
 * SPDX-License-Identifier: MIT
 */
#include "options.h"

#include <ctype.h>
#include <string.h>

static const char options_help[] =
    "Usage: lua-host [OPTION...] PROGRAM.lua... [-- ARGUMENT...]\n"
    "Run Lua programs, each in an isolated heap (client) with a quota, in one\n"
    "block of memory (context), and drop each of them without closing it.\n"
    "\n"
    "  --quota SIZE    what each program may hold; 0: no limit  [4M]\n"
    "  --soft SIZE     from where on its garbage is collected between slices;\n"
    "                  0: never  [3/4 of the quota]\n"
    "  --memory SIZE   the block for all of them  [64M]\n"
    "  --slice N       instructions that one runs before it is another's\n"
    "                  turn, in steps of 1000  [100000]\n"
    "  --limit N       instructions that a program may run in all; 0: no\n"
    "                  limit  [0]\n"
    "  --every N       print the table after every N slices (on a terminal it\n"
    "                  is always there); 0: only at the end  [200]\n"
    "  --sequential    one program after the other, instead of in turns\n"
    "  --strict        exit with 1 also when a program failed\n"
    "  --help          print this\n"
    "\n"
    "SIZE is in bytes, or with a suffix K, M or G.  Every program gets the\n"
    "ARGUMENTs as `...` and in the table `arg`.\n"
    "Exit status: 0 when the context is back in its initial state at the end,\n"
    "1 when it is not, 2 for a wrong command line.\n";

void options_print_help(FILE *to)
{
    fputs(options_help, to);
}

/* Digits with an optional suffix.  False if it is anything else, or too
 * large. */
static bool options_parse(const char *text, bool suffixes, uint64_t *number)
{
    static const char letters[] = "KMG";
    uint64_t value = 0;
    const char *letter;
    unsigned shift;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (suffixes && *text != '\0') {
        letter = strchr(letters, toupper((unsigned char)*text));
        if (letter == NULL)
            return false;
        shift = 10 * (unsigned)(letter - letters + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        text++;
    }
    *number = value;
    return *text == '\0';
}

/* Where the value of an option goes: one of the three, or none. */
struct option {
    const char *name;
    size_t *size;
    uint64_t *number;
    bool *flag;
};

static const struct option *options_find(const struct option *table,
                                         const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* Take one option, with its value if it needs one.  Answers how many words
 * that were; 0 if something is wrong. */
static int options_take(const struct option *option, char **words)
{
    uint64_t value;

    if (option->flag != NULL) {
        *option->flag = true;
        return 1;
    }
    if (words[1] == NULL ||
        !options_parse(words[1], option->size != NULL, &value))
        return 0;
    if (option->size == NULL) {
        *option->number = value;
        return 2;
    }
    *option->size = (size_t)value;
    return *option->size == value ? 2 : 0;
}

static enum options_result options_wrong(const char *what, const char *word)
{
    fprintf(stderr, "lua-host: %s%s (--help tells more)\n", what, word);
    return OPTIONS_WRONG;
}

/* Everything that can only be judged when all options are known. */
static enum options_result options_finish(struct options *options, bool help)
{
    struct program_limits *limits = &options->limits;

    if (help)
        return OPTIONS_HELP;
    if (options->path_count == 0)
        return options_wrong("no program given", "");
    if (limits->slice == 0)
        return options_wrong("--slice must be at least 1", "");
    if (limits->soft_limit == SIZE_MAX)
        limits->soft_limit = limits->quota / 4 * 3;
    if (limits->quota != 0 && limits->soft_limit > limits->quota)
        return options_wrong("--soft is larger than --quota", "");
    return OPTIONS_RUN;
}

static void options_set_defaults(struct options *options)
{
    *options = (struct options){ .memory = (size_t)64 << 20, .every = 200 };
    options->limits.quota = (size_t)4 << 20;
    options->limits.soft_limit = SIZE_MAX; /* follows the quota */
    options->limits.slice = 100000;
}

enum options_result options_read(struct options *options, int argc,
                                 char **argv)
{
    struct program_limits *limits = &options->limits;
    bool help = false;
    const struct option table[] = {
        { "--quota", &limits->quota, NULL, NULL },
        { "--soft", &limits->soft_limit, NULL, NULL },
        { "--memory", &options->memory, NULL, NULL },
        { "--slice", NULL, &limits->slice, NULL },
        { "--limit", NULL, &limits->limit, NULL },
        { "--every", NULL, &options->every, NULL },
        { "--sequential", NULL, NULL, &options->sequential },
        { "--strict", NULL, NULL, &options->strict },
        { "--help", NULL, NULL, &help },
        { NULL, NULL, NULL, NULL },
    };

    options_set_defaults(options);
    options->paths = argv;
    for (int i = 1; i < argc;) {
        const struct option *option = options_find(table, argv[i]);
        int words;

        if (strcmp(argv[i], "--") == 0) {
            limits->arguments = argv + i + 1;
            limits->argument_count = argc - i - 1;
            break;
        }
        if (option == NULL && strncmp(argv[i], "--", 2) == 0)
            return options_wrong("unknown option ", argv[i]);
        if (option == NULL) {
            options->paths[options->path_count++] = argv[i++];
            continue;
        }
        words = options_take(option, argv + i);
        if (words == 0)
            return options_wrong("wrong or no value for ", argv[i]);
        i += words;
    }
    return options_finish(options, help);
}

# Examples: small programs that `make` builds and `make check` runs.
#
# Each is a test.  Those that need arguments, or whose output is looked at,
# have a script for that in tests/ here.  README.md tells what they show.

noinst_PROGRAMS = %D%/hello %D%/stats
TESTS += %D%/hello %D%/tests/stats.sh
EXTRA_DIST += %D%/README.md

%C%_hello_LDADD = libvmma.la
%C%_stats_LDADD = libvmma.la

# ---- lua-host: Lua programs, each in a client of its own -----------------

lua_programs = \
	%D%/programs/binary-trees.lua \
	%D%/programs/bomb.lua \
	%D%/programs/closures.lua \
	%D%/programs/coroutines.lua \
	%D%/programs/error.lua \
	%D%/programs/json.lua \
	%D%/programs/leaker.lua \
	%D%/programs/life.lua \
	%D%/programs/matrix.lua \
	%D%/programs/queens.lua \
	%D%/programs/sort.lua \
	%D%/programs/strings.lua

# Programs that try to disturb the host, or to find out that there is one.
lua_test_programs = \
	%D%/tests/arguments.lua \
	%D%/tests/endless.lua \
	%D%/tests/exit.lua \
	%D%/tests/finalizers.lua \
	%D%/tests/flood.lua \
	%D%/tests/hooks.lua \
	%D%/tests/memory.lua \
	%D%/tests/output.lua \
	%D%/tests/stubborn.lua \
	%D%/tests/syntax.lua \
	%D%/tests/yields.lua

EXTRA_DIST += $(lua_programs) $(lua_test_programs) %D%/tests/host.sh

TESTS += %D%/tests/lua-host.sh %D%/tests/lua-guests.sh
if HAVE_LUA
noinst_PROGRAMS += %D%/lua-host
endif
%C%_lua_host_CPPFLAGS = $(AM_CPPFLAGS) $(LUA_CFLAGS)
%C%_lua_host_LDADD = libvmma.la $(LUA_LIBS)
%C%_lua_host_SOURCES = \
	%D%/lua/engine.h \
	%D%/lua/adapter.c %D%/lua/adapter.h \
	%D%/lua/output.c %D%/lua/output.h \
	%D%/lua/slice.c %D%/lua/slice.h \
	%D%/lua/coroutine.c %D%/lua/coroutine.h \
	%D%/lua/hooks.c %D%/lua/hooks.h \
	%D%/lua/program.c %D%/lua/program.h \
	%D%/lua/options.c %D%/lua/options.h \
	%D%/lua/display.c %D%/lua/display.h \
	%D%/lua/main.c

# ---- plugin-host: two plugins, one of which leaks ------------------------

TESTS += %D%/tests/plugin-host.sh
if HAVE_DLOPEN
noinst_PROGRAMS += %D%/plugin-host
check_LTLIBRARIES += %D%/polite.la %D%/leaky.la
endif
%C%_plugin_host_SOURCES = %D%/plugin/main.c %D%/plugin/plugin.h
%C%_plugin_host_LDADD = libvmma.la $(DL_LIBS)

# -rpath makes a module of it, although it is never installed.
plugin_ldflags = $(AM_LDFLAGS) -module -avoid-version -rpath /nowhere
%C%_polite_la_SOURCES = %D%/plugin/polite.c %D%/plugin/plugin.h
%C%_polite_la_LDFLAGS = $(plugin_ldflags)
%C%_polite_la_LIBADD =
%C%_leaky_la_SOURCES = %D%/plugin/leaky.c %D%/plugin/plugin.h
%C%_leaky_la_LDFLAGS = $(plugin_ldflags)
%C%_leaky_la_LIBADD =

EXTRA_DIST += %D%/tests/stats.sh %D%/tests/lua-host.sh \
	%D%/tests/lua-guests.sh %D%/tests/plugin-host.sh

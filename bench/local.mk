# Benchmarks.  `make bench` builds one program per peer, bench/bench_PEER;
# nothing here is built by `make`, and `make check` builds and runs only
# bench_vmma, for a second.  README.md here tells the rest.
#
# Peers that no distribution packages are taken from where the user has them,
# already built:
#
#     make bench TLSF=DIR         DIR/tlsf.h, DIR/tlsf.o
#     make bench DLMALLOC=DIR     DIR/dlmalloc.o, with mspaces
#     make bench O1HEAP=DIR       DIR/o1heap.h, DIR/o1heap.o
#     make bench RPMALLOC=DIR     DIR/rpmalloc.h, DIR/rpmalloc.o, with
#                                 first-class heaps
#     make bench SNMALLOC=DIR     DIR/libsnmallocshim-static.a
#
# and TLSF_LIBS=... and so on when the object is elsewhere.

bench_sources = \
	%D%/bench.c \
	%D%/support/adapter.h %D%/support/clock.h %D%/support/memory.h \
	%D%/support/options.h %D%/support/random.h %D%/support/report.h \
	%D%/support/space.h %D%/support/verify.h \
	%D%/workloads/adversary.h %D%/workloads/context.h \
	%D%/workloads/phases.h %D%/workloads/w1_lifo.h \
	%D%/workloads/w2_churn.h %D%/workloads/w3_teardown.h \
	%D%/workloads/w4_heaps.h %D%/workloads/w5_questions.h \
	%D%/workloads/w6_grow.h %D%/workloads/w7_threads.h \
	%D%/workloads/w8_lua.h

EXTRA_DIST += %D%/README.md %D%/run %D%/smoke.sh \
	%D%/lua/closures.lua %D%/lua/json.lua %D%/lua/queens.lua \
	%D%/lua/strings.lua %D%/lua/tables.lua %D%/lua/trees.lua \
	%D%/peers/floor.h %D%/peers/libc.h %D%/peers/process.h \
	%D%/peers/ranges.h %D%/peers/slices.h \
	docs/BENCHMARKS.md docs/FRAGMENTATION.md docs/benchmarks

bench_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/%D% $(BENCH_LUA_CPPFLAGS)
bench_cflags = $(AM_CFLAGS) -pthread
bench_libs = $(BENCH_LUA_LIBS) -lm -lpthread
if HAVE_LUA
BENCH_LUA_CPPFLAGS = -DBENCH_LUA=1 $(LUA_CFLAGS)
BENCH_LUA_LIBS = $(LUA_LIBS)
endif

# ---- libvmma: the shared library if it was built, as the peers are ----------

check_PROGRAMS += %D%/bench_vmma
TESTS += %D%/smoke.sh
%C%_bench_vmma_SOURCES = $(bench_sources) %D%/peers/vmma.h
%C%_bench_vmma_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/vmma.h"'
%C%_bench_vmma_CFLAGS = $(bench_cflags)
%C%_bench_vmma_LDFLAGS = $(AM_LDFLAGS) -no-install
%C%_bench_vmma_LDADD = libvmma.la $(bench_libs)

# ---- peers that need nothing --------------------------------------------------

bench_peers = %D%/bench_glibc %D%/bench_floor_sized %D%/bench_floor_page
%C%_bench_glibc_SOURCES = $(bench_sources) %D%/peers/glibc.h
%C%_bench_glibc_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/glibc.h"'
%C%_bench_glibc_CFLAGS = $(bench_cflags)
%C%_bench_glibc_LDADD = $(bench_libs)
%C%_bench_floor_sized_SOURCES = $(bench_sources) %D%/peers/floor_sized.h
%C%_bench_floor_sized_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/floor_sized.h"'
%C%_bench_floor_sized_CFLAGS = $(bench_cflags)
%C%_bench_floor_sized_LDADD = $(bench_libs)
%C%_bench_floor_page_SOURCES = $(bench_sources) %D%/peers/floor_page.h
%C%_bench_floor_page_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/floor_page.h"'
%C%_bench_floor_page_CFLAGS = $(bench_cflags)
%C%_bench_floor_page_LDADD = $(bench_libs)

# The same library linked statically: what the call through the shared
# library's table costs.
bench_peers += %D%/bench_vmma_static
%C%_bench_vmma_static_SOURCES = $(bench_sources) %D%/peers/vmma.h
%C%_bench_vmma_static_CPPFLAGS = $(bench_cppflags) -DPEER_NAME='"vmma-static"' \
	-DBENCH_PEER='"peers/vmma.h"'
%C%_bench_vmma_static_CFLAGS = $(bench_cflags)
%C%_bench_vmma_static_LDADD = libvmma-core.la $(bench_libs)

# ---- peers that configure found -----------------------------------------------

if HAVE_MIMALLOC
bench_peers += %D%/bench_mimalloc
endif
%C%_bench_mimalloc_SOURCES = $(bench_sources) %D%/peers/mimalloc.h
%C%_bench_mimalloc_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/mimalloc.h"'
%C%_bench_mimalloc_CFLAGS = $(bench_cflags)
%C%_bench_mimalloc_LDADD = $(MIMALLOC_LIBS) $(bench_libs)

if HAVE_JEMALLOC
bench_peers += %D%/bench_jemalloc
endif
%C%_bench_jemalloc_SOURCES = $(bench_sources) %D%/peers/jemalloc.h
%C%_bench_jemalloc_CPPFLAGS = $(bench_cppflags) $(JEMALLOC_CFLAGS) \
	-DBENCH_PEER='"peers/jemalloc.h"'
%C%_bench_jemalloc_CFLAGS = $(bench_cflags)
%C%_bench_jemalloc_LDADD = $(JEMALLOC_LIBS) $(bench_libs)

if HAVE_JEMALLOC
bench_peers += %D%/bench_jemalloc_notcache
endif
%C%_bench_jemalloc_notcache_SOURCES = $(bench_sources) %D%/peers/jemalloc.h
%C%_bench_jemalloc_notcache_CPPFLAGS = $(bench_cppflags) -DPEER_TCACHE=0 $(JEMALLOC_CFLAGS) \
	-DBENCH_PEER='"peers/jemalloc.h"'
%C%_bench_jemalloc_notcache_CFLAGS = $(bench_cflags)
%C%_bench_jemalloc_notcache_LDADD = $(JEMALLOC_LIBS) $(bench_libs)

if HAVE_TCMALLOC
bench_peers += %D%/bench_tcmalloc
endif
%C%_bench_tcmalloc_SOURCES = $(bench_sources) %D%/peers/tcmalloc.h
%C%_bench_tcmalloc_CPPFLAGS = $(bench_cppflags) $(TCMALLOC_CFLAGS) \
	-DBENCH_PEER='"peers/tcmalloc.h"'
%C%_bench_tcmalloc_CFLAGS = $(bench_cflags)
%C%_bench_tcmalloc_LDADD = $(TCMALLOC_LIBS) $(bench_libs)

if HAVE_TALLOC
bench_peers += %D%/bench_talloc
endif
%C%_bench_talloc_SOURCES = $(bench_sources) %D%/peers/talloc.h
%C%_bench_talloc_CPPFLAGS = $(bench_cppflags) $(TALLOC_CFLAGS) \
	-DBENCH_PEER='"peers/talloc.h"'
%C%_bench_talloc_CFLAGS = $(bench_cflags)
%C%_bench_talloc_LDADD = $(TALLOC_LIBS) $(bench_libs)

if HAVE_APR
bench_peers += %D%/bench_apr
endif
%C%_bench_apr_SOURCES = $(bench_sources) %D%/peers/apr.h
%C%_bench_apr_CPPFLAGS = $(bench_cppflags) $(APR_CFLAGS) \
	-DBENCH_PEER='"peers/apr.h"'
%C%_bench_apr_CFLAGS = $(bench_cflags)
%C%_bench_apr_LDADD = $(APR_LIBS) $(bench_libs)

# ---- peers that the user names on the command line of make --------------------

bench_user_peers = %D%/bench_tlsf %D%/bench_dlmalloc %D%/bench_o1heap \
	%D%/bench_rpmalloc %D%/bench_snmalloc
TLSF_LIBS = $(TLSF)/tlsf.o
DLMALLOC_LIBS = $(DLMALLOC)/dlmalloc.o
O1HEAP_LIBS = $(O1HEAP)/o1heap.o
RPMALLOC_LIBS = $(RPMALLOC)/rpmalloc.o
SNMALLOC_LIBS = $(SNMALLOC)/libsnmallocshim-static.a -lstdc++ -latomic
%C%_bench_tlsf_SOURCES = $(bench_sources) %D%/peers/tlsf.h
%C%_bench_tlsf_CPPFLAGS = $(bench_cppflags) -I$(TLSF) \
	-DBENCH_PEER='"peers/tlsf.h"'
%C%_bench_tlsf_CFLAGS = $(bench_cflags)
%C%_bench_tlsf_LDADD = $(TLSF_LIBS) $(bench_libs)
%C%_bench_dlmalloc_SOURCES = $(bench_sources) %D%/peers/dlmalloc.h
%C%_bench_dlmalloc_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/dlmalloc.h"'
%C%_bench_dlmalloc_CFLAGS = $(bench_cflags)
%C%_bench_dlmalloc_LDADD = $(DLMALLOC_LIBS) $(bench_libs)
%C%_bench_o1heap_SOURCES = $(bench_sources) %D%/peers/o1heap.h
%C%_bench_o1heap_CPPFLAGS = $(bench_cppflags) -I$(O1HEAP) -I$(O1HEAP)/o1heap \
	-DBENCH_PEER='"peers/o1heap.h"'
%C%_bench_o1heap_CFLAGS = $(bench_cflags)
%C%_bench_o1heap_LDADD = $(O1HEAP_LIBS) $(bench_libs)
%C%_bench_rpmalloc_SOURCES = $(bench_sources) %D%/peers/rpmalloc.h
%C%_bench_rpmalloc_CPPFLAGS = $(bench_cppflags) -I$(RPMALLOC) -I$(RPMALLOC)/rpmalloc \
	-DBENCH_PEER='"peers/rpmalloc.h"'
%C%_bench_rpmalloc_CFLAGS = $(bench_cflags)
%C%_bench_rpmalloc_LDADD = $(RPMALLOC_LIBS) $(bench_libs)
%C%_bench_snmalloc_SOURCES = $(bench_sources) %D%/peers/snmalloc.h
%C%_bench_snmalloc_CPPFLAGS = $(bench_cppflags) \
	-DBENCH_PEER='"peers/snmalloc.h"'
%C%_bench_snmalloc_CFLAGS = $(bench_cflags)
%C%_bench_snmalloc_LDADD = $(SNMALLOC_LIBS) $(bench_libs)

EXTRA_PROGRAMS = $(bench_peers) $(bench_user_peers)
CLEANFILES += $(EXTRA_PROGRAMS)

.PHONY: bench
bench: %D%/bench_vmma$(EXEEXT) $(bench_peers)
	@test -z "$(TLSF)" || $(MAKE) $(AM_MAKEFLAGS) %D%/bench_tlsf$(EXEEXT)
	@test -z "$(DLMALLOC)" || $(MAKE) $(AM_MAKEFLAGS) %D%/bench_dlmalloc$(EXEEXT)
	@test -z "$(O1HEAP)" || $(MAKE) $(AM_MAKEFLAGS) %D%/bench_o1heap$(EXEEXT)
	@test -z "$(RPMALLOC)" || $(MAKE) $(AM_MAKEFLAGS) %D%/bench_rpmalloc$(EXEEXT)
	@test -z "$(SNMALLOC)" || $(MAKE) $(AM_MAKEFLAGS) %D%/bench_snmalloc$(EXEEXT)

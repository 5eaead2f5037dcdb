# Tests.  To add a Check program, append one line in the section "Check
# programs" below:
#
#     check_api_programs  += %D%/api/test_NAME     only libvmma.h; libvmma.la
#     check_core_programs += %D%/unit/test_NAME    "src/..."; the archive
#
# Its source is the file of that name with .c.  An api program needs nothing
# else.  A core program needs a second line, because it links the archive:
#
#     %C%_unit_test_NAME_LDADD = $(unit_libs)     or $(core_libs)
#
# Code that several programs share lies in tests/support; append its files to
# support_files.  Every Check program is linked with it.
#
# A test exits with 0 (passed), 77 (skipped, and says why) or anything else
# (failed).  It runs in the build directory, and $top_srcdir is exported.

# ---- Check programs ------------------------------------------------------

check_api_programs =
check_core_programs =
support_files =

support_files += %D%/support/support.c %D%/support/support.h \
	%D%/support/host.c %D%/support/host.h

check_api_programs += %D%/api/test_blocks
check_api_programs += %D%/api/test_busy
check_api_programs += %D%/api/test_bytes
check_api_programs += %D%/api/test_callbacks
check_api_programs += %D%/api/test_client
check_api_programs += %D%/api/test_config
check_api_programs += %D%/api/test_context
check_api_programs += %D%/api/test_delete
check_api_programs += %D%/api/test_extend
check_api_programs += %D%/api/test_flags
check_api_programs += %D%/api/test_growth
check_api_programs += %D%/api/test_library
check_api_programs += %D%/api/test_limits
check_api_programs += %D%/api/test_misuse
check_api_programs += %D%/api/test_realloc
check_api_programs += %D%/api/test_report
check_api_programs += %D%/api/test_resize
check_api_programs += %D%/api/test_stats
check_api_programs += %D%/api/test_walk

check_api_programs += %D%/model/test_model_random
%C%_model_test_model_random_SOURCES = %D%/model/test_model_random.c \
	%D%/model/model.h %D%/model/model.c %D%/model/ops.c \
	%D%/model/ops_client.c

# White-box: one program per room.
check_core_programs += %D%/unit/test_bits
check_core_programs += %D%/unit/test_buddy
check_core_programs += %D%/unit/test_check
check_core_programs += %D%/unit/test_check_bits
check_core_programs += %D%/unit/test_classes
check_core_programs += %D%/unit/test_client
check_core_programs += %D%/unit/test_context
check_core_programs += %D%/unit/test_context_life
check_core_programs += %D%/unit/test_heap
check_core_programs += %D%/unit/test_heap_pieces
check_core_programs += %D%/unit/test_large
check_core_programs += %D%/unit/test_layout
check_core_programs += %D%/unit/test_locate
check_core_programs += %D%/unit/test_placing
check_core_programs += %D%/unit/test_pool
check_core_programs += %D%/unit/test_request
check_core_programs += %D%/unit/test_request_misuse
check_core_programs += %D%/unit/test_runs
check_core_programs += %D%/unit/test_slab
check_core_programs += %D%/unit/test_slab_work
check_core_programs += %D%/unit/test_space
check_core_programs += %D%/unit/test_stats
check_core_programs += %D%/unit/test_walk
%C%_unit_test_bits_LDADD = $(unit_libs)
%C%_unit_test_buddy_LDADD = $(unit_libs)
%C%_unit_test_check_LDADD = $(unit_libs)
%C%_unit_test_check_bits_LDADD = $(unit_libs)
%C%_unit_test_classes_LDADD = $(unit_libs)
%C%_unit_test_client_LDADD = $(unit_libs)
%C%_unit_test_context_LDADD = $(unit_libs)
%C%_unit_test_context_life_LDADD = $(unit_libs)
%C%_unit_test_heap_LDADD = $(unit_libs)
%C%_unit_test_heap_pieces_LDADD = $(unit_libs)
%C%_unit_test_large_LDADD = $(unit_libs)
%C%_unit_test_layout_LDADD = $(unit_libs)
%C%_unit_test_locate_LDADD = $(unit_libs)
%C%_unit_test_placing_LDADD = $(unit_libs)
%C%_unit_test_pool_LDADD = $(unit_libs)
%C%_unit_test_request_LDADD = $(unit_libs)
%C%_unit_test_request_misuse_LDADD = $(unit_libs)
%C%_unit_test_runs_LDADD = $(unit_libs)
%C%_unit_test_slab_LDADD = $(unit_libs)
%C%_unit_test_slab_work_LDADD = $(unit_libs)
%C%_unit_test_space_LDADD = $(unit_libs)
%C%_unit_test_stats_LDADD = $(unit_libs)
%C%_unit_test_walk_LDADD = $(unit_libs)

# ---- how they are built --------------------------------------------------

if HAVE_CHECK
check_PROGRAMS += $(check_api_programs) $(check_core_programs)
TESTS += $(check_api_programs) $(check_core_programs)
check_LTLIBRARIES += libsupport.la libunit.la
endif
libsupport_la_SOURCES = $(support_files)
libunit_la_SOURCES = %D%/unit/support.c %D%/unit/support.h \
	%D%/unit/check_steps.h %D%/unit/context_steps.h \
	%D%/unit/heap_steps.h %D%/unit/request_steps.h \
	%D%/unit/slab_steps.h

# What a program is linked with that does not say it itself.
LDADD = $(api_libs)
api_libs = libsupport.la libvmma.la $(CHECK_LIBS)
core_libs = libsupport.la libvmma-core.la $(CHECK_LIBS)
unit_libs = libunit.la $(core_libs)
AM_CPPFLAGS += $(CHECK_CFLAGS)

# ---- scripts -------------------------------------------------------------

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(top_srcdir)'; export top_srcdir; \
	objdir='$(objdir)'; export objdir; \
	enable_shared='$(enable_shared)'; export enable_shared; \
	NM='$(NM)'; export NM; \
	CC='$(CC)'; export CC; \
	CPPFLAGS='$(CPPFLAGS)'; export CPPFLAGS; \
	CFLAGS='$(CFLAGS)'; export CFLAGS; \
	CXX='$(CXX)'; export CXX; \
	CXXFLAGS='$(CXXFLAGS)'; export CXXFLAGS; \
	LDFLAGS='$(LDFLAGS)'; export LDFLAGS;

check_scripts = \
	%D%/scripts/layering.sh \
	%D%/scripts/length.sh \
	%D%/scripts/docs.sh \
	%D%/scripts/version.sh \
	%D%/scripts/exports.sh \
	%D%/scripts/imports.sh \
	%D%/scripts/header-c.sh \
	%D%/scripts/header-cxx.sh \
	%D%/scripts/readme.sh \
	%D%/scripts/freestanding.sh
EXTRA_DIST += $(check_scripts)
TESTS += $(check_scripts)

EXTRA_DIST += %D%/c99/header.c %D%/cxx/header.cc \
	%D%/freestanding/main.c %D%/freestanding/start.h \
	%D%/install/installcheck.sh %D%/install/installed.c

# ---- make installcheck ---------------------------------------------------

installcheck-local:
	$(AM_V_GEN)DESTDIR='$(DESTDIR)' libdir='$(libdir)' \
	  pkgconfigdir='$(pkgconfigdir)' PKG_CONFIG='$(PKG_CONFIG)' \
	  CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' CFLAGS='$(CFLAGS)' \
	  LDFLAGS='$(LDFLAGS)' top_srcdir='$(top_srcdir)' \
	  $(SHELL) $(top_srcdir)/%D%/install/installcheck.sh

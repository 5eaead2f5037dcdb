# The library: compiled once into an archive, which white-box tests link too,
# and wrapped into what is installed.

noinst_LTLIBRARIES += libvmma-core.la
libvmma_core_la_CFLAGS = $(VMMA_LIBRARY_CFLAGS) $(AM_CFLAGS)
libvmma_core_la_SOURCES = \
	%D%/platform.h %D%/flags.h %D%/insist.h %D%/bits.h \
	%D%/status.c \
	%D%/classes.c %D%/classes.h \
	%D%/space.h \
	%D%/layout.c %D%/layout.h \
	%D%/buddy.c %D%/buddy.h \
	%D%/pool.c %D%/pool.h \
	%D%/runs.c %D%/runs.h \
	%D%/heap.c %D%/heap.h \
	%D%/slab.c %D%/slab.h \
	%D%/large.c %D%/large.h \
	%D%/client.c %D%/client.h \
	%D%/context.c %D%/context.h \
	%D%/locate.c %D%/locate.h \
	%D%/request.c %D%/request.h \
	%D%/walk.c %D%/walk.h \
	%D%/stats.c %D%/stats.h \
	%D%/check.c %D%/check.h \
	%D%/fast.c %D%/fast.h \
	%D%/api.c %D%/api_query.c
EXTRA_DIST += %D%/ROOMS

lib_LTLIBRARIES += libvmma.la
libvmma_la_SOURCES =
libvmma_la_LIBADD = libvmma-core.la
libvmma_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined \
	-version-info $(VMMA_LT_VERSION) -export-symbols libvmma.sym
EXTRA_libvmma_la_DEPENDENCIES = libvmma.sym

# What the shared library exports is what the header declares.
CLEANFILES += libvmma.sym
libvmma.sym: libvmma.h
	$(AM_V_GEN)sed -n 's/^VMMA_API.*[ *]\(vmma_[a-z0-9_]*\)(.*/\1/p' \
	  $(top_srcdir)/libvmma.h > $@.tmp && test -s $@.tmp && mv $@.tmp $@

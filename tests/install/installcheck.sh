#!/bin/sh
# What is installed can be found with pkg-config, compiled against, linked
# with (shared and static, whichever is there) and run; also under DESTDIR.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # flags are lists
: "${top_srcdir:=.}" "${DESTDIR=}" "${CC:=cc}" "${CFLAGS=}" "${CPPFLAGS=}"
: "${LDFLAGS=}" "${PKG_CONFIG:=pkg-config}" "${libdir:?}" "${pkgconfigdir:?}"
fail() { echo "installcheck: $*" >&2; exit 1; }
tmp=installcheck.tmp
rm -rf $tmp && mkdir $tmp || exit 99
trap 'rm -rf $tmp' EXIT
trap 'exit 1' HUP INT TERM

# Only our own file counts, wherever else a libvmma.pc may lie.
PKG_CONFIG_LIBDIR=$DESTDIR$pkgconfigdir
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS
unset PKG_CONFIG_PATH
if [ -n "$DESTDIR" ]; then
    PKG_CONFIG_SYSROOT_DIR=$DESTDIR
    export PKG_CONFIG_SYSROOT_DIR
fi
version=$($PKG_CONFIG --modversion libvmma) || fail "pkg-config does not find libvmma"
cflags=$($PKG_CONFIG --cflags libvmma) || fail "pkg-config --cflags"
libs=$($PKG_CONFIG --libs libvmma) || fail "pkg-config --libs"

$CC $CPPFLAGS $CFLAGS $cflags -c -o $tmp/installed.o \
    "$top_srcdir/tests/install/installed.c" || fail "the program does not compile"

# runs PROGRAM: it must say the version that pkg-config says.
runs() {
    answer=$(LD_LIBRARY_PATH=$DESTDIR$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$1") ||
        fail "$1 does not run, or answered $?"
    [ "$answer" = "$version" ] || fail "$1 is of $answer, the .pc file of $version"
}

linked=
$CC $CFLAGS $LDFLAGS -o $tmp/by-pkg-config $tmp/installed.o $libs ||
    fail "the program does not link with: $libs"
runs $tmp/by-pkg-config
if [ -e "$DESTDIR$libdir/libvmma.so" ]; then
    linked="$linked shared"
fi
if [ -e "$DESTDIR$libdir/libvmma.a" ]; then
    $CC $CFLAGS $LDFLAGS -o $tmp/static $tmp/installed.o "$DESTDIR$libdir/libvmma.a" ||
        fail "the program does not link with the static library"
    runs $tmp/static
    linked="$linked static"
fi
[ -n "$linked" ] || fail "no library in $DESTDIR$libdir"
echo "installcheck: libvmma $version works:$linked"

#!/bin/sh
# libvmma.h compiles as C99, C11 and C17 without a warning, also without the
# compiler's attributes, and what it declares can be linked and run.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # flags are lists
: "${top_srcdir:=.}" "${CC:=cc}" "${CFLAGS=}" "${CPPFLAGS=}" "${LDFLAGS=}"
tmp=header-c.tmp
rm -rf $tmp && mkdir $tmp || exit 99
trap 'rm -rf $tmp' EXIT
trap 'exit 1' HUP INT TERM

ran=0
for std in c99 c11 c17; do
    $CC -std=$std -c -o $tmp/empty.o -x c /dev/null 2> /dev/null || {
        echo "$std: the compiler does not know it"
        continue
    }
    for define in -UVMMA_NO_ATTRIBUTES -DVMMA_NO_ATTRIBUTES; do
        $CC $CPPFLAGS $CFLAGS -std=$std -Wall -Wextra -Wpedantic -Wstrict-prototypes \
            -Werror $define -I"$top_srcdir" -c -o $tmp/header.o \
            "$top_srcdir/tests/c99/header.c" || exit 1
        ./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS -no-install \
            -o $tmp/header $tmp/header.o libvmma.la || exit 1
        $tmp/header || { echo "$std $define: answered $?"; exit 1; }
        ran=$((ran + 1))
    done
    echo "$std: compiles and runs"
done
[ $ran -gt 0 ] || { echo "no standard was tried"; exit 1; }

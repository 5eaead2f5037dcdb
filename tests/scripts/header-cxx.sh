#!/bin/sh
# libvmma.h compiles as C++11 to C++20 without a warning, and what it declares
# has C linkage.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # flags are lists
: "${top_srcdir:=.}" "${CC:=cc}" "${CFLAGS=}" "${CPPFLAGS=}" "${LDFLAGS=}"
: "${CXX:=c++}" "${CXXFLAGS=}"
tmp=header-cxx.tmp
rm -rf $tmp && mkdir $tmp || exit 99
trap 'rm -rf $tmp' EXIT
trap 'exit 1' HUP INT TERM

# The machine options of the C compiler count here too, or nothing links.
for word in $CC $CFLAGS; do
    case $word in -m*) CXXFLAGS="$CXXFLAGS $word" ;; esac
done
echo '#include <stddef.h>' > $tmp/empty.cc
$CXX $CXXFLAGS -c -o $tmp/empty.o $tmp/empty.cc 2> /dev/null || {
    echo "SKIP: no C++ compiler"
    exit 77
}
ran=0
for std in c++11 c++14 c++17 c++20; do
    $CXX $CXXFLAGS -std=$std -c -o $tmp/empty.o $tmp/empty.cc 2> /dev/null || {
        echo "$std: the compiler does not know it"
        continue
    }
    # Without exceptions and run-time types it can be linked as C, so that
    # no C++ library is needed.
    $CXX $CPPFLAGS $CXXFLAGS -std=$std -Wall -Wextra -Wpedantic -Werror \
        -fno-exceptions -fno-rtti -I"$top_srcdir" -c -o $tmp/header.o \
        "$top_srcdir/tests/cxx/header.cc" || exit 1
    ./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS -no-install \
        -o $tmp/header $tmp/header.o libvmma.la || exit 1
    $tmp/header || { echo "$std: answered $?"; exit 1; }
    echo "$std: compiles and runs"
    ran=$((ran + 1))
done
[ $ran -gt 0 ] || { echo "no standard was tried"; exit 1; }

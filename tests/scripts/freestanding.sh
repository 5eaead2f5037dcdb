#!/bin/sh
# The sources, compiled with -ffreestanding and linked with -nostdlib into a
# program that brings its own start and its own four mem functions, work.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # flags are lists
: "${top_srcdir:=.}" "${CC:=cc}" "${CFLAGS=}"
skip() { echo "SKIP: $*"; exit 77; }
tmp=freestanding.tmp
rm -rf $tmp && mkdir $tmp || exit 99
trap 'rm -rf $tmp' EXIT
trap 'exit 1' HUP INT TERM

# Of the user's flags only those that choose the machine and the optimization
# count: what instruments a program needs a library.
flags=
for word in $CFLAGS; do
    case $word in -m*|-O*|-g*) flags="$flags $word" ;; esac
done
flags="$flags -std=c11 -ffreestanding -fno-stack-protector -fno-pie"

# start.h has an #error for what it does not know; anything else that is
# wrong with it is a failure, below.
$CC $flags -E "$top_srcdir/tests/freestanding/start.h" > $tmp/start.i 2> $tmp/errors || {
    grep -q 'start.h does not know this machine' $tmp/errors &&
        skip "start.h does not know this machine"
    cat $tmp/errors
    exit 1
}

for file in "$top_srcdir"/src/*.c "$top_srcdir/tests/freestanding/main.c"; do
    $CC $flags -DHAVE_CONFIG_H -I. -I"$top_srcdir" \
        -c -o "$tmp/$(basename "$file" .c).o" "$file" || exit 1
done

# Nothing else is linked; only a 32-bit compiler needs its own library, which
# has the 64-bit arithmetic that such a machine lacks.
own=
echo __SIZEOF_POINTER__ | $CC $flags -E -P - | grep -qx 4 && own=-lgcc
$CC $flags -nostdlib -static -no-pie -o $tmp/freestanding $tmp/*.o $own || exit 1
$tmp/freestanding
status=$?
[ $status = 126 ] && skip "this machine does not run what it builds"
[ $status = 0 ] || echo "the program answered $status: see main.c for the step"
exit $status

#!/bin/sh
# The first C example in README.md has at most 20 lines, compiles without a
# warning, runs, and prints what README.md says.
#
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2086 # flags are lists
: "${top_srcdir:=.}" "${CC:=cc}" "${CFLAGS=}" "${CPPFLAGS=}" "${LDFLAGS=}"
tmp=readme.tmp
rm -rf $tmp && mkdir $tmp || exit 99
trap 'rm -rf $tmp' EXIT
trap 'exit 1' HUP INT TERM

# fenced KIND: the lines of the first block that begins with ```KIND.
fenced() {
    awk -v fence="\`\`\`$1" '
        $0 == fence && !done { on = 1; next }
        /^```/ && on         { on = 0; done = 1 }
        on' "$top_srcdir/README.md"
}
fenced c > $tmp/example.c
fenced output > $tmp/want
lines=$(wc -l < $tmp/example.c | tr -d ' ')
[ "$lines" -gt 0 ] || { echo "README.md: no C example found"; exit 1; }
[ "$lines" -le 20 ] || { echo "README.md: the example has $lines lines"; exit 1; }
[ -s $tmp/want ] || { echo "README.md: no output found"; exit 1; }

$CC $CPPFLAGS $CFLAGS -Wall -Wextra -Wpedantic -Werror -I"$top_srcdir" \
    -c -o $tmp/example.o $tmp/example.c || exit 1
./libtool --silent --tag=CC --mode=link $CC $CFLAGS $LDFLAGS -no-install \
    -o $tmp/example $tmp/example.o libvmma.la || exit 1
$tmp/example > $tmp/have || { echo "the example answered $?"; exit 1; }
diff -u $tmp/want $tmp/have

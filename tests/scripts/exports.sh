#!/bin/sh
# The shared library exports exactly what libvmma.h declares.
#
# SPDX-License-Identifier: MIT
[ "${enable_shared:=yes}" = yes ] || { echo "SKIP: no shared library"; exit 77; }
header=${top_srcdir:=.}/libvmma.h
tmp=exports.tmp.$$
trap 'rm -f $tmp.*' EXIT
trap 'exit 1' HUP INT TERM

sed -n 's/^VMMA_API.*[ *]\(vmma_[a-z0-9_]*\)(.*/\1/p' "$header" | sort > $tmp.want
[ -s $tmp.want ] || { echo "no declarations found in libvmma.h"; exit 1; }
declared=$(grep -c '^VMMA_API' "$header")
[ "$declared" = "$(wc -l < $tmp.want | tr -d ' ')" ] || {
    echo "libvmma.h: a line that begins with VMMA_API names no function"
    exit 1
}
${NM:-nm} -D "${objdir:=.libs}/libvmma.so" > $tmp.symbols ||
    { echo "${NM:-nm} -D $objdir/libvmma.so: failed"; exit 1; }
awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' $tmp.symbols | sort > $tmp.have
diff -u $tmp.want $tmp.have

#!/bin/sh
# The library needs four functions of its environment, and nothing else.  Both
# the shared library and the archive that it is made of are looked at.
#
# SPDX-License-Identifier: MIT
: "${objdir:=.libs}" "${enable_shared:=yes}" "${NM:=nm}" "${CC:=cc}" "${CFLAGS=}"
tmp=imports.tmp.$$
trap 'rm -f $tmp.*' EXIT
trap 'exit 1' HUP INT TERM

# What may be imported; what the linker adds to any shared library, weakly;
# what a 32-bit compiler has in its own library, which is linked statically (so
# that only the archive shows it): 64-bit arithmetic; and what a compiler adds
# that was told to watch the program.
allowed='memcmp memcpy memmove memset'
compilers='^$'
linkers='__cxa_finalize __gmon_start__ _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable'
# shellcheck disable=SC2086 # flags are lists
echo __SIZEOF_POINTER__ | $CC $CFLAGS -E -P - | grep -qx 4 &&
    compilers='^__(ctz|clz|popcount|mul|u?div|u?mod|u?divmod|ash[lr]|lshr)di[234]$'
watchers='^(__(a|t|ub|m|hwa)san_|__sanitizer_|__gcov_|__llvm_|__start___sancov|__stop___sancov|__stack_chk_|__[a-z]*_chk$|__fentry__$|_*mcount$)'

# judge FILE: the symbols, as nm printed them; those without an address are
# undefined, unless another object of the same archive defines them.
judge() {
    awk -v file="$1" -v compilers="$compilers" -v allowed="$allowed" -v linkers="$linkers" -v watchers="$watchers" '
    function fill(set, words,  n, i, word) {
        n = split(words, word, " "); for (i = 1; i <= n; i++) set[word[i]] = 1 }
    BEGIN { fill(may, allowed); fill(weak, linkers) }
    NF == 3 { sub(/@.*/, "", $3); defined[$3] = 1 }
    NF == 2 && length($1) == 1 { sub(/@.*/, "", $2); undefined[$2] = $1 }
    END {
        for (name in defined) if (name ~ /^vmma_/) seen++
        if (!seen) { print file ": no symbols of the library found"; exit 1 }
        for (name in undefined) {
            if (name in defined || name in may) continue
            if (name in weak && undefined[name] ~ /^[wv]$/) continue
            if (name == "_GLOBAL_OFFSET_TABLE_") continue
            if (file ~ /\.a$/ && name ~ compilers) continue
            if (name ~ watchers) { watched = name; continue }
            print file ": needs " name; bad = 1 }
        if (bad) exit 1
        if (watched) { print file ": SKIP: instrumented, needs " watched; exit 77 } }' "$2"
}

status=0
look() {
    "$@" > $tmp.symbols || { echo "$*: failed"; exit 1; }
    for file in "$@"; do :; done
    judge "$file" $tmp.symbols
    case $? in
        0) echo "$file: nothing but some of: $allowed" ;;
        77) [ $status = 1 ] || status=77 ;;
        *) status=1 ;;
    esac
}
# shellcheck disable=SC2086 # NM may hold options
{
    look $NM "$objdir/libvmma-core.a"
    [ "$enable_shared" = yes ] && look $NM -D "$objdir/libvmma.so"
}
exit $status

# host.sh - what the test scripts beside it share; they read it with `.`.
# shellcheck shell=sh
#
# Offers: $examples (the sources), $scratch (a folder that goes away), needs,
# fail, expect.  Tests run in the build folder.
#
# SPDX-License-Identifier: MIT

# shellcheck disable=SC2034 # for those who read this file
examples=${top_srcdir:-.}/examples
scratch=$(mktemp -d "${TMPDIR:-/tmp}/vmma-examples.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT

# needs FILE REASON: skip the test when the build has not made it.
needs() {
    [ -f "$1" ] && return
    echo "skipped: $2"
    exit 77
}

# fail MESSAGE [FILE]: and show what came out.
fail() {
    echo "FAILED: $1"
    [ -z "$2" ] || cat "$2"
    exit 1
}

# expect FILE PATTERN...: each is found in a line of its own.
expect() {
    file=$1
    shift
    for pattern in "$@"; do
        grep -q -e "$pattern" "$file" || fail "no line with: $pattern" "$file"
    done
}

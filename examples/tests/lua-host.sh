#!/bin/sh
# The Lua host on the shipped programs, in turns and one after the other: all
# but two finish, those two fail for their own reason, and the context is
# back in its initial state.
#
# SPDX-License-Identifier: MIT
. "${top_srcdir:-.}/examples/tests/host.sh"
needs examples/lua-host "built without Lua"
out=$scratch/out

for options in "" "--sequential" "--slice 1000 --every 0 --soft 0"; do
    echo "== lua-host $options"
    # shellcheck disable=SC2086 # a list of options
    examples/lua-host $options --quota 4M "$examples"/programs/*.lua \
        > "$out" 2>&1 || fail "exit status $?" "$out"
    expect "$out" '^bomb failed: not enough memory; dropped with' \
        '^bomb| out of memory after [0-9]* strings, all of them whole' \
        '^error failed: .*error.lua:[0-9]*: attempt to perform arithmetic' \
        '^vmma_check: no invariant is broken' \
        '^the context is back to its initial state'
    for program in "$examples"/programs/*.lua; do
        name=$(basename "$program" .lua)
        case $name in
            bomb|error) expect "$out" "^$name  *failed " ;;
            *) expect "$out" "^$name  *finished " "^$name| ." ;;
        esac
    done
done
cat "$out"

echo "== a strict host"
examples/lua-host --strict "$examples"/programs/queens.lua > "$out" 2>&1 ||
    fail "exit status $?" "$out"
examples/lua-host --strict "$examples"/programs/error.lua > "$out" 2>&1 &&
    fail "a failed program, and exit status 0" "$out"
exit 0

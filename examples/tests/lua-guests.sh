#!/bin/sh
# The Lua host on programs that try to disturb it, or to find out that it is
# there.
#
# SPDX-License-Identifier: MIT
. "${top_srcdir:-.}/examples/tests/host.sh"
needs examples/lua-host "built without Lua"
out=$scratch/out
tests=$examples/tests

# run OPTION... PROGRAM...: the host itself must end well.
run() {
    echo "== $*"
    examples/lua-host --every 0 "$@" > "$out" 2>&1 ||
        fail "exit status $?" "$out"
    expect "$out" '^the context is back to its initial state'
}

run --strict "$tests/arguments.lua" -- one "two words"
run --strict "$tests/yields.lua"
run --strict --slice 1 "$tests/yields.lua"
run --strict "$tests/hooks.lua"
run --strict --slice 1000 "$tests/hooks.lua"
run --strict "$tests/flood.lua"
run --strict "$tests/memory.lua" "$tests/memory.lua"
expect "$out" '^memory| still here'
run --strict --quota 0 "$tests/yields.lua"

run --strict "$tests/output.lua"
sed -n 's/^output| //p' "$out" > "$scratch/have"
cat > "$scratch/want" << 'END'
print	1	nil	true
io.write
io.stdout
io.stderr
__tostring
1 2 3 

an empty line
no newline
END
cmp "$scratch/have" "$scratch/want" || fail "another output" "$out"

run --limit 3000000 "$tests/endless.lua" "$tests/stubborn.lua" \
    "$tests/yields.lua"
expect "$out" '^endless failed: used up its 3000000 instructions' \
    '^stubborn failed: used up its 3000000 instructions'
run "$tests/exit.lua"
expect "$out" '^exit| before' '^exit failed: exit code 3'
grep -q '^exit| after' "$out" && fail "it went on after os.exit" "$out"
run "$tests/finalizers.lua"
expect "$out" '^finalizers failed: an error of its own'
grep -q 'must not be seen' "$out" && fail "the state was closed" "$out"
run "$tests/syntax.lua" "$scratch/missing.lua" "$scratch" /dev/null
expect "$out" '^syntax failed: .*syntax.lua:2: unexpected symbol' \
    '^missing failed: cannot open' '^null finished' '^4 programs, 3 failed'

# Too little for a Lua state, for the libraries, for all of the programs.
for quota in 1 2K 8K 16K 24K 32K; do
    run --quota $quota "$tests/syntax.lua" "$tests/yields.lua"
done
run --memory 128K --quota 0 "$tests"/*.lua --limit 1000000

echo "== wrong command lines"
for words in "" "--quota" "--quota x" "--quota 1X" "--what x.lua" \
    "--slice 0 x.lua" "--soft 2M --quota 1M x.lua" \
    "--quota 99999999999G x.lua"; do
    # shellcheck disable=SC2086 # a list of words
    examples/lua-host $words > "$out" 2>&1
    [ $? = 2 ] || fail "accepted: $words" "$out"
done
examples/lua-host --memory 1K "$tests/syntax.lua" > "$out" 2>&1 &&
    fail "a context in 1 KiB" "$out"
examples/lua-host --help > "$out" 2>&1 || fail "--help: exit status $?" "$out"
expect "$out" '^Usage: lua-host'

#!/bin/sh
# A million calls of two plugins, one of which leaks on each: its client is
# made anew again and again, the other never, and the host stays flat.
#
# SPDX-License-Identifier: MIT
. "${top_srcdir:-.}/examples/tests/host.sh"
needs examples/plugin-host "built without dlopen"
out=$scratch/out
modules=examples/${objdir:-.libs}
needs "$modules/leaky.so" "no loadable modules in this build"

examples/plugin-host "$modules/polite.so" "$modules/leaky.so" > "$out" 2>&1 ||
    fail "exit status $?" "$out"
expect "$out" '^leaky has [1-9][0-9]* live blocks' '^polite: 0 restarts' \
    '^leaky: [1-9][0-9][0-9]* restarts' '^ *1000000 calls' \
    'vmma_check: no invariant is broken' \
    '^the context is back to its initial state'
cat "$out"

examples/plugin-host "$scratch/missing.so" > "$out" 2>&1 &&
    fail "a plugin that is not there, and exit status 0" "$out"
expect "$out" 'missing.so'

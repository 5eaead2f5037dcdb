#!/bin/sh
# The benchmark program of libvmma runs every workload, tiny: first with every
# block checked, then measured.  Nothing is made of the times; but what the
# adversaries make a heap hold must stay within its bound, or it says "error".
#
# SPDX-License-Identifier: MIT
[ -r /proc/self/smaps_rollup ] || { echo "no /proc to read footprints from"; exit 77; }
./bench/bench_vmma --lua="${top_srcdir:=.}/bench/lua" --smoke > smoke.tmp
status=$?
grep '"error"' smoke.tmp
lines=$(grep -c '"value"' smoke.tmp)
bounds=$(grep -c '"bound_ratio"' smoke.tmp)
rm -f smoke.tmp
[ "$status" -eq 0 ] || { echo "bench_vmma answered $status"; exit 1; }
[ "$lines" -gt 50 ] || { echo "only $lines results"; exit 1; }
[ "$bounds" -eq 4 ] || { echo "$bounds adversaries instead of 4"; exit 1; }

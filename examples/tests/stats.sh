#!/bin/sh
# The statistics as text, and as JSON that a parser accepts.
#
# SPDX-License-Identifier: MIT
. "${top_srcdir:-.}/examples/tests/host.sh"
needs examples/stats "not built"
out=$scratch/out

examples/stats --polls 3 > "$out" || fail "exit status $?" "$out"
expect "$out" '^poll 3' 'steady *growing *bursty' '^  failed_count  *[0-9]'
cat "$out"
examples/stats --json --polls 6 > "$out" || fail "exit status $?" "$out"

if python3 -c 'import json' 2> /dev/null; then
    python3 - "$out" << 'END' || fail "not what was expected" "$out"
import json, sys
polls = json.load(open(sys.argv[1]))["polls"]
assert [poll["poll"] for poll in polls] == [1, 2, 3, 4, 5, 6]
for poll in polls:
    context, clients = poll["context"], poll["clients"]
    names = sorted(c["name"] for c in clients)
    assert names == ["bursty", "growing", "steady"]
    for field in "total_size", "arena_count", "live_blocks", "live_size":
        assert context[field] == sum(c[field] for c in clients), field
    assert context["free_size"] == context["capacity"] - context["total_size"]
    for c in clients:
        assert c["live_size"] <= c["total_size"] <= c["peak_size"]
        assert c["total_size"] >= c["reservation"]
        assert c["quota"] == 0 or c["peak_size"] <= c["quota"]
last = {c["name"]: c for c in polls[-1]["clients"]}
assert last["growing"]["failed_count"] > 0
assert last["steady"]["failed_count"] == 0
assert last["bursty"]["live_blocks"] == 0
END
else
    # As much as can be seen without a parser: as many opened as closed.
    for pair in '{}' '[]'; do
        opened=$(tr -cd "${pair%?}" < "$out" | wc -c)
        closed=$(tr -cd "${pair#?}" < "$out" | wc -c)
        [ "$opened" -gt 0 ] || fail "no ${pair%?}" "$out"
        [ "$opened" -eq "$closed" ] || fail "unbalanced $pair" "$out"
    done
    expect "$out" '"poll": 6' '"name": "steady"'
fi

#!/bin/sh
# No file in src/ includes a room later than its own (src/ROOMS lists them,
# lowest first; a file foo_bar.c belongs to the room foo).  "libvmma.h" is
# below all rooms; "config.h" is for flags alone; and of the system's headers
# only those that a freestanding build has, and string.h, may be included.
#
# SPDX-License-Identifier: MIT
cd "${top_srcdir:=.}/src" || exit 99
[ -s ROOMS ] || { echo "ROOMS: missing or empty"; exit 1; }
grep -n '^[[:space:]]*#[[:space:]]*include' ./*.[ch] /dev/null | awk '
function wrong(why) { print where ": " why; bad = 1 }
FNR == NR  { if ($0 !~ /^#/ && NF) { rank[$1] = ++rooms; files[$1] = 0 }; next }
           { sub(/^\.\//, ""); split($0, part, ":")
             where = part[1] ":" part[2]; room = part[1]; sub(/[._].*/, "", room)
             seen++
             if (!(room in rank)) { wrong("no such room in ROOMS"); next }
             if (match($0, /<[^>]*>/)) {
                 if ($0 !~ /<(stddef|stdint|stdbool|string)\.h>/)
                     wrong("may not include " substr($0, RSTART, RLENGTH))
                 next }
             if (!match($0, /"[a-z][a-z0-9_]*\.h"/)) { wrong("odd include"); next }
             need = substr($0, RSTART + 1, RLENGTH - 4)
             if (need == "libvmma") next
             if (need == "config" && room == "flags") next
             if (need == "config") { wrong("only flags.h may include config.h"); next }
             sub(/_.*/, "", need)
             if (!(need in rank)) wrong("no such room: " need)
             else if (rank[need] > rank[room]) wrong("may not include " need ".h") }
END        { if (!rooms) { print "ROOMS lists no room"; bad = 1 }
             if (!seen) { print "no includes found"; bad = 1 }
             exit bad }' ROOMS - || exit 1

# Every room has a file, and every file a room, also one that includes nothing.
rooms=$(sed '/^#/d; s/[[:space:]].*//; /^$/d' ROOMS)
for room in $rooms; do
    for file in "$room".[ch] "$room"_*.[ch]; do
        [ -f "$file" ] && continue 2
    done
    echo "ROOMS: $room has no file"
    exit 1
done
for file in *.[ch]; do
    echo "$rooms" | grep -qx "${file%%[._]*}" || {
        echo "$file: no such room in ROOMS"
        exit 1
    }
done

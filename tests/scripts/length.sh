#!/bin/sh
# No file in src/ has more than 600 lines, and no function more than 40, from
# its opening brace to its closing one.  A function's closing brace stands in
# the first column, and nothing else's does without a semicolon.
#
# SPDX-License-Identifier: MIT
cd "${top_srcdir:=.}/src" || exit 99
for file in *.[ch]; do
    [ -s "$file" ] || { echo "$file: missing or empty"; exit 1; }
done
awk '
function close_file() {
    if (lines > 600) { print name ": " lines " lines; 600 is the limit"; bad = 1 }
    if (start) { print name ":" start ": a function that does not end"; bad = 1 } }
FNR == 1           { close_file(); name = FILENAME; start = 0 }
                   { lines = FNR }
/^\{/ || /^[A-Za-z_].*\)[ ]*\{[ ]*$/ || /^[ \t].*\)[ ]*\{[ ]*$/ && !start && open_header {
                     if (!start) { start = FNR; opened++ } }
# A header that goes on for several lines: its first one has no ; and no }.
/^[A-Za-z_].*\(/   { open_header = ($0 !~ /[;{}]/) }
/[;}]/             { open_header = 0 }
/^\}[ ]*$/         { if (start && FNR - start + 1 > 40) {
                         print name ":" start ": a function of " FNR - start + 1 \
                               " lines; 40 is the limit"; bad = 1 }
                     start = 0 }
END                { close_file()
                     if (!opened) { print "no functions found"; bad = 1 }
                     exit bad }' ./*.[ch]

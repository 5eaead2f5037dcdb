#!/bin/sh
# Every public function states its parameters, its answer, its cost and its
# thread rules.  A declaration's name stands on the line that begins with
# VMMA_API; the last /** comment before it is its own.
#
# SPDX-License-Identifier: MIT
awk '
function wrong(why) { print name ": " why; bad = 1 }
/^\/\*\*/   { doc = ""; keep = 1 }
keep        { doc = doc "\n" $0 }
/\*\//      { keep = 0 }
/^VMMA_API/ { decl = $0
              while (decl !~ /;/ && (getline more) > 0) decl = decl " " more
              seen++; name = decl; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
              if (name !~ /^vmma_[a-z0-9_]+$/) wrong("not a name for a public function")
              need = "@complexity @threads"
              if (decl !~ /^VMMA_API void [a-z0-9_]*\(/) need = need " @return"
              n = split(need, tag, " ")
              for (i = 1; i <= n; i++)
                  if (index(doc, tag[i] " ") == 0) wrong("no " tag[i])
              args = decl; sub(/^[^(]*\(/, "", args); sub(/\).*/, "", args)
              known = " "
              m = split(args, arg, ",")
              for (i = 1; i <= m; i++) {
                  p = arg[i]; sub(/ *$/, "", p); sub(/.*[ *]/, "", p)
                  known = known p " "
                  if (p != "void" && doc !~ ("@param +" p "[^a-z0-9_]"))
                      wrong("no @param " p) }
              n = split(doc, line, "\n")
              for (i = 1; i <= n; i++)
                  if (match(line[i], /@param +[a-z0-9_]+/)) {
                      p = substr(line[i], RSTART, RLENGTH); sub(/.* /, "", p)
                      if (index(known, " " p " ") == 0) wrong("@param " p " is no parameter") }
              doc = "" }
END         { if (!seen) { print "no public functions found"; bad = 1 } exit bad }
' "${top_srcdir:=.}/libvmma.h"

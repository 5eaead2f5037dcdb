#!/bin/sh
# configure.ac, libvmma.h (twice) and the top of ChangeLog name one version.
#
# SPDX-License-Identifier: MIT
cd "${top_srcdir:=.}" || exit 99
part() {
    sed -n "s/^#define VMMA_VERSION_$1[[:space:]]*\([0-9][0-9]*\)\$/\1/p" libvmma.h
}
configure=$(sed -n 's/^AC_INIT(\[libvmma\], \[\([0-9.]*\)\].*/\1/p' configure.ac)
parts=$(part MAJOR).$(part MINOR).$(part PATCH)
string=$(sed -n 's/^#define VMMA_VERSION[[:space:]]*"\(.*\)"$/\1/p' libvmma.h)
changelog=$(sed -n 's/^Version \([0-9.]*\) (.*)$/\1/p' ChangeLog | sed 1q)
case $configure in
    [0-9]*.[0-9]*.[0-9]*) ;;
    *) echo "configure.ac: no version found"; exit 1 ;;
esac
bad=0
compare() {
    [ "$2" = "$configure" ] && return
    echo "$1 says '$2', and configure.ac '$configure'"
    bad=1
}
compare "libvmma.h, VMMA_VERSION_MAJOR.MINOR.PATCH," "$parts"
compare "libvmma.h, VMMA_VERSION," "$string"
compare "ChangeLog, first entry," "$changelog"
exit $bad

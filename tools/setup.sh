# setup.sh - what the commands beside it share; they read it with `.`.
# shellcheck shell=sh
#
# Offers: need_packages, out_of_tree.  The caller stands in the top folder.
#
# SPDX-License-Identifier: MIT

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# need_packages: everything that building, the tests and the examples need is
# there afterwards, or the command ends and says what is missing.
need_packages() {
    missing=
    needs_command gcc gcc
    needs_command g++ g++
    needs_command make make
    needs_command autoreconf autoconf
    needs_command automake automake
    needs_command libtoolize libtool
    needs_command pkg-config pkg-config
    [ -f /usr/include/stdio.h ] || missing="$missing libc6-dev"
    needs_module check check
    needs_module lua5.4 liblua5.4-dev
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && has apt-get; then
        say "Installing:$missing"
        # shellcheck disable=SC2086 # a list
        install_packages $missing || die "apt-get failed"
    else
        die "these Debian packages are missing:$missing
As root, install them with:
    apt-get install --no-install-recommends$missing"
    fi
}

has() { command -v "$1" > /dev/null 2>&1; }

# needs_command COMMAND PACKAGE
needs_command() { has "$1" || missing="$missing $2"; }

# needs_module MODULE PACKAGE
needs_module() {
    if ! has pkg-config || ! pkg-config --exists "$1"; then
        missing="$missing $2"
    fi
}

# install_packages PACKAGE...: never at the price of another package.
install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-remove \
            --no-install-recommends "$@"
}

jobs() { getconf _NPROCESSORS_ONLN 2> /dev/null || echo 1; }

# prepare: make ./configure, unless this is an unpacked release.
prepare() {
    if [ -e .git ] || [ ! -x configure ]; then
        autoreconf -i || die "autoreconf failed"
    fi
}

# out_of_tree FOLDER [OPTION...]: configure and build in FOLDER.
out_of_tree() {
    folder=$1
    shift
    [ ! -f config.status ] || die "the source folder itself is configured; run: make distclean"
    prepare
    mkdir -p "$folder" || exit 1
    top=$(pwd)
    (cd "$folder" && "$top/configure" --quiet "$@" && make -j "$(jobs)") ||
        die "the build in $folder failed"
}

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the Debian packages that a target needs and that are missing, when root or sudo can do it without a question;
# otherwise names them in one line. Never fails: what can still run without them does, and says what it skips.
#   sh host/build/debian.sh base|run|firmware|check|test
set -u

base="gcc make libc6-dev"
qt="libegl1 libgl1 libglib2.0-0 libfontconfig1 libfreetype6 libdbus-1-3 libxkbcommon0 fonts-dejavu-core
    libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
    libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 libx11-xcb1"
arm="gcc-arm-none-eabi libnewlib-arm-none-eabi"
qemu="qemu-system-arm"
# clang alone brings no runtime for its fuzzer and sanitizers.
test="xvfb xauth clang libclang-rt-dev"

case "${1:-}" in
    base)     wanted="$base" ;;
    run)      wanted="$qt" ;;
    firmware) wanted="$arm $qemu" ;;
    check)    wanted="clang clang-tidy-14 cppcheck libnewlib-dev" ;;
    test)     wanted="$qt $arm $qemu $test" ;;
    *)        echo "usage: debian.sh base|run|firmware|check|test" >&2; exit 2 ;;
esac

# A Python that came from Debian keeps venv and its headers in packages of their own.
if [ "$1" = base ]; then
    python="${PYTHON:-python3}"
    "$python" -c 'import ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' 2>/dev/null \
        || wanted="$wanted python3-dev"
fi

command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=""
for package in $wanted; do
    # On newer Debian some names carry a t64 suffix and "provide" the old one: ask for either.
    status=$(dpkg-query -W -f '${db:Status-Status} ' "$package" "${package}t64" 2>/dev/null)
    case "$status" in *installed*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "Missing Debian packages; what needs them will be skipped. To install: sudo apt-get install$missing"
        exit 0
    fi
fi

echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
install() { $as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1; }
# shellcheck disable=SC2086
install $missing && exit 0
$as_root apt-get update >/dev/null 2>&1
# shellcheck disable=SC2086
install $missing && exit 0
# A name that this Debian does not know must not keep the others away.
left=""
for package in $missing; do
    install "$package" || left="$left $package"
done
[ -z "$left" ] \
    || echo "Could not install them; what needs them will be skipped. To install: apt-get install$left"
exit 0

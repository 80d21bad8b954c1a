#!/usr/bin/env bash
# What the scripts of the lab share; they source it. The lab is two libvirtds with tiny guests and
# a place for podman's containers, all on this machine, for the live tests of the collectors.
#
# It lives in one folder, NOVACRON_LAB (default /var/tmp/novacron-lab), and touches neither the
# libvirt nor the containers that a machine may have of its own: each daemon has a mount and a
# PID namespace in which its folders lie over the system's.
# shellcheck disable=SC2034  # whoever sources it uses these
set -euo pipefail

LAB=${NOVACRON_LAB:-/var/tmp/novacron-lab}
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# The exit status of what could not be asked here; scripts/test leaves such a step out aloud.
readonly left_out=77

# The bridge of the guests' taps.
readonly bridge=nvlabbr

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '   %s\n' "$*"; }
fail() {
    printf 'lab: %s\n' "$*" >&2
    exit 1
}

only_root() {
    [[ $(id -u) == 0 ]] && return
    echo "left out: the lab needs root (namespaces, taps, cgroups); run it as root"
    exit "$left_out"
}

# The folder of one daemon, and the address at which virsh finds it.
side_folder() { printf '%s/%s' "$LAB" "$1"; }
side_uri() { printf 'qemu+unix:///system?socket=%s/%s/run/libvirt-sock' "$LAB" "$1"; }

# virsh on one side; nothing here may wait for ever.
on() {
    local side=$1
    shift
    timeout 60 virsh -q -c "$(side_uri "$side")" "$@"
}

# within SECONDS COMMAND…: tries until it succeeds; 1 if it never did.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

alive() { [[ -n ${1:-} ]] && kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# The process that is PID 1 of a side's namespace, seen from outside: all else there ends with it.
side_init() {
    local keeper
    keeper=$(cat "$(side_folder "$1")/keeper.pid" 2>/dev/null) || return 1
    # A number from a file may belong to somebody else by now.
    tr '\0' ' ' <"/proc/$keeper/cmdline" 2>/dev/null | grep -q "^unshare .*$LAB" || return 1
    local children
    children=$(cat "/proc/$keeper/task/$keeper/children" 2>/dev/null) || return 1
    [[ $children ]] || return 1
    printf '%s' "${children%% *}"
}

# process_of SIDE PATTERN: the process of that namespace whose command line matches.
process_of() {
    local init child
    init=$(side_init "$1") || return 1
    local children
    read -ra children < <(cat "/proc/$init/task/$init/children") || true
    for child in "${children[@]}"; do
        if tr '\0' ' ' <"/proc/$child/cmdline" 2>/dev/null | grep -qE -- "$2"; then
            printf '%s\n' "$child"
            return 0
        fi
    done
    return 1
}

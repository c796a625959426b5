# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and listening ports, read from /proc."""
from __future__ import annotations

import os
import re

LISTEN = "0A"
# Programs that move virtual IPs or run kube-proxy's work outside of it.
WATCHED = ("kube-proxy", "keepalived", "kube-vip", "haproxy", "kube-router", "k3s", "rke2", "kubelet")


def watched(proc="/proc"):
    """Return name -> arguments of the first process of each watched program."""
    found = {}
    for pid in filter(str.isdigit, os.listdir(proc)):
        arguments = _arguments(os.path.join(proc, pid))
        name = os.path.basename(arguments[0]) if arguments else ""
        if name in WATCHED and name not in found:
            found[name] = arguments
    return found


def _arguments(folder):
    try:
        with open(os.path.join(folder, "cmdline"), "rb") as handle:
            words = handle.read().decode("utf-8", "replace").split("\0")
    except OSError:  # it has ended
        return []
    return [word for word in words if word]


def listeners(port, proc="/proc"):
    """Return the names of the processes of this network namespace that listen on a TCP port; "?" for one that cannot be found."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            with open(os.path.join(proc, "self", "net", table), encoding="ascii") as handle:
                inodes |= listening(handle.read(), port)
        except OSError:  # no IPv6
            continue
    return sorted(_owners(inodes, proc)) if inodes else []


def listening(table, port):
    """Inodes of the sockets that listen on a port, from the text of /proc/net/tcp or tcp6. Pure."""
    found = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
            found.add(fields[9])
    return found


def _owners(inodes, proc):
    names = set()
    for pid in filter(str.isdigit, os.listdir(proc)):
        folder = os.path.join(proc, pid, "fd")
        try:
            held = {match.group(1) for match in (re.match(r"socket:\[(\d+)\]$", os.readlink(os.path.join(folder, fd))) for fd in os.listdir(folder)) if match}
        except OSError:  # it has ended, or is not ours
            continue
        if held & inodes:
            arguments = _arguments(os.path.join(proc, pid))
            names.add(os.path.basename(arguments[0]) if arguments else "?")
    return names or {"?"}

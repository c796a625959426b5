# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and listening ports, read from /proc."""
from __future__ import annotations

import contextlib
import os

LISTEN = "0A"
# Programs that move virtual IPs or run kube-proxy's work outside of it.
WATCHED = ("kube-proxy", "keepalived", "kube-vip", "haproxy", "kube-router", "k3s", "rke2", "kubelet")


def watched(proc="/proc"):
    """Return the names of the watched programs that run."""
    return sorted({_name(os.path.join(proc, pid)) for pid in filter(str.isdigit, os.listdir(proc))}.intersection(WATCHED))


def _name(folder):
    """The name of a process's program; empty if it has ended or is the kernel's."""
    try:
        with open(os.path.join(folder, "cmdline"), "rb") as handle:
            return os.path.basename(handle.read().partition(b"\0")[0].decode("utf-8", "replace"))
    except OSError:
        return ""


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
    wanted = {f"socket:[{inode}]" for inode in inodes}
    folders = [os.path.join(proc, pid) for pid in os.listdir(proc) if pid.isdigit()]
    return {_name(folder) or "?" for folder in folders if wanted & _open_files(os.path.join(folder, "fd"))} or {"?"}


def _open_files(folder):
    """What a process has open; nothing if it has ended or is not ours."""
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(folder):
            with contextlib.suppress(OSError):  # closed meanwhile
                found.add(os.readlink(os.path.join(folder, descriptor)))
    return found

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that run on this node, by name: kube-proxy, which would make its rules again, and kubelet, whose version counts."""

from __future__ import annotations

import glob
import os
import time
from typing import Optional, Sequence

# kubelet keeps such a folder as long as it knows the container's pod, also while the container is down and waits for its next start.
CONTAINERS = "pods/*/containers/kube-proxy"
ROOT_DIR = "/var/lib/kubelet"


def in_this_network(name: str, proc: str = "/proc") -> list[str]:
    """Process ids. One in another network namespace belongs to a node that is nested in this one."""
    found = []
    ours = os.readlink(f"{proc}/self/ns/net")
    for pid in sorted((entry for entry in os.listdir(proc) if entry.isdigit()), key=int):
        try:
            with open(f"{proc}/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                if comm.read().strip() == name and os.readlink(f"{proc}/{pid}/ns/net") == ours:
                    found.append(pid)
        except OSError:
            # it has ended meanwhile
            continue
    return found


def command_line(pid: str, proc: str = "/proc") -> list[str]:
    """The process's words; none if it has ended."""
    try:
        with open(f"{proc}/{pid}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
            return file.read().split("\0")
    except OSError:
        return []


def option(words: Sequence[str], name: str) -> Optional[str]:
    """The value of "--name VALUE" or "--name=VALUE"."""
    for word, after in zip(words, [*words[1:], ""]):
        if word.split("=")[0] == f"--{name}":
            return word.partition("=")[2] or after
    return None


def _root_dir(proc: str) -> str:
    """kubelet's folder."""
    given = (option(command_line(pid, proc), "root-dir") for pid in in_this_network("kubelet", proc))
    return next(filter(None, given), ROOT_DIR)


def kube_proxy(patience: float = 0, proc: str = "/proc") -> Optional[str]:
    """What was found of a kube-proxy that runs, or that kubelet is about to start again.

    A pod's folder outlives its object in the API by some seconds: patience is how many of them kubelet gets to take it away.
    """
    until = time.monotonic() + patience
    containers = f"{_root_dir(proc)}/{CONTAINERS}"
    while True:
        pids = in_this_network("kube-proxy", proc)
        if pids:
            return f"process {pids[0]}"
        pods = sorted(glob.glob(containers))
        if not pods or time.monotonic() >= until:
            return f"a pod with a container of that name, {pods[0]}" if pods else None
        time.sleep(0.2)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Into a pod's network namespace without an image: find one of its processes by the pod's UID, then setns()."""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import re
import socket
from typing import Iterator

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError

CLONE_NEWNET = 0x40000000  # <linux/sched.h>


def cgroup_names_pod(cgroup: str, pod_uid: str) -> bool:
    """Whether the text of a /proc/PID/cgroup lies below the pod's cgroup.

    kubelet writes the UID as it is with the cgroupfs driver (pod1234-ab) and with '_' for '-' with the systemd
    driver (kubepods-burstable-pod1234_ab.slice), in cgroup v1 and v2 alike. A runtime that is not set to kubelet's systemd
    driver takes the whole triple for a name (...pod1234_ab.slice:cri-containerd:ID).
    """
    wanted = "pod" + pod_uid.replace("-", "_")
    for line in cgroup.splitlines():
        for part in re.split("[/:]", line.split(":", 2)[-1].replace("-", "_")):
            stem = part[: -len(".slice")] if part.endswith(".slice") else part
            if stem == wanted or stem.endswith("_" + wanted):
                return True
    return False


def processes_of_pod(pod_uid: str, proc: str = "/proc") -> Iterator[str]:
    """The folders of the pod's processes in /proc."""
    for cgroup_file in sorted(glob.glob(f"{proc}/[0-9]*/cgroup")):
        try:
            with open(cgroup_file, encoding="utf-8", errors="replace") as handle:
                if not cgroup_names_pod(handle.read(), pod_uid):
                    continue
        except OSError:
            continue  # the process has ended while we looked
        yield os.path.dirname(cgroup_file)


def find_pod_netns(pod_uid: str, proc: str = "/proc") -> str:
    """The path of the pod's network namespace, for setns()."""
    own = os.stat(f"{proc}/self/ns/net").st_ino
    in_host_network = False
    for process in processes_of_pod(pod_uid, proc):
        try:
            if os.stat(f"{process}/ns/net").st_ino != own:
                return f"{process}/ns/net"
            in_host_network = True
        except OSError:
            continue  # the process has ended while we looked
    if in_host_network:
        raise TrafficError(f"Pod {pod_uid} runs in the host's own network. Probe it with namespace: host.")
    raise TrafficError(
        f"No process of pod {pod_uid} runs on this node. Look where it runs with: "
        f"kubectl get pods -A -o wide | grep NAME, and give the UID of a running pod of this node."
    )


def enter(netns_fd: int) -> None:
    """Move the calling thread, and only it, into a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(netns_fd, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise TrafficError(f"Cannot enter the pod's network namespace: {os.strerror(code)}. Run the module as root (become: true).")


def leads_to(address: str) -> bool:
    """Whether the calling thread's network has a route to an address. Nothing is sent: connecting a datagram socket only looks the route up."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as looking:
        try:
            looking.connect((address, 9))
        except OSError as error:
            return error.errno != errno.ENETUNREACH
    return True

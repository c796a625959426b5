# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node has that is to become a member of a cluster, and of which cluster it is one already."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import socket
import subprocess
from typing import Any, Optional

KUBELET_CONFIG = "etc/kubernetes/kubelet.conf"
CERTIFICATE = "etc/kubernetes/pki/ca.crt"
API_SERVER = "etc/kubernetes/manifests/kube-apiserver.yaml"
# sysctl -> what kubeadm's own preflight wants
SYSCTLS = {"net.ipv4.ip_forward": "1"}
PROGRAMS = {"kubeadm": ("version", "-o", "short"), "kubelet": ("--version",)}


def facts(cri_socket: str, root: str = "/") -> dict[str, Any]:
    return {"member": member(root), "programs": programs(), "missing": missing(cri_socket, root)}


def member(root: str = "/") -> Optional[dict[str, Any]]:
    """Of which cluster this node is a member: server, ca (a fingerprint) and control_plane; None of none."""
    text = _read(root, KUBELET_CONFIG)
    if text is None:
        return None
    server = re.search(r"^\s*server: *(\S+)", text, re.M)
    data = re.search(r"^\s*certificate-authority-data: *(\S+)", text, re.M)
    certificate = base64.b64decode(data[1]) if data else (_read(root, CERTIFICATE) or "").encode()
    return {
        "server": server[1].strip("\"'") if server else "",
        "ca": hashlib.sha256(certificate.strip()).hexdigest(),
        "control_plane": os.path.exists(os.path.join(root, API_SERVER)),
    }


def programs() -> dict[str, str]:
    """Versions by name; a program that is missing or does not answer is left out."""
    found = {}
    for name, words in PROGRAMS.items():
        path = shutil.which(name)
        if path:
            # There is no module object here.
            done = subprocess.run([path, *words], capture_output=True, check=False, encoding="utf-8", errors="replace")  # pylint: disable=ansible-bad-function
            version = re.search(r"v?(\d+\.\d+\.\d+\S*)", done.stdout)
            if version:
                found[name] = version[1]
    return found


def missing(cri_socket: str, root: str = "/") -> list[dict[str, str]]:
    """What has to be there before kubeadm begins: what, found, expected and how to get it."""
    result = []
    path = cri_socket.split("://", 1)[-1]
    fault = _unreachable(path)
    if fault:
        result.append({"what": f"container runtime at {path}", "found": fault, "expected": "one that listens", "do": "systemctl enable --now containerd"})
    for name, wanted in SYSCTLS.items():
        value = (_read(root, f"proc/sys/{name.replace('.', '/')}") or "unreadable").strip()
        if value != wanted:
            remedy = f"echo {name}={wanted} >/etc/sysctl.d/99-kubernetes.conf && sysctl --system"
            result.append({"what": f"sysctl {name}", "found": value, "expected": wanted, "do": remedy})
    swaps = [line.split()[0] for line in (_read(root, "proc/swaps") or "").splitlines()[1:] if line.strip()]
    if swaps:
        result.append({"what": "swap", "found": ", ".join(swaps), "expected": "none", "do": "swapoff -a, and take it out of /etc/fstab"})
    return result


def _unreachable(path: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
        except OSError as error:
            return error.strerror or str(error)
    return ""


def _read(root: str, path: str) -> Optional[str]:
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None

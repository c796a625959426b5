# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of which cluster a node is a member, and whether kubeadm ended there."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import api_server
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm.files import names, read

KUBELET_CONFIG = "etc/kubernetes/kubelet.conf"
# Names the endpoint of the cluster, where from 1.33 on a control plane's kubelet.conf names the node itself.
ADMIN_CONFIG = "etc/kubernetes/admin.conf"
CERTIFICATE = "etc/kubernetes/pki/ca.crt"
CLIENT = "var/lib/kubelet/pki/kubelet-client-current.pem"
API_SERVER = "etc/kubernetes/manifests/kube-apiserver.yaml"
ROLE = "node-role.kubernetes.io/control-plane"
# What this collection keeps until kubeadm init has ended. It tells something of a member only: kubeadm reset does not know it.
INIT = "var/lib/kubeproxy-free/kubeadm-init.yaml"
# What kubeadm leaves where it does not end, and kubeadm reset takes away.
# Only kubeadm's own manifests: what holds a virtual address (kube-vip, keepalived and the like) has to be there before kubeadm.
LEFTOVERS = (ADMIN_CONFIG, "etc/kubernetes/bootstrap-kubelet.conf", API_SERVER, "etc/kubernetes/manifests/kube-controller-manager.yaml",
             "etc/kubernetes/manifests/kube-scheduler.yaml", "etc/kubernetes/manifests/etcd.yaml", "var/lib/etcd/member")  # fmt: skip


def member(name: str, root: str = "/") -> Optional[dict[str, Any]]:
    """server, ca (a fingerprint), control_plane, admin (whether it can let others join) and fault (why it is no whole member); None of no cluster."""
    kubelet, admin = read(root, KUBELET_CONFIG), read(root, ADMIN_CONFIG)
    if kubelet is None:
        return None
    data = re.search(r"^\s*certificate-authority-data: *(\S+)", kubelet, re.M)
    certificate = base64.b64decode(data[1]).decode("utf-8", "replace") if data else read(root, CERTIFICATE) or ""
    control_plane = os.path.exists(os.path.join(root, API_SERVER))
    return {
        "server": _server(admin or kubelet),
        "ca": hashlib.sha256(certificate.strip().encode()).hexdigest(),
        "control_plane": control_plane,
        "admin": control_plane and admin is not None,
        "fault": _fault(name, _server(kubelet), certificate, control_plane, root),
    }


def leftovers(root: str = "/") -> list[str]:
    """Files of a kubeadm that began here; on a member they are nothing strange."""
    return [f"/{path}" for pattern in LEFTOVERS for path in names(root, pattern)]


def _server(text: str) -> str:
    found = re.search(r"^\s*server: *(\S+)", text, re.M)
    return found[1].strip("\"'") if found else ""


def _fault(name: str, server: str, certificate: str, control_plane: bool, root: str) -> str:
    """Asks the API server for the node's own Node, with kubelet's own certificate: a control plane gets its label as the last but one step of kubeadm."""
    if names(root, INIT):
        return f"/{INIT} is still there, so kubeadm init did not end"
    try:
        node = api_server.get(server, f"/api/v1/nodes/{name}", certificate, os.path.join(root, CLIENT))
    except api_server.ApiError as error:
        return f"Node {name} cannot be read with kubelet's certificate /{CLIENT}: {error}"
    if control_plane and ROLE not in (node["metadata"].get("labels") or {}):
        return f"Node {name} has no label {ROLE}, which kubeadm sets near its end"
    return ""

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest

FACTS = {
    "member": None,
    "other": "",
    "leftovers": [],
    "programs": {"kubeadm": "1.34.4", "kubelet": "1.34.4", "containerd": "1.7.24"},
    "runtime": {"path": "/run/containerd/containerd.sock", "error": "",
                "config": {"version": 2, "disabled": [], "cgroup_driver": "systemd", "cni_programs": ["/opt/cni/bin"],
                           "sandbox_image": "registry.k8s.io/pause:3.6", "sandbox_mirrored": False}},
    "sysctls": {"net.ipv4.ip_forward": "1"},
    "swap": [],
    "addresses": ["192.0.2.1"],
    "api_server": False,
}  # fmt: skip
CLUSTER = {
    "name": "prod",
    "version": "1.34.4",
    "endpoint": "api.example.net:6443",
    "api_server": "https://192.0.2.100:6443",
    "networks": {"pods": ["10.244.0.0/16"], "Services": ["10.96.0.0/12"]},
    "kubelet": {},
    "image_repository": "",
    "kubeconfig": "/home/ops/.kube/prod",
    "kubeconfig_exists": False,
    "installs": False,
}


@pytest.fixture
def cluster():
    """A cluster that may begin."""
    return copy.deepcopy(CLUSTER)


@pytest.fixture
def make_node():
    """A node that may become a member, or is otherwise."""

    def make(host, control_plane=False, **facts):
        return {"host": host, "name": host, "control_plane": control_plane, "addresses": [], "kernel": [], "facts": {**copy.deepcopy(FACTS), **facts}}

    return make


@pytest.fixture
def make_member():
    def make(server="https://api.example.net:6443", ca="A", control_plane=True, admin=True, fault=""):
        return {"server": server, "ca": ca, "control_plane": control_plane, "admin": admin, "fault": fault}

    return make

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a node before it is a member: a folder takes the place of its root, the socket is a real one."""

from __future__ import annotations

import base64
import socket

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import node

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def root(tmp_path):
    def write(path, text):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    write("proc/sys/net/ipv4/ip_forward", "1\n")
    write("proc/swaps", "Filename Type Size Used Priority\n")
    return tmp_path, write


def kubelet_config(server, data):
    return f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {data}\n    server: {server}\n  name: default-cluster\n"


def test_a_node_of_no_cluster(root):
    assert node.member(str(root[0])) is None


def test_members_of_one_cluster_have_one_authority(root):
    path, write = root
    write("etc/kubernetes/kubelet.conf", kubelet_config("https://api:6443", base64.b64encode(CERTIFICATE.encode()).decode()))
    worker = node.member(str(path))
    assert (worker["server"], worker["control_plane"]) == ("https://api:6443", False)
    write("etc/kubernetes/kubelet.conf", "    server: https://api:6443\n    certificate-authority: /etc/kubernetes/pki/ca.crt\n")
    write("etc/kubernetes/pki/ca.crt", CERTIFICATE)
    write("etc/kubernetes/manifests/kube-apiserver.yaml", "")
    control = node.member(str(path))
    assert control == {"server": "https://api:6443", "ca": worker["ca"], "control_plane": True}


def test_nothing_is_missing_where_the_runtime_listens(root, tmp_path):
    with socket.socket(socket.AF_UNIX) as runtime:
        runtime.bind(str(tmp_path / "s"))
        runtime.listen()
        assert node.missing(f"unix://{tmp_path}/s", str(root[0])) == []


def test_what_is_missing_is_told_with_its_remedy(root, tmp_path):
    path, write = root
    write("proc/sys/net/ipv4/ip_forward", "0\n")
    write("proc/swaps", "Filename Type Size Used Priority\n/dev/vdb partition 1 0 -2\n")
    found = node.missing(f"unix://{tmp_path}/nobody", str(path))
    assert [(one["what"], one["found"]) for one in found] == [
        (f"container runtime at {tmp_path}/nobody", "No such file or directory"), ("sysctl net.ipv4.ip_forward", "0"), ("swap", "/dev/vdb")]  # fmt: skip
    assert all(one["expected"] and one["do"] for one in found)

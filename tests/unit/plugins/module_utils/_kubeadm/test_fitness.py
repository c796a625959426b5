# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import fitness


def test_nothing_is_in_the_way_of_a_fit_node(make_node, cluster):
    assert fitness.problems(make_node("w"), cluster) == []


CONTAINERD = {"version": 2, "disabled": [], "cgroup_driver": "systemd", "cni_programs": ["/opt/cni/bin"],
              "sandbox_image": "registry.k8s.io/pause:3.6", "sandbox_mirrored": False}  # fmt: skip


@pytest.mark.parametrize("facts, words", [
    ({"other": "k3s", "programs": {}}, "found a node of k3s, expected one of no cluster"),
    ({"leftovers": ["/etc/kubernetes/admin.conf"]}, "what an earlier kubeadm left (/etc/kubernetes/admin.conf)"),
    ({"programs": {"kubelet": "1.34.1"}}, "kubeadm: found none, expected 1.34.4"),
    ({"programs": {"kubeadm": "1.34.4", "kubelet": "1.33.9"}}, "kubelet: found 1.33.9, expected 1.34.4"),
    ({"sysctls": {}}, "sysctl net.ipv4.ip_forward: found missing, expected 1"),
    ({"swap": ["/dev/vdb"]}, "swap: found /dev/vdb"),
    ({"addresses": ["10.96.0.7"]}, "address: found 10.96.0.7, expected one outside of 10.96.0.0/12 for Services"),
    ({"runtime": {"path": "/s", "error": "Connection refused", "config": None}}, "container runtime at /s: found Connection refused"),
    ({"runtime": {"path": "/s", "error": "", "config": {**CONTAINERD, "disabled": ["cri"], "cgroup_driver": "cgroupfs", "cni_programs": []}}},
     "disabled_plugins with cri"),
    ({"runtime": {"path": "/s", "error": "", "config": {**CONTAINERD, "cgroup_driver": "cgroupfs"}}}, "SystemdCgroup = true"),
    ({"runtime": {"path": "/s", "error": "", "config": {**CONTAINERD, "cni_programs": ["/usr/lib/cni"]}}}, "CNI programs in /usr/lib/cni"),
])  # fmt: skip
def test_what_is_in_the_way_is_told(make_node, cluster, facts, words):
    (found,) = fitness.problems(make_node("w", **facts), cluster)
    assert words in found


def test_blockers_of_the_kernel_are_told(make_node, cluster):
    node = {**make_node("w"), "kernel": [{"subject": "release", "found": "4.9", "expected": "5.10", "remedy": "a newer kernel"}]}
    assert fitness.problems(node, cluster) == ["kernel, release: found 4.9, expected 5.10; a newer kernel"]


def test_a_wanted_address_counts_too(make_node, cluster):
    assert "10.244.1.1" in fitness.problems({**make_node("w"), "addresses": ["10.244.1.1"]}, cluster)[0]


def test_the_users_kubelet_decides(make_node, cluster):
    node = make_node("w", swap=["/dev/vdb"], runtime={"path": "/s", "error": "", "config": {**CONTAINERD, "cgroup_driver": "cgroupfs"}})
    assert fitness.problems(node, {**cluster, "kubelet": {"failSwapOn": False, "cgroupDriver": "cgroupfs"}}) == []


@pytest.mark.parametrize("repository, image, mirrored, in_the_way", [
    ("registry.local/k8s", "registry.k8s.io/pause:3.6", False, True),
    ("registry.local/k8s", "registry.k8s.io/pause:3.6", True, False),
    ("registry.local/k8s", "registry.local/other/pause:3.6", False, False),
    ("registry.local/k8s", "", False, False),  # containerd did not say
    ("", "registry.k8s.io/pause:3.6", False, False),
])  # fmt: skip
def test_containerd_takes_its_own_image_from_where_kubeadm_takes_its(make_node, cluster, repository, image, mirrored, in_the_way):
    node = make_node("w", runtime={"path": "/s", "error": "", "config": {**CONTAINERD, "sandbox_image": image, "sandbox_mirrored": mirrored}})
    found = fitness.problems(node, {**cluster, "image_repository": repository})
    assert bool(found) is in_the_way
    if found:
        assert f"found {image}, expected one of {repository} (imageRepository), as kubeadm has it; set sandbox_image" in found[0]
        assert "kubeadm config images list --image-repository registry.local/k8s --kubernetes-version 1.34.4" in found[0]


@pytest.mark.parametrize("config_version, kubernetes, told", [(3, "1.34.4", True), (3, "1.30.2", False), (2, "1.34.4", False)])
def test_containerd_2_tells_kubelet_its_driver(make_node, cluster, config_version, kubernetes, told):
    node = make_node("w", programs={"kubeadm": kubernetes, "kubelet": kubernetes, "crictl": "1.31.1"},
                     runtime={"path": "/s", "error": "", "config": {**CONTAINERD, "version": config_version, "cgroup_driver": "cgroupfs"}})  # fmt: skip
    assert (fitness.problems(node, {**cluster, "version": kubernetes}) == []) is told


@pytest.mark.parametrize("kubernetes, needed", [("1.30.14", True), ("1.31.0", False)])
def test_kubeadm_needs_crictl_up_to_130(make_node, cluster, kubernetes, needed):
    node = make_node("w", programs={"kubeadm": kubernetes, "kubelet": kubernetes})
    found = fitness.problems(node, {**cluster, "version": kubernetes})
    assert ["crictl: found none, expected one, by which kubeadm 1.30.14" in one for one in found] == [True] * needed
    assert fitness.problems(node, {**cluster, "version": kubernetes, "installs": True}) == [], "kubeadm's package brings it"


@pytest.mark.parametrize("version, pods, sysctls, modules", [
    ("1.34.4", ["10.244.0.0/16"], ["net.ipv4.ip_forward"], []),
    ("1.34.4", ["fd00::/56"], ["net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.forwarding"], []),
    ("1.29.1", ["10.244.0.0/16"], ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"], ["br_netfilter"]),
])  # fmt: skip
def test_what_the_kernel_has_to_be_told(cluster, version, pods, sysctls, modules):
    assert fitness.kernel_needs({**cluster, "version": version, "networks": {"pods": pods, "Services": []}}) == {"sysctls": sysctls, "modules": modules}


def test_dual_stack_needs_forwarding_of_both(make_node, cluster):
    dual = {**cluster, "networks": {"pods": ["10.244.0.0/16", "fd00::/56"], "Services": []}}
    node = make_node("w", sysctls={"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.default.forwarding": "1"})
    (found,) = fitness.problems(node, dual)
    assert "net.ipv6.conf.all.forwarding: found 0" in found

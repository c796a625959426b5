# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import networks

DUAL = {"pods": ["10.244.0.0/16", "fd00:1::/56"], "Services": ["10.96.0.0/12", "fd00:2::/112"]}


def test_the_users_own_configuration_wins():
    found = networks.effective(["10.244.0.0/16"], ["10.96.0.0/12"], {"networking": {"podSubnet": "10.1.0.0/16,fd00::/56"}})
    assert found == {"pods": ["10.1.0.0/16", "fd00::/56"], "Services": ["10.96.0.0/12"]}
    assert networks.families(found) == {4, 6}


def test_networks_apart_are_fine():
    assert networks.overlaps(DUAL) == []


@pytest.mark.parametrize("pods, both", [
    (["10.0.0.0/8"], ("10.0.0.0/8 for pods", "10.96.0.0/12 for Services")),
    (["10.244.0.0/16", "10.244.128.0/17"], ("10.244.0.0/16 for pods", "10.244.128.0/17 for pods")),
    (["fd00:2::/64"], ("fd00:2::/64 for pods", "fd00:2::/112 for Services")),
])  # fmt: skip
def test_what_overlaps_is_named(pods, both):
    (found,) = networks.overlaps({**DUAL, "pods": pods})
    assert all(part in found for part in both)


@pytest.mark.parametrize("cidr", ["10.244.0.1/16", "pods", ""])
def test_what_is_no_network_is_named(cidr):
    (found,) = networks.overlaps({**DUAL, "pods": [cidr]})
    assert found.startswith(f"network of pods: found {cidr} (")


def test_a_node_within_a_network():
    assert networks.holding(DUAL, "10.97.0.1") == "10.96.0.0/12 for Services"
    assert networks.holding(DUAL, "fd00:1::7") == "fd00:1::/56 for pods"
    assert networks.holding(DUAL, "192.0.2.1") == ""


@pytest.mark.parametrize("wanted, ipam", [
    ({}, {"mode": "kubernetes"}),
    ({"ipam": {"mode": "cluster-pool"}},
     {"operator": {"clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"], "clusterPoolIPv6PodCIDRList": ["fd00:1::/56"]}}),
])  # fmt: skip
def test_cilium_keeps_to_the_networks(wanted, ipam):
    assert networks.cilium_values(DUAL, wanted) == {"ipam": ipam, "ipv4": {"enabled": True}, "ipv6": {"enabled": True}}


def test_one_family():
    found = networks.cilium_values({**DUAL, "pods": ["10.244.0.0/16"]}, {"ipam": {"mode": "cluster-pool"}})
    assert found == {"ipam": {"operator": {"clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"]}}, "ipv4": {"enabled": True}, "ipv6": {"enabled": False}}

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.node_ports import unserved

ADDRESSES = (("ExternalIP", "198.51.100.1"), ("InternalIP", "192.0.2.1"), ("InternalIP", "192.0.2.2"), ("ExternalIP", "fd00::1"))
NODE = {"metadata": {"name": "n1"}, "status": {"addresses": [{"type": kind, "address": address} for kind, address in ADDRESSES]}}
EACH = ["198.51.100.1", "192.0.2.1", "192.0.2.2", "fd00::1", "127.0.0.1"]


@pytest.mark.parametrize(("kube_proxy", "served"), [
    ({}, EACH),
    ({"mode": "iptables", "iptables": {"localhostNodePorts": None}, "nodePortAddresses": None}, EACH),
    ({"iptables": {"localhostNodePorts": True}, "nodePortAddresses": []}, EACH),
    ({"iptables": {"localhostNodePorts": False}}, EACH[:4]),
    ({"iptables": {"localhostNodePorts": False}, "nodePortAddresses": ["127.0.0.0/8"]}, ["fd00::1"]),
    ({"nodePortAddresses": ["192.0.2.0/24"]}, ["192.0.2.1", "192.0.2.2", "fd00::1"]),
    ({"nodePortAddresses": ["192.0.2.2/24", "127.0.0.1/32"]}, ["192.0.2.1", "192.0.2.2", "fd00::1", "127.0.0.1"]),
    ({"nodePortAddresses": ["fd00:1::/64"]}, ["198.51.100.1", "192.0.2.1", "192.0.2.2", "127.0.0.1"]),
    ({"nodePortAddresses": ["primary"]}, ["192.0.2.1", "fd00::1"]),
    ({"mode": "nftables"}, ["192.0.2.1", "fd00::1"]),
    ({"mode": "nftables", "nodePortAddresses": ["0.0.0.0/0"]}, EACH[:4]),
    ({"mode": "ipvs"}, EACH[:4]),
])  # fmt: skip
def test_where_kube_proxy_serves_node_ports(kube_proxy, served):
    assert [address for address in EACH if unserved(address, NODE, kube_proxy) is None] == served


def test_the_reason_names_the_setting():
    assert unserved("127.0.0.1", NODE, {"mode": "ipvs"}) == "kube-proxy's ipvs mode does not serve it"
    assert unserved("192.0.2.2", NODE, {"mode": "nftables"}) == "it is none of kube-proxy's nodePortAddresses (primary)"

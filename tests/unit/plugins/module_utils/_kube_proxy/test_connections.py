# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real connections through rules like kube-proxy's, in a network namespace."""

from __future__ import annotations

import socket
from typing import Iterator

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import connections
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import network

pytestmark = network.in_kernel

RULES = [
    "*nat",
    "-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -j DNAT --to-destination 192.0.2.7:5353",
    "-A OUTPUT -d 192.0.2.1/32 -p udp -m udp --dport 8053 -j DNAT --to-destination 192.0.2.7:5353",
    "COMMIT",
]


@pytest.fixture(autouse=True)
def network_of_its_own() -> Iterator[None]:
    with network.new_network():
        network.sh("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
        network.sh("ip", "address", "add", "192.0.2.1/24", "dev", "d0")
        for device in ("d0", "d1"):
            network.sh("ip", "link", "set", device, "up")
        network.sh("ip", "route", "add", "default", "dev", "d0")
        network.sh("ip", "neighbour", "add", "192.0.2.7", "lladdr", "02:00:00:00:00:07", "dev", "d0")
        yield


def test_a_connection_outlives_its_rule_and_is_told():
    network.load("nft", "ip", RULES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for connection in (client, other):
            connection.connect(("10.96.0.10", 53))
            connection.send(b"question")
        network.sh("iptables-nft", "-t", "nat", "-F")
        told = {"protocol": "udp", "address": "10.96.0.10", "port": 53, "backend": "192.0.2.7:5353", "connections": 2}
        assert connections.translated() == [told]


def test_what_is_sent_to_the_nodes_own_address_or_not_translated_is_not_told():
    network.load("nft", "ip", RULES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for where in (("192.0.2.1", 8053), ("192.0.2.7", 53)):
            client.sendto(b"question", where)
        assert connections.translated() == []

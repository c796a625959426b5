# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NodePorts at the address of the node itself, which is where clients outside look for them."""

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import node_ports, services

from .conftest import AT_NODE, FIRST, SECOND

ADDRESSES = [("Hostname", "w1"), ("ExternalIP", "198.51.100.1"), ("InternalIP", "172.16.0.11"), ("InternalIP", "172.16.9.9"), ("InternalIP", "fd16::11")]
NODE = {"status": {"addresses": [{"type": kind, "address": address} for kind, address in ADDRESSES]}}


@pytest.mark.parametrize("ranges, told", [
    ("", ["172.16.0.11", "fd16::11"]), ("172.16.0.0/16,fd16::/64", ["172.16.0.11", "fd16::11"]), ("172.16.0.0/24 10.0.0.0/8", ["172.16.0.11"]),
    ("172.16.0.11/24", ["172.16.0.11"]), ("198.51.100.0/24", []), ("fd16::/64", ["fd16::11"]), ("everywhere", []),
])  # fmt: skip
def test_a_nodes_first_internal_address_of_each_family_that_the_ranges_allow(ranges, told):
    assert node_ports.addresses(NODE, ranges) == told


def test_a_node_that_was_not_read_has_none():
    assert node_ports.addresses({}, "") == []


def test_a_node_port_that_is_not_at_the_nodes_address(cluster):
    """The Helm value devices names another device."""
    del cluster.told["maps"][AT_NODE]
    assert cluster.kinds() == [("node-port-missing", AT_NODE)]
    cluster.told["maps"]["198.51.100.1:30080/TCP"] = frozenset([FIRST, SECOND])
    assert cluster.kinds() == [("node-port-missing", AT_NODE)], "that other device's address is no help"
    cluster.own = []
    assert cluster.kinds() == [], "it is not to be there"


def test_another_protocol_there_is_another_port(cluster):
    cluster.told["maps"]["172.16.0.11:30080/UDP"] = cluster.told["maps"].pop(AT_NODE)
    assert cluster.kinds() == [("node-port-missing", AT_NODE)]


def test_an_entry_without_backends_is_there(cluster):
    """externalTrafficPolicy Local, on a node without an endpoint."""
    cluster.service["spec"]["externalTrafficPolicy"] = "Local"
    for address in ("0.0.0.0:30080/TCP", "192.0.2.9:80/TCP"):
        cluster.leads_to(address=address)
    cluster.told["maps"][AT_NODE] = frozenset()
    assert cluster.kinds("w3") == []
    del cluster.told["maps"][AT_NODE]
    assert cluster.kinds("w3") == [("node-port-missing", AT_NODE)]


def test_what_is_missing_altogether_is_told_once(cluster):
    del cluster.told["maps"][AT_NODE], cluster.told["maps"]["0.0.0.0:30080/TCP"]
    assert cluster.kinds() == [("map-differs", "0.0.0.0:30080/TCP")]
    del cluster.told["frontends"]["0.0.0.0:30080/TCP"]
    assert cluster.kinds() == [("frontend-missing", "0.0.0.0:30080/TCP")]
    cluster.told["maps"] = {}
    assert cluster.kinds() == [("frontend-missing", "0.0.0.0:30080/TCP")], "the map could not be read"


@pytest.mark.parametrize("annotations", [{services.ONLY_TYPE: "ClusterIP"}, {services.ONLY_NODES[0]: "w2"}])
def test_a_service_that_is_not_to_have_it_here(cluster, annotations):
    for part in ("frontends", "maps"):
        del cluster.told[part]["0.0.0.0:30080/TCP"]
    del cluster.told["maps"][AT_NODE]
    cluster.service["metadata"]["annotations"] = annotations
    assert cluster.kinds() == []


def test_older_agents_do_not_tell_protocols(cluster):
    for part in ("frontends", "maps"):
        cluster.told[part] = {address.partition("/")[0]: value for address, value in cluster.told[part].items()}
    assert cluster.kinds() == []
    del cluster.told["maps"]["172.16.0.11:30080"]
    assert cluster.kinds() == [("node-port-missing", AT_NODE)]


def test_each_family_at_the_address_of_its_own(cluster):
    cluster.own = ["172.16.0.11", "fd16::11"]
    assert cluster.kinds() == [], "the Service has IPv4 only"
    cluster.service["spec"].update(ipFamilies=["IPv4", "IPv6"])
    cluster.leads_to(address="[::]:30080/TCP", kind="NodePort")
    assert cluster.kinds() == [("node-port-missing", "[fd16::11]:30080/TCP")]
    cluster.told["maps"]["[fd16::11]:30080/TCP"] = frozenset()
    assert cluster.kinds() == []


@pytest.mark.parametrize("address, text", [
    ("10.96.0.8:80/TCP", "10.96.0.8:80"), ("[fd00::8]:80/TCP", "[fd00::8]:80"), ("0.0.0.0:30080/TCP", ":30080"), ("[::]:30080/UDP", ":30080"),
])  # fmt: skip
def test_what_is_looked_for_in_the_map_where_few_services_are_asked_for(address, text):
    assert node_ports.text(address) == text

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.values import check_values
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import cilium

NETWORKS = {"pods": ["10.244.0.0/16"], "Services": ["10.96.0.0/12"]}
FIRST = {"inventory_hostname": "m1", "kpr_node_name": "cp1", "ansible_host": "192.0.2.1", "kpr_node_addresses": ["192.0.2.1", "2001:db8::1"]}
SECOND = {"inventory_hostname": "m2", "kubeadm_init_seen": {"facts": {"addresses": ["192.0.2.2"]}}}


def test_the_users_values_win():
    found = cilium.values({"ipam": {"mode": "eni"}, "ipv6": {"enabled": True}, "debug": True}, NETWORKS)
    assert found == {"ipam": {"mode": "eni"}, "ipv4": {"enabled": True}, "ipv6": {"enabled": True}, "debug": True}


@pytest.mark.parametrize("host", ["m1", "cp1", "192.0.2.1", "2001:db8::1", "192.0.2.2"])
def test_an_address_of_one_of_two_control_planes_is_a_blocker(host):
    facts = cilium.facts("1.34.4", host, [FIRST, SECOND], {})
    values = {"kubeProxyReplacement": True, "k8sServiceHost": host, "k8sServicePort": 6443}
    (found,) = [one for one in check_values(values, "1.19.1", facts) if one["severity"] == "blocker"]
    assert found["name"] == "api-pinned" and "one of 2 control planes" in found["why"]


@pytest.mark.parametrize("host, planes", [("192.0.2.1", [FIRST]), ("api.example.net", [FIRST, SECOND])])
def test_one_control_plane_or_a_balanced_address_is_none(host, planes):
    values = {"kubeProxyReplacement": True, "k8sServiceHost": host, "k8sServicePort": 6443}
    assert not [one for one in check_values(values, "1.19.1", cilium.facts("1.34.4", host, planes, {})) if one["severity"] == "blocker"]


@pytest.mark.parametrize("arguments", [{"service-node-port-range": "20000-22767"}, [{"name": "service-node-port-range", "value": "20000-22767"}]])
def test_the_range_of_node_ports_is_the_api_servers(arguments):
    assert cilium.facts("1.34.4", "api", [], {"apiServer": {"extraArgs": arguments}})["service_node_port_range"] == "20000-22767"
    assert cilium.facts("1.34.4", "api", [], {})["service_node_port_range"] == "30000-32767"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Service that two nodes serve as they should: what the API has of it, and what their agents say."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import differences, expected, services
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.answers import Row

SERVICE = {
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"type": "NodePort", "clusterIP": "10.96.0.8", "clusterIPs": ["10.96.0.8"], "selector": {"app": "web"}, "externalIPs": ["192.0.2.9"],
             "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080, "protocol": "TCP"}]},
}  # fmt: skip
SLICE = {
    "metadata": {"namespace": "shop", "name": "web-1", "labels": {services.SERVICE_NAME: "web"}},
    "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
    "endpoints": [
        {"addresses": ["10.1.0.2"], "nodeName": "w1", "conditions": {"ready": True}},
        {"addresses": ["10.1.1.3"], "nodeName": "w2", "conditions": {"ready": True}},
    ],
}
FIRST, SECOND = "10.1.0.2:8080", "10.1.1.3:8080"
ADDRESSES = {"10.96.0.8:80/TCP": "ClusterIP", "192.0.2.9:80/TCP": "ExternalIPs", "0.0.0.0:30080/TCP": "NodePort"}
#: What only the kernel's map has: the NodePort at the address of the node.
AT_NODE = "172.16.0.11:30080/TCP"


def row(*active, also=(), kind="ClusterIP"):
    return Row("shop/web", kind, frozenset(active), frozenset([*active, *also]))


class Cluster:
    """What is read of it; tests change it."""

    def __init__(self):
        self.service, self.slice, self.settings, self.own = copy.deepcopy(SERVICE), copy.deepcopy(SLICE), {}, ["172.16.0.11"]
        self.told = {"frontends": {address: row(FIRST, SECOND, kind=kind) for address, kind in ADDRESSES.items()},
                     "maps": {address: frozenset([FIRST, SECOND]) for address in [*ADDRESSES, AT_NODE]}, "unfinished": []}  # fmt: skip

    @property
    def services(self):
        return services.summary([self.service], [self.slice])

    def differences(self, node="w1"):
        return differences.differences(expected.fronts(self.services, self.settings), node, self.told, self.own)

    def kinds(self, node="w1"):
        return [(one["kind"], one["address"]) for one in self.differences(node)]

    def leads_to(self, *backends, address="10.96.0.8:80/TCP", **more):
        """On this node, in the agent's table and in the kernel's map."""
        self.told["frontends"][address] = row(*backends, **more)
        self.told["maps"][address] = frozenset(backends)


@pytest.fixture
def cluster():
    return Cluster()

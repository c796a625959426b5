# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses of the API server are tried from the nodes, and that every way the chart knows is taken."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import findings

URLS = "https://172.20.0.11:6443 https://[fd00::2]:6443 https://api.example.net"


def servers(cluster):
    return [(one["host"], one["port"]) for one in findings.api_servers(cluster.facts(), cluster.wanted)]


def ways(cluster, host="", values=None, **more):
    cluster.wanted.update(api_server_host=host, values=values or {}, **more)
    return servers(cluster)


def test_the_address_of_the_inventory_and_its_port(cluster):
    cluster.release["values"] = {"k8sServiceHost": "old.example.net", "k8sServicePort": 8443}
    assert ways(cluster, "vip.example.net") == [("vip.example.net", 6443)]
    assert ways(cluster, "vip.example.net", api_server_port=7443) == [("vip.example.net", 7443)]


def test_the_address_of_the_release_and_its_port(cluster):
    cluster.release["values"] = {"k8sServiceHost": "old.example.net", "k8sServicePort": 8443}
    assert ways(cluster) == [("old.example.net", 8443)]


def test_each_url_of_the_charts_list(cluster):
    listed = [("172.20.0.11", 6443), ("fd00::2", 6443), ("api.example.net", 443)]
    assert ways(cluster, values={"k8s": {"apiServerURLs": URLS}}) == listed
    assert ways(cluster, "vip", values={"k8s": {"apiServerURLs": URLS}}) == [*listed, ("vip", 6443)]
    assert ways(cluster, values={"k8s": {"apiServerURLs": URLS}}, cilium_version="1.17.1") == []
    assert ways(cluster, "vip", values={"k8s": {"apiServerURLs": URLS.split()}}, cilium_version="1.19.1") == [("vip", 6443)]
    cluster.release["values"] = {"k8s": {"apiServerURLs": URLS}}
    assert ways(cluster) == listed


def test_the_address_that_a_config_map_has(cluster, monkeypatch):
    facts = cluster.facts()
    cluster.release["values"] = {"k8sServiceHostRef": {"name": "api", "key": "host"}, "k8sServicePort": 7443}
    assert ways(cluster) == []
    monkeypatch.setattr(cluster, "facts", lambda: {**facts, "release": cluster.release, "api_host_ref": "ref.example.net"})
    assert servers(cluster) == [("ref.example.net", 7443)]


def test_the_address_that_the_chart_finds_itself(cluster):
    assert ways(cluster, values={"k8sServiceHost": "auto"}) == [("api.plan.lab", 6443)]


def test_an_unreadable_cluster_has_none(cluster):
    cluster.error = "no answer"
    assert servers(cluster) == []


@pytest.mark.parametrize("values", [{"k8s": {"apiServerURLs": "https://172.20.0.11:6443 https://172.20.0.12:6443"}}, {"k8sServiceHost": "auto"}])
def test_several_control_planes_are_well_with_any_way_that_does_not_hang_on_one(cluster, values):
    cluster.object("nodes", "worker1")["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    cluster.wanted.update(api_server_host="", values=values)
    assert findings.blockers(cluster.plan()) == []


def test_nothing_rolls_for_an_address_that_agents_have_already(cluster):
    cluster.release["values"].update(k8sServiceHost="api.example.com", k8sServicePort=6443)
    assert "agents-roll-before" not in {one["id"] for one in cluster.plan()}

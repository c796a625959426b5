# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import ways

ECHO = "ns/echo:http"


@pytest.mark.parametrize(
    ("name", "by_kube_proxy", "way"),
    [
        ("host to ns/echo:http ClusterIP 10.96.0.7:80", True, "host to ClusterIP"),
        ("host to ns/echo:http ClusterIP [fd00::7]:80", True, "host to ClusterIP (IPv6)"),
        ("host to ns/echo:http NodePort 127.0.0.1:30080", True, "host to NodePort on 127.0.0.1"),
        ("pod to ns/echo:http NodePort 192.0.2.1:30080", True, "pod to own NodePort"),
        ("pod to ns/echo:http NodePort 192.0.2.2:30080", False, "pod to another node's NodePort"),
        ("pod to pods of ns/echo:http endpoint 10.244.0.9:8080", False, "pod to pod"),
        ("outside to ns/echo:http NodePort 192.0.2.1:30080", True, "outside to NodePort"),
        ("host to ns/echo:http external IP 192.0.2.1:80", True, None),
    ],
)
def test_ways(name, by_kube_proxy, way):
    assert ways.way({"name": name, "by_kube_proxy": by_kube_proxy}) == way


def target(name, service=ECHO, **more):
    return {"name": name, "service": service, "address": "10.96.0.7", "port": 80, "namespace": "host", "by_kube_proxy": True, "requests": 20, **more}


def test_only_the_one_service_and_its_pods_are_measured():
    plans = {"n1": {"targets": [
        target("host to ns/echo:http ClusterIP 10.96.0.7:80"),
        target("host to pods of ns/echo:http endpoint 10.244.0.9:8080", f"pods of {ECHO}"),
        target("host to shop/web:http ClusterIP 10.96.0.9:80", "shop/web:http"),
        target("host to ns/echo:udp ClusterIP 10.96.0.7:81", "ns/echo:udp"),
        target("host to ns/affinity:http ClusterIP 10.96.0.8:80", "ns/affinity:http"),
    ], "outside": [target("outside to ns/echo:http NodePort 192.0.2.1:30080", address="192.0.2.1", port=30080),
                   target("outside to ns/local:http NodePort 192.0.2.1:30081", "ns/local:http")]}}  # fmt: skip
    assert [(one["way"], one["node"]) for one in ways.planned(plans, "n1", ECHO)] == [("host to ClusterIP", "n1"), ("host to pod", "n1")]
    assert ways.planned_outside(plans, ["n1"], ECHO) == [{"way": "outside to NodePort", "node": "n1", "address": "192.0.2.1", "port": 30080}]


def service(number, data=12866):
    ports = [{"name": "control", "port": 12865, "nodePort": 31000 + number}, {"name": "data", "port": data, "nodePort": 32000 + number}]
    metadata = {"name": f"netperf-{number}", "namespace": "ns", "uid": "x"}
    return {"metadata": metadata, "spec": {"clusterIP": f"10.96.1.{number}", "ports": ports, "type": "NodePort"}}


def pod(component, node, address="10.244.0.1"):
    return {"metadata": {"uid": f"uid-{component}-{node}", "labels": {"app.kubernetes.io/component": component}}, "spec": {"nodeName": node},
            "status": {"podIP": address}}  # fmt: skip


def test_netperfs_data_port_is_the_same_for_service_node_and_server():
    patch = ways.netperf_ports(service(1))
    assert patch["metadata"] == {"name": "netperf-1", "namespace": "ns"} and list(patch["spec"]) == ["ports"]
    assert patch["spec"]["ports"][0]["port"] == 12865
    assert {patch["spec"]["ports"][1][key] for key in ("port", "targetPort", "nodePort")} == {32001}


def test_netperf_goes_by_each_server_with_and_without_its_service():
    services = [service(number, 32000 + number) for number in range(3)]
    pods = [pod(f"netperf-{number}", "n2", f"10.244.2.{number}") for number in range(3)] + [pod("netperf-client", "n1"), pod("netperf-client", "n2")]
    found = ways.netperf(services, pods, "n1")
    assert [(one["way"], one["address"], one["port"], one["data_port"]) for one in found[3:6]] == [
        ("host to ClusterIP", "10.96.1.1", 12865, 32001), ("pod to ClusterIP", "10.96.1.1", 12865, 32001),
        ("pod to pod", "10.244.2.1", 12865, 32001)]  # fmt: skip
    assert {one["image_of"] for one in found} == {"uid-netperf-client-n1"} and found[0]["namespace"] == "host" and len(found) == 9
    outside = ways.netperf_outside(services, {"n1": "192.0.2.1", "n2": "192.0.2.2"}, "netperf")
    assert len(outside) == 6 and outside[0] == {
        "way": "outside to NodePort", "node": "n1", "address": "192.0.2.1", "port": 31000, "data_port": 32000, "program": "netperf"}  # fmt: skip

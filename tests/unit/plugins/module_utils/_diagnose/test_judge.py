# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and agents that are right say nothing; each fault has its own name."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import found, judge, lines, services

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
BACKENDS = ["10.1.0.2:8080", "10.1.1.3:8080"]
ADDRESSES = {"10.96.0.8:80": "ClusterIP", "192.0.2.9:80": "ExternalIPs", "0.0.0.0:30080": "NodePort"}


def agent():
    return {
        "error": None, "mode": "true", "kpr": True, "drift": [], "version": "1.19.1", "unread": [], "unfinished": [], "metrics": [],
        "frontends": [{"address": address, "protocol": "TCP", "internal": False, "type": kind, "service": "shop/web", "backends": list(BACKENDS)}
                      for address, kind in ADDRESSES.items()],
        "maps": {f"{address}/TCP": list(BACKENDS) for address in ADDRESSES},
    }  # fmt: skip


@pytest.fixture
def facts():
    summary = services.summary([copy.deepcopy(SERVICE)], [copy.deepcopy(SLICE)])
    return {"namespace": "kube-system", "services": summary, "all_services": True, "agents": {"w1": agent(), "w2": agent()}}


def ids(facts, nodes=None):
    return [(one["severity"], one["id"], one["object"], one["node"]) for one in judge.diagnosis(facts, nodes or {})]


def test_nothing_is_said_where_all_is_well(facts):
    assert ids(facts) == []
    assert lines.lines([], "prod", facts) == ["cluster prod: 1 Services, 2 agents: 0 faults, 0 warnings, 0 notes"]


def test_the_apis_side(facts):
    web = facts["services"]["shop/web"]
    endpoints = web["endpoints"]
    web.update(endpoints=[], pods={"matching": 0, "ready": 0})
    assert ids(facts)[0] == ("fault", "no-pod-matches", "Service shop/web", "")
    web["pods"] = {"matching": 3, "ready": 0}
    assert ids(facts)[0] == ("fault", "pods-not-ready", "Service shop/web", "")
    web.update(selector={})
    assert ids(facts)[0] == ("fault", "no-endpoints", "Service shop/web", "")
    web.update(endpoints=[{**one, "ports": {"other/TCP": 9}} for one in endpoints])
    assert ids(facts)[0] == ("fault", "target-port-unknown", "Service shop/web", "")
    web.update(endpoints=endpoints, external_policy="Local", source_ranges=["198.51.100.0/24"])
    facts["agents"]["w3"] = agent()
    assert [one[1] for one in ids(facts)] == ["local-only", "source-ranges"]


def test_an_address_that_an_agent_lacks(facts):
    del facts["agents"]["w2"]["frontends"][2]
    assert ids(facts) == [("fault", "frontend-missing", "Service shop/web", "w2")]


def test_another_protocol_is_another_address(facts):
    facts["agents"]["w2"]["frontends"][0]["protocol"] = "UDP"
    assert ids(facts) == [("fault", "frontend-missing", "Service shop/web", "w2")]


def test_backends_that_are_gone_or_missing(facts):
    facts["agents"]["w1"]["frontends"][0]["backends"] = ["10.1.0.2:8080", "10.9.9.9:8080"]
    facts["agents"]["w1"]["maps"]["10.96.0.8:80/TCP"] = ["10.1.0.2:8080", "10.9.9.9:8080"]
    (one,) = judge.diagnosis(facts, {})
    assert one["id"] == "backends-differ" and "not in the API: 10.9.9.9:8080. missing: 10.1.1.3:8080" in one["found"]


def test_a_map_that_says_something_else(facts):
    facts["agents"]["w1"]["maps"]["0.0.0.0:30080/TCP"] = []
    assert ids(facts) == [("fault", "map-differs", "Service shop/web", "w1")]
    del facts["agents"]["w1"]["maps"]["0.0.0.0:30080/TCP"]
    assert ids(facts) == [("fault", "map-differs", "Service shop/web", "w1")]


def test_what_an_agent_says_of_itself(facts):
    facts["agents"]["w1"].update(
        unread=["cilium-dbg metrics list: ..."], drift=["routing: configured native, runs tunnel"],
        unfinished=[{"address": "10.96.0.8:80/TCP", "status": "Error", "error": "full"}],
        metrics=[{"name": "cilium_bpf_map_pressure", "labels": {"map_name": "cilium_lb4_services_v2"}, "value": 0.95},
                 {"name": "cilium_bpf_map_pressure", "labels": {"map_name": "lxc"}, "value": 0.2},
                 {"name": "cilium_drop_count_total", "labels": {"reason": "Service backend not found", "direction": "EGRESS"}, "value": 7.0},
                 {"name": "cilium_drop_count_total", "labels": {"reason": "Unsupported L3 protocol"}, "value": 70.0},
                 {"name": "cilium_drift_checker_config_delta", "labels": {}, "value": 2.0}],
    )  # fmt: skip
    facts["agents"]["w2"]["error"] = "no pod is on node w2"
    assert sorted(one[1] for one in ids(facts)) == ["agent-silent", "answer-unread", "drift", "drift", "frontend-unfinished", "map-full", "service-drops"]


def test_with_kube_proxy_only_cluster_addresses_are_cilium_s(facts):
    for one in facts["agents"].values():
        one.update(kpr=False, mode="false", frontends=[], maps={})
    assert [one[1] for one in ids(facts)] == ["kpr-off", "kpr-off"]


def test_probes_blame_the_backend_before_the_service(facts):
    targets = judge.probes(facts)
    assert [one["name"] for one in targets] == ["shop/web backend 10.1.0.2:8080", "shop/web backend 10.1.1.3:8080", "shop/web service 10.96.0.8:80"]
    ok = [{"name": one["name"], "ok": True, "errors": {}} for one in targets]
    said = {"w1": {"error": "", "rules": {}, "probes": ok}}
    assert ids(facts, said) == []
    ok[2].update(ok=False, errors={"timed out": 1})
    assert ids(facts, said) == [("fault", "not-served", "Service shop/web", "w1")]
    ok[0].update(ok=False, errors={"Connection refused": 1})
    assert ids(facts, said) == [("fault", "nobody-listens", "Service shop/web", "w1")]
    ok[0].update(errors={"timed out": 1})
    assert ids(facts, said) == [("fault", "backend-silent", "Service shop/web", "w1")]


def test_the_nodes_side(facts):
    rules = {"clean": False, "running": None, "found": {"nft": {"ip": {"nat": {"kube-proxy": {"chains": 12}, "foreign": {"chains": 3}}}}}}
    said = {"w1": {"error": "", "rules": rules, "probes": []}, "w2": {"error": "it cannot be reached: no route"}}
    stale, unread = judge.diagnosis(facts, said)
    assert (stale["id"], unread["id"]) == ("stale-rules", "node-unread") and stale["found"].startswith("12 chains")
    rules["running"] = "process 7"
    assert [one[1] for one in ids(facts, said)] == ["node-unread"]


def test_the_same_on_many_nodes_is_told_once(facts):
    for one in facts["agents"].values():
        del one["frontends"][0]
    told = lines.lines(judge.diagnosis(facts, {}), "prod", facts)
    assert told[0].endswith("2 faults, 0 warnings, 0 notes") and len(told) == 5 and "(and 1 more like it, on w1, w2)" in told[2]


def test_every_kind_has_a_severity_and_words_that_can_be_filled():
    for ident in found.KINDS:
        one = found.finding(ident, "Service shop/web", "x", "w1")
        assert one["severity"] in found.SEVERITIES and one["why"] and "{" not in one["remedy"]


def test_connections_that_kube_proxy_began_and_whose_backend_is_gone(facts):
    def connection(**more):
        return {"protocol": "tcp", "address": "10.96.0.8", "port": 80, "backend": "10.1.0.2:8080", "connections": 2, **more}

    def told(*connections, running=None):
        rules = {"clean": True, "running": running, "found": {}, "connections": list(connections)}
        return [(one["id"], one["object"], one["found"]) for one in judge.diagnosis(facts, {"w1": {"error": "", "rules": rules, "probes": []}})
                if one["id"] == "stale-connections"]  # fmt: skip

    gone, retired = connection(backend="10.1.0.9:8080"), connection(address="10.96.0.77")
    assert told(connection()) == [], "this backend is there"
    assert told(gone, retired, running="process 12") == [], "kube-proxy ends them itself"
    assert told(gone, retired) == [
        ("stale-connections", "Service shop/web", "2 to 10.96.0.8:80/tcp on w1 translated to 10.1.0.9:8080, which is no endpoint"),
        ("stale-connections", "node w1", "2 to 10.96.0.77:80/tcp on w1 translated to 10.1.0.2:8080, and no Service has that address and port"),
    ]
    facts["services"]["shop/web"]["endpoints"][0].update(ready=False, terminating=True)
    assert told(connection()) == [], "it ends in peace"
    facts["all_services"] = False
    assert [one[1] for one in told(gone, retired)] == ["Service shop/web"], "the other may be a Service that was not asked for"

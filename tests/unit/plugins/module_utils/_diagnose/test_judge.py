# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, agents and nodes that are right say nothing; each fault has its own name."""

from __future__ import annotations

import re

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import found, judge, lines, services
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import alerts

HOOKS = [f"{hook}{version}" for version in "46" for hook in judge.HOOKS]


def agent(**more):
    return {"error": None, "mode": "true", "kpr": True, "drift": [], "version": "1.19.1", "socket_lb": True, "unread": [], "metrics": [],
            "differences": [], "devices": [{"name": "eth0", "addresses": ["172.16.0.11"]}], "node_addresses": [], **more}


def difference(kind="backends-differ", **more):
    return {"kind": kind, "service": "shop/web", "address": "10.96.0.8:80/TCP", "more": [], "less": [], **more}


@pytest.fixture
def facts(cluster):
    return {"namespace": "kube-system", "kubernetes": "v1.34.4", "settings": {"enable-ipv4": "true", "enable-ipv6": "false"}, "services": cluster.services,
            "all_services": True, "agents": {"w1": agent(), "w2": agent()}}  # fmt: skip


@pytest.fixture
def web(facts):
    return facts["services"]["shop/web"]


def diagnosis(facts, nodes=None):
    """What is found; that nobody outside has probed is so in each of these clusters."""
    return [one for one in judge.diagnosis(facts, nodes or {}) if one["id"] != "not-probed"]


def ids(facts, nodes=None):
    return [(one["severity"], one["id"], one["object"], one["node"]) for one in diagnosis(facts, nodes)]


def named(facts, nodes=None):
    return [one[1] for one in ids(facts, nodes)]


def test_nothing_is_said_where_all_is_well(facts):
    assert ids(facts) == []
    assert lines.lines([], "prod", facts) == ["cluster prod: 1 Services, 2 agents: 0 faults, 0 warnings, 0 notes"]


def test_the_apis_side(facts, web):
    endpoints = web["endpoints"]
    web.update(endpoints=[], pods={"matching": 0, "ready": 0})
    assert ids(facts) == [("fault", "no-pod-matches", "Service shop/web", "")]
    web["pods"] = {"matching": 3, "ready": 0}
    assert ids(facts) == [("fault", "pods-not-ready", "Service shop/web", "")]
    web.update(selector={})
    assert ids(facts) == [("fault", "no-endpoints", "Service shop/web", "")]
    web.update(endpoints=[{**one, "ports": {"other/TCP": 9}} for one in endpoints])
    assert ids(facts) == [("fault", "target-port-unknown", "Service shop/web", "")]
    web.update(endpoints=endpoints, source_ranges=["198.51.100.0/24"])
    assert ids(facts) == [("note", "source-ranges", "Service shop/web", "")]


@pytest.mark.parametrize("more", [{"ingress": True}, {"global": True}])
def test_services_whose_endpoints_are_elsewhere(facts, web, more):
    web.update(endpoints=[], selector={}, **more)
    assert ids(facts) == []


def test_the_policies_local(facts, web):
    web.update(external_policy="Local", internal_policy="Local")
    assert ids(facts) == []
    facts["agents"]["w3"] = agent()
    assert ids(facts) == [("warning", "local-only-internal", "Service shop/web", ""), ("note", "local-only-external", "Service shop/web", "")]
    web["endpoints"][0]["node"] = None
    assert ids(facts) == [], "an endpoint of no node may be on each"


@pytest.mark.parametrize("more, settings, told", [
    ({"proxy": "other"}, {}, "service-proxy-name is 'other'"), ({"headless": True}, {}, "service.kubernetes.io/headless is there"),
    ({"proxy": ""}, {"k8s-service-proxy-name": "cilium"}, "service-proxy-name is ''"),
])  # fmt: skip
def test_a_service_that_no_agent_is_to_serve(facts, web, more, settings, told):
    web.update(more)
    facts["settings"].update(settings)
    (one,) = diagnosis(facts, {})
    assert (one["id"], one["severity"]) == ("left-to-others", "note") and told in one["found"]
    assert [one["name"] for one in judge.probes(facts)] == ["shop/web backend 10.1.0.2:8080", "shop/web backend 10.1.1.3:8080"]


@pytest.mark.parametrize("one, words", [
    (difference("frontend-missing"), "10.96.0.8:80/TCP is not in the table of the agent on w1; the API has it"),
    (difference(more=["10.9.9.9:80"], less=["10.1.0.2:80"]),
     "10.96.0.8:80/TCP on w1: in the agent's table it leads to 10.9.9.9:80, which the API does not have as ready and lacks 10.1.0.2:80, which are ready"),
    (difference("map-differs", less=["10.1.0.2:80"], absent=True),
     "10.96.0.8:80/TCP on w1 is not in the kernel's map; in the agent's table it leads to 10.1.0.2:80"),
    (difference("map-differs", less=["10.1.0.2:80"], more=["10.9.9.9:80"], absent=False),
     "10.96.0.8:80/TCP on w1: in the kernel's map it leads to 10.9.9.9:80 and does not lead to 10.1.0.2:80; the agent's table says otherwise"),
    (difference("frontend-unfinished", status="Error", error="map is full"), "10.96.0.8:80/TCP on w1 is Error: map is full; expected Done"),
    (difference("node-port-missing", address="172.16.0.12:30080/TCP"),
     "172.16.0.12:30080/TCP on w1 is not in the kernel's map, the same port on any address is; the agent's devices are eth0 (172.16.0.11); "
     "expected one that has the node's address"),
])  # fmt: skip
def test_each_difference_is_told(facts, one, words):
    facts["agents"]["w1"]["differences"] = [one]
    (told,) = diagnosis(facts, {})
    assert (told["severity"], told["id"], told["object"], told["node"]) == ("fault", one["kind"], "Service shop/web", "w1")
    assert told["found"] == words and "spec.nodeName=w1" in told["remedy"]


def test_what_an_agent_says_of_itself(facts):
    facts["agents"]["w1"].update(
        unread=["cilium-dbg metrics list: ..."], drift=["routing: configured native, runs tunnel"],
        metrics=[{"name": "cilium_bpf_map_pressure", "labels": {"map_name": "cilium_lb4_services_v2"}, "value": 0.95},
                 {"name": "cilium_bpf_map_pressure", "labels": {"map_name": "lxc"}, "value": 0.2},
                 {"name": "cilium_drop_count_total", "labels": {"reason": "Service backend not found", "direction": "EGRESS"}, "value": 7.0},
                 {"name": "cilium_drop_count_total", "labels": {"reason": "Unsupported L3 protocol"}, "value": 70.0},
                 {"name": "cilium_drift_checker_config_delta", "labels": {}, "value": 2.0}],
    )  # fmt: skip
    facts["agents"]["w2"]["error"] = "no pod is on node w2"
    assert sorted(named(facts)) == ["agent-silent", "answer-unread", "drift", "drift", "map-full", "service-drops"]


@pytest.mark.parametrize("reason", ["Service backend not found", "No mapping for NAT masquerade", "Missed tail call", "Policy denied"])
def test_drops_that_are_told_are_those_of_the_alert(facts, reason):
    (alert,) = [rule["expr"] for rule in alerts.rules(19, "")["groups"][0]["rules"] if rule["alert"] == "CiliumServiceDrops"]
    fires = bool(re.fullmatch(re.search(r'reason=~"([^"]+)"', alert)[1], reason))  # as Prometheus has it, the whole label
    facts["agents"]["w1"]["metrics"] = [{"name": "cilium_drop_count_total", "labels": {"reason": reason, "direction": "EGRESS"}, "value": 7.0}]
    assert ("service-drops" in named(facts)) == fires == (reason != "Policy denied")


@pytest.mark.parametrize(("share", "told"), [(0.89, []), (0.9, ["map-full"])])
def test_a_map_is_nearly_full_where_the_alert_says_so(facts, share, told):
    (alert,) = [rule["expr"] for rule in alerts.rules(19, "")["groups"][0]["rules"] if rule["alert"] == "CiliumMapNearlyFull"]
    facts["agents"]["w1"]["metrics"] = [{"name": "cilium_bpf_map_pressure", "labels": {"map_name": "lxc"}, "value": share}]
    assert named(facts) == told and alert.endswith("> 0.9")


def test_an_agent_that_leaves_it_to_kube_proxy(facts):
    facts["agents"]["w1"].update(kpr=False, mode="false")
    assert ids(facts) == [("note", "kpr-off", "node w1", "w1")]


# -- the nodes' side


def said(probes=(), **more):
    return {"w1": {"error": "", "facts": {"unread": [], "rules": None, "connections": None, "socket_programs": None, **more}, "probes": list(probes)}}


def test_socket_load_balancing_is_believed_of_the_kernel_only(facts):
    programs = [{"id": number, "name": f"cil_sock{hook[-1]}_{hook[:-1]}"[:15], "attach_type": hook, "multi": True} for number, hook in enumerate(HOOKS)]
    assert ids(facts, said(socket_programs=programs)) == []
    assert ids(facts, said(socket_programs=None)) == [], "the kernel did not tell"
    assert ids(facts, said(socket_programs=[one for one in programs if one["attach_type"][-1] == "4"])) == [], "IPv6 is off"
    (one,) = diagnosis(facts, said(socket_programs=[{**one, "name": "spy"} for one in programs]))
    assert (one["severity"], one["id"], one["node"]) == ("fault", "socket-lb-not-attached", "w1") and "connect4, sendmsg4, recvmsg4 of" in one["found"]
    facts["settings"]["enable-ipv6"] = "true"
    (one,) = diagnosis(facts, said(socket_programs=[one for one in programs if one["attach_type"] != "sendmsg6"]))
    assert "attached to sendmsg6 of the root cgroup, 5 are" in one["found"]
    facts["agents"]["w1"]["socket_lb"] = False
    assert ids(facts, said(socket_programs=[])) == []


def test_probes_blame_the_backend_before_the_service(facts):
    targets = judge.probes(facts)
    assert [one["name"] for one in targets] == ["shop/web backend 10.1.0.2:8080", "shop/web backend 10.1.1.3:8080", "shop/web service 10.96.0.8:80"]
    ok = [{"name": one["name"], "ok": True, "errors": {}} for one in targets]
    assert ids(facts, said(ok)) == []
    ok[2].update(ok=False, errors={"timed out": 1})
    assert ids(facts, said(ok)) == [("fault", "not-served", "Service shop/web", "w1")]
    ok[0].update(ok=False, errors={"Connection refused": 1})
    assert ids(facts, said(ok)) == [("fault", "nobody-listens", "Service shop/web", "w1")]
    ok[0].update(errors={"timed out": 1})
    assert ids(facts, said(ok)) == [("fault", "backend-silent", "Service shop/web", "w1")]


def test_a_policy_keeps_the_probing_nodes_out_and_maybe_nobody_else(facts, web):
    silent = [{"name": "shop/web backend 10.1.0.2:8080", "ok": False, "errors": {"timed out": 1}},
              {"name": "shop/web service 10.96.0.8:80", "ok": False, "errors": {"timed out": 1}}]  # fmt: skip
    deny = {"name": "NetworkPolicy shop/default-deny", "addresses": ["10.1.0.2", "10.1.1.3"], "opens": False}
    frontend = {"name": "NetworkPolicy shop/frontend", "addresses": ["10.1.0.2"], "opens": True}
    web["policies"] = [deny, frontend]
    (one,) = diagnosis(facts, said(silent))
    assert (one["severity"], one["id"]) == ("warning", "policy-selects")
    assert "NetworkPolicy shop/default-deny, NetworkPolicy shop/frontend selects" in one["found"]
    web["policies"] = [deny]
    assert ids(facts, said(silent)) == [("fault", "policy-closes", "Service shop/web", "w1")]
    web["policies"] = [{**deny, "addresses": ["10.1.1.3"]}]
    assert ids(facts, said(silent)) == [("fault", "backend-silent", "Service shop/web", "w1")], "it selects another pod"


@pytest.mark.parametrize("more", [{"internal_policy": "Local"}, {"only_nodes": True}])
def test_nodes_that_are_not_to_serve_a_service_are_not_blamed(facts, web, more):
    web["endpoints"].pop(0)
    failed = [{"name": "shop/web service 10.96.0.8:80", "ok": False, "errors": {"Connection refused": 1}}]
    assert "not-served" in named(facts, said(failed))
    web.update(more)
    assert "not-served" not in named(facts, said(failed))


def test_what_was_not_probed_is_told(facts, web):
    (one,) = judge.diagnosis(facts, {}, probed=False)
    assert (one["severity"], one["id"], one["object"]) == ("note", "not-probed", "every Service") and "kpr_service" in one["remedy"]
    web["ports"].append({"name": "dns", "port": 53, "protocol": "UDP", "node_port": None, "target": 53})
    web["endpoints"][0]["ports"]["dns/UDP"] = 53
    (one,) = judge.diagnosis(facts, {})
    assert (one["id"], one["object"]) == ("not-probed", "Service shop/web") and "53/UDP" in one["found"]


def test_nobody_outside_has_probed(facts, web):
    (one,) = judge.diagnosis(facts, {})
    assert (one["severity"], one["id"], one["object"]) == ("note", "not-probed", "Service shop/web") and "kpr_outside_host" in one["remedy"]
    assert one["found"] == "nothing was sent from outside of the cluster to NodePort 30080, 192.0.2.9:80"
    web.update(only_type="ClusterIP", external_ips=[])
    assert judge.diagnosis(facts, {}) == [], "Cilium serves its ClusterIP only"
    web.update(only_type="", proxy="other")
    assert [one["id"] for one in judge.diagnosis(facts, {})] == ["left-to-others"]
    web.update(type="ClusterIP", proxy="")
    web["ports"][0]["node_port"] = None
    assert judge.diagnosis(facts, {}) == []


@pytest.fixture
def at_nodes(facts):
    for node, own in (("w1", ["172.16.0.11"]), ("w2", ["172.16.0.12", "fd16::12"])):
        facts["agents"][node]["node_addresses"] = own


def at_node(facts):
    return {node: [one["name"].partition(" node-port ")[2] for one in targets] for node, targets in judge.node_probes(facts).items()}


def test_each_node_probes_node_ports_on_its_own_address(facts, web, at_nodes):
    assert judge.node_probes(facts)["w1"] == [{"name": "shop/web node-port 172.16.0.11:30080", "kind": "tcp", "address": "172.16.0.11", "port": 30080,
                                               "service": "shop/web", "requests": 1}]  # fmt: skip
    assert at_node(facts) == {"w1": ["172.16.0.11:30080"], "w2": ["172.16.0.12:30080"]}, "the Service has IPv4 only"
    web["families"] = ["IPv4", "IPv6"]
    assert at_node(facts)["w2"] == ["172.16.0.12:30080"], "no backend has IPv6"
    web["endpoints"].append({"address": "fd00::3", "node": "w2", "ready": True, "ports": {"http/TCP": 8080}})
    assert at_node(facts)["w2"] == ["172.16.0.12:30080", "[fd16::12]:30080"]


@pytest.mark.parametrize("more", [{"proxy": "other"}, {"only_type": "ClusterIP"}, {"only_nodes": True}, {"endpoints": []}])
def test_node_ports_that_are_not_to_answer_are_not_probed(facts, web, at_nodes, more):
    web.update(more)
    assert at_node(facts) == {"w1": [], "w2": []}


@pytest.mark.parametrize("policy", ["external_policy", "internal_policy"])
def test_nodes_without_an_endpoint_do_not_probe_node_ports_of_a_local_policy(facts, web, at_nodes, policy):
    web["endpoints"].pop(0)
    web[policy] = "Local"
    assert at_node(facts) == {"w1": [], "w2": ["172.16.0.12:30080"]}
    web["endpoints"][0]["node"] = None
    assert at_node(facts)["w1"] == ["172.16.0.11:30080"], "an endpoint of no node may be on each"


@pytest.mark.parametrize("more", [{"kpr": False, "mode": "false"}, {"socket_lb": False}])
def test_nodes_that_may_not_serve_themselves_do_not_probe_node_ports(facts, at_nodes, more):
    facts["agents"]["w1"].update(more)
    assert list(at_node(facts)) == ["w2"]


def test_datagrams_are_not_sent_to_node_ports(facts, web, at_nodes):
    web["ports"][0]["protocol"] = "UDP"
    assert at_node(facts) == {"w1": [], "w2": []}


def test_a_node_port_that_does_not_answer(facts, web):
    failed = [{"name": "shop/web node-port 172.16.0.11:30080", "ok": False, "errors": {"timed out": 1}}]
    (one,) = diagnosis(facts, said(failed))
    assert (one["severity"], one["id"], one["object"], one["node"]) == ("fault", "not-served", "Service shop/web", "w1")
    assert one["found"] == "NodePort 172.16.0.11:30080 from w1: timed out; expected a connection"
    assert ids(facts, said([{**failed[0], "ok": True}])) == []
    backend = {"name": "shop/web backend 10.1.0.2:8080", "ok": False, "errors": {"timed out": 1}}
    assert named(facts, said([*failed, backend])) == ["backend-silent"]


@pytest.mark.parametrize("kind, address", [("node-port-missing", "172.16.0.11:30080/TCP"), ("map-differs", "0.0.0.0:30080/TCP"),
                                           ("frontend-missing", "[::]:30080/TCP")])  # fmt: skip
def test_a_node_port_whose_trouble_is_told_is_not_told_twice(facts, kind, address):
    failed = [{"name": "shop/web node-port 172.16.0.11:30080", "ok": False, "errors": {"Connection refused": 1}}]
    facts["agents"]["w1"]["differences"] = [difference(kind, address=address, absent=True)]
    assert named(facts, said(failed)) == [kind]
    facts["agents"]["w1"]["differences"] = [difference(kind, address="0.0.0.0:30081/TCP", absent=True)]
    assert named(facts, said(failed)) == [kind, "not-served"], "it is another port's"


def test_a_node_whose_programs_are_not_served_is_told_once(facts):
    failed = [{"name": "shop/web node-port 172.16.0.11:30080", "ok": False, "errors": {"Connection refused": 1}}]
    assert named(facts, said(failed, socket_programs=[])) == ["socket-lb-not-attached"]


def test_only_families_with_backends_are_probed(facts, web):
    web["cluster_ips"].append("fd00::8")
    assert not [one for one in judge.probes(facts) if ":" in one["address"]]


def test_the_nodes_side(facts):
    rules = {"clean": False, "running": None, "found": {"nft": {"ip": {"nat": {"kube-proxy": {"chains": 12}, "foreign": {"chains": 3}}}}}}
    nodes = {**said(rules=rules), "w2": {"error": "it cannot be reached: no route"}}
    stale, unread = diagnosis(facts, nodes)
    assert (stale["id"], unread["id"]) == ("stale-rules", "node-unread") and stale["found"].startswith("12 chains")
    assert unread["remedy"] == "See that Ansible reaches HOST, w2's host in the inventory: ansible -i INVENTORY HOST -m ansible.builtin.ping"
    rules["running"] = "process 7"
    assert named(facts, nodes) == ["node-unread"]
    assert ids(facts, said(unread=["rules: no"])) == [("warning", "node-unread", "node w1", "w1")]


def test_connections_that_kube_proxy_began_and_whose_backend_is_gone(facts):
    def connection(**more):
        return {"protocol": "tcp", "address": "10.96.0.8", "port": 80, "backend": "10.1.0.2:8080", "connections": 2, **more}

    def told(*connections, running=None):
        rules = {"clean": True, "running": running, "found": {}}
        return [(one["id"], one["object"], one["found"]) for one in diagnosis(facts, said(rules=rules, connections=list(connections)))]

    gone, retired = connection(backend="10.1.0.9:8080"), connection(address="10.96.0.77")
    assert told(connection()) == [], "this backend is there"
    assert told(gone, retired, running="process 12") == [], "kube-proxy ends them itself"
    assert told(gone, retired) == [
        ("stale-connections", "Service shop/web", "2 to 10.96.0.8:80/tcp on w1 translated to 10.1.0.9:8080, which is no endpoint"),
        ("stale-connections", "node w1", "2 to 10.96.0.77:80/tcp on w1 translated to 10.1.0.2:8080, and no Service has that address and port"),
    ]
    facts["services"]["shop/web"]["endpoints"][0].update(ready=False)
    assert told(connection()) == [], "it ends in peace"
    facts["all_services"] = False
    assert [one[1] for one in told(gone, retired)] == ["Service shop/web"], "the other may be a Service that was not asked for"


def test_the_same_on_many_nodes_is_told_once(facts):
    for one in facts["agents"].values():
        one["differences"] = [difference("frontend-missing")]
    told = lines.lines(diagnosis(facts, {}), "prod", facts)
    assert told[0].endswith("2 faults, 0 warnings, 0 notes") and len(told) == 5 and "(and 1 more like it, on w1, w2)" in told[2]


def test_every_kind_has_a_severity_and_words_that_can_be_filled():
    for ident in found.KINDS:
        one = found.finding(ident, "Service shop/web", "x", "w1")
        assert one["severity"] in found.SEVERITIES and one["why"] and "{" not in one["remedy"]


def test_remedies_name_the_services_namespace_and_cilium_s():
    one = found.finding("map-differs", "Service shop/web", "x", "w1", "cilium")
    assert "kubectl -n cilium delete pod" in one["remedy"]
    assert "-n shop get" in found.finding("no-endpoints", "Service shop/web", "x")["remedy"]


def test_labels_that_leave_a_service_to_others_are_read(cluster):
    cluster.service["metadata"]["labels"] = {services.PROXY_NAME: "other"}
    assert cluster.services["shop/web"]["proxy"] == "other" and not services.served(cluster.services["shop/web"], "")

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.addresses import of_devices
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import parse_paths
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.objects import ready_pods
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.targets import plan


def make_node(name, internal, external=None, ready="True"):
    addresses = [{"type": "Hostname", "address": name}] + [{"type": "InternalIP", "address": address} for address in internal]
    return {"metadata": {"name": name}, "status": {"addresses": addresses + ([{"type": "ExternalIP", "address": external}] if external else []),
                                                   "conditions": [{"type": "Ready", "status": ready}]}}  # fmt: skip


NODES = [make_node("n1", ["192.0.2.11"]), make_node("n2", ["192.0.2.12"], "198.51.100.12"), make_node("n3", ["192.0.2.13"]), make_node("n4", ["192.0.2.14"])]
DUAL = [make_node("n1", ["192.0.2.11", "fd00::11"]), make_node("n2", ["192.0.2.12", "fd00::12"])]
PORT = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}
PROBES = {"demo/web:http": {"kind": "http", "request": "/hostname", "expect": {"status": 200}}}


def service(ports=(PORT,), status=None, **spec):
    return {
        "metadata": {"namespace": "demo", "name": "web"},
        "spec": {"clusterIP": "10.96.7.7", "clusterIPs": ["10.96.7.7"], "ports": list(ports), **spec},
        "status": {"loadBalancer": {"ingress": status or []}},
    }


def slices(*nodes, port="http", ready=True, owner="web"):
    return [
        {
            "metadata": {"namespace": "demo", "name": "web-x", "labels": {"kubernetes.io/service-name": owner}},
            "ports": [{"name": port, "port": 8080}],
            "endpoints": [{"nodeName": node, "conditions": {"ready": ready}} for node in nodes],
        }
    ]


def make_pod(name="client", node="n1", ready="True", ports=(), **spec):
    return {
        "metadata": {"namespace": "demo", "name": name, "uid": f"uid-{name}"},
        "spec": {"nodeName": node, "containers": [{"ports": list(ports)}], **spec},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "podIPs": [{"ip": "10.244.1.9"}]},
    }


def made(one, endpoints=None, node="n1", nodes=None, **options):
    options.setdefault("clients", [make_pod(node=node)])
    options.setdefault("probes", PROBES)
    found = plan(node, [one], endpoints or slices("n1", "n2"), nodes or NODES, **options)
    parse_paths(found["targets"] or [{"name": "none", "kind": "tcp", "address": "::1", "port": 1}])  # the modules take what the planner makes
    return found


def ways(targets):
    """What matters of targets, short enough to compare."""
    return [(target["name"].split()[0], target["address"], target["port"], target["by_kube_proxy"]) for target in targets]


def test_a_cluster_ip_is_probed_from_host_and_pod_and_the_pods_way_is_not_kube_proxys():
    found = made(service())
    assert ways(found["targets"]) == [("host", "10.96.7.7", 80, True), ("pod", "10.96.7.7", 80, False)]
    assert (found["outside"], found["skipped"]) == ([], [])
    first = found["targets"][0]
    assert (first["name"], first["service"]) == ("host to demo/web:http ClusterIP 10.96.7.7:80", "demo/web:http")
    assert (first["kind"], first["request"], first["expect"]) == ("http", "/hostname", {"status": 200})
    assert found["targets"][1]["namespace"] == {"pod_uid": "uid-client"}


def test_a_node_port_is_probed_on_this_node_on_loopback_and_on_the_next_nodes_in_the_circle():
    found = made(service([dict(PORT, nodePort=30080)]), node="n4", endpoints=slices("n1"))
    assert [way for way in ways(found["targets"]) if way[2] == 30080] == [
        ("host", "192.0.2.11", 30080, False),
        ("pod", "192.0.2.11", 30080, False),
        ("host", "192.0.2.12", 30080, False),
        ("pod", "192.0.2.12", 30080, False),
        ("host", "192.0.2.14", 30080, True),
        ("pod", "192.0.2.14", 30080, True),
        ("host", "127.0.0.1", 30080, True),
    ]
    assert ways(found["outside"]) == [("outside", "192.0.2.14", 30080, True)]


#: kube-proxy in its iptables mode, without localhost, and only on the nodes' internal network.
HARDENED = {"mode": "", "iptables": {"localhostNodePorts": False}, "nodePortAddresses": ["192.0.2.0/24"]}
GONE = {"kubeproxy-free.fleetops.io/kube-proxy": "off"}


@pytest.mark.parametrize(("kube_proxy", "served_by", "labels", "found"), [
    (HARDENED, "any", {}, ["192.0.2.12"]),
    (HARDENED, "kube_proxy", GONE, ["192.0.2.12"]),
    (HARDENED, "cilium", {}, ["192.0.2.12", "198.51.100.12", "127.0.0.1"]),
    (HARDENED, "any", GONE, ["192.0.2.12", "198.51.100.12", "127.0.0.1"]),
    (None, "any", {}, ["192.0.2.12", "198.51.100.12", "127.0.0.1"]),
])  # fmt: skip
def test_kube_proxy_is_asked_for_node_ports_where_it_serves_them(kube_proxy, served_by, labels, found):
    node = make_node("n2", ["192.0.2.12"], "198.51.100.12")
    node["metadata"]["labels"] = labels
    one = service([dict(PORT, nodePort=30080)], externalIPs=["198.51.100.12"])
    planned = made(one, node="n2", nodes=[node], kube_proxy=kube_proxy, served_by=served_by)
    asked = [target["address"] for target in planned["outside"] + planned["targets"] if target["port"] == 30080]
    assert list(dict.fromkeys(asked)) == found
    assert ("outside", "198.51.100.12", 80, False) in ways(planned["outside"])  # which kube-proxy serves as an external IP
    assert [entry["why"] for entry in planned["skipped"]] == ([] if len(found) == 3 else [
        "it is none of kube-proxy's nodePortAddresses (192.0.2.0/24)", "kube-proxy's iptables.localhostNodePorts is false"])  # fmt: skip


def test_another_node_is_asked_where_its_own_server_serves():
    nodes = [make_node(name, [address]) for name, address in (("n1", "192.0.2.11"), ("n2", "192.0.2.12"), ("n3", "192.0.2.13"))]
    nodes[2]["metadata"]["labels"] = GONE
    planned = made(service([dict(PORT, nodePort=30080)]), nodes=nodes, served_by="cilium", kube_proxy={"nodePortAddresses": ["198.51.100.0/24"]})
    assert {way[1] for way in ways(planned["targets"]) if way[2] == 30080} == {"192.0.2.11", "192.0.2.13", "127.0.0.1"}
    assert planned["skipped"] == [{"service": "demo/web:http NodePort 192.0.2.12", "why": "it is none of kube-proxy's nodePortAddresses (198.51.100.0/24)"}]


def test_where_kube_proxy_does_not_serve_nothing_is_said_of_silence_and_health():
    probe = {"kind": "http", "client_request": "/clientip"}
    one = service([dict(PORT, nodePort=30080)], externalTrafficPolicy="Local", healthCheckNodePort=32000)
    for kube_proxy, closed, asked in (({}, 1, 1), ({"nodePortAddresses": ["198.51.100.0/24"]}, 0, 0)):
        planned = made(one, endpoints=slices("n3"), probes={"demo/web:http": probe}, health={**HEALTH, "kube_proxy": kube_proxy}, kube_proxy=kube_proxy)
        assert len(planned["closed"]) == closed
        assert len([target for target in planned["targets"] if target["port"] == 32000]) == asked


def test_the_address_a_cloud_gives_a_node_is_for_clients_outside():
    found = made(service([dict(PORT, nodePort=30080)]), node="n2", peers=0)
    assert ("outside", "198.51.100.12", 30080, True) in ways(found["outside"])
    assert "198.51.100.12" not in [way[1] for way in ways(found["targets"])]


def test_an_address_that_is_the_nodes_own_and_a_clouds_is_asked_once():
    both = [make_node("n1", ["192.0.2.11"], "192.0.2.11")]
    found = made(service([dict(PORT, nodePort=30080)]), nodes=both, further={"n1": ["192.0.2.99", "192.0.2.99"]})
    assert [way for way in ways(found["targets"]) if way[1] == "192.0.2.11"] == [("host", "192.0.2.11", 30080, True), ("pod", "192.0.2.11", 30080, True)]
    assert ways(found["outside"]) == [("outside", "192.0.2.11", 30080, True)]


def test_an_external_ip_that_no_node_owns_is_for_clients_outside_only():
    found = made(service(externalIPs=["203.0.113.250"]))
    assert "203.0.113.250" not in [way[1] for way in ways(found["targets"])]
    assert ways(found["outside"]) == [("outside", "203.0.113.250", 80, False)]


def test_an_external_ip_is_probed_from_inside_on_the_node_that_owns_it():
    one = service(externalIPs=["192.0.2.12"])
    assert [way for way in ways(made(one, node="n2")["targets"]) if way[1] == "192.0.2.12"] == [
        ("host", "192.0.2.12", 80, True),
        ("pod", "192.0.2.12", 80, False),
    ]
    assert "192.0.2.12" not in [way[1] for way in ways(made(one, node="n1")["targets"])]


def test_a_load_balancer_ip_is_served_by_the_node_unless_it_is_a_proxys():
    vip = made(service(status=[{"ip": "203.0.113.7"}]))
    assert ways(vip["targets"])[2:] == [("host", "203.0.113.7", 80, True), ("pod", "203.0.113.7", 80, False)]
    proxy = made(service(status=[{"ip": "203.0.113.7", "ipMode": "Proxy"}]))
    assert len(proxy["targets"]) == 2 and ways(proxy["outside"]) == [("outside", "203.0.113.7", 80, False)]


@pytest.mark.parametrize(
    ("one", "node", "why"),
    [
        (service(status=[{"hostname": "lb.example.org"}]), "n1", "the load balancer has a name and no address; names are not resolved"),
        (service(status=[{"ip": "203.0.113.7"}], loadBalancerSourceRanges=["10.0.0.0/8"]), "n1", "loadBalancerSourceRanges may keep the prober out"),
        (service(status=[{"ip": "203.0.113.7"}], loadBalancerSourceRanges=["192.0.2.0/32"]), "n1", "loadBalancerSourceRanges lets nobody in"),
        (service(status=[{"ip": "203.0.113.7"}], externalTrafficPolicy="Local"), "n3", "externalTrafficPolicy is Local and no endpoint runs on n3"),
        (service(internalTrafficPolicy="Local"), "n3", "internalTrafficPolicy is Local and no endpoint runs on n3"),
        (service([{"name": "game", "port": 7777, "protocol": "UDP"}]), "n1", "nothing is known about how to ask a UDP port"),
        (service([{"name": "sig", "port": 7777, "protocol": "SCTP"}]), "n1", "nothing is known about how to ask a SCTP port"),
    ],
)
def test_what_cannot_be_judged_is_left_out_with_the_reason(one, node, why):
    port = one["spec"]["ports"][0]["name"]
    assert why in [entry["why"] for entry in made(one, slices("n1", port=port), node=node)["skipped"]]


@pytest.mark.parametrize("endpoints", [[], slices("n1", ready=False), slices("n1", owner="other"), slices("n1", port="metrics")])
def test_a_port_without_a_ready_endpoint_is_left_out(endpoints):
    found = made(service(), endpoints or [{"metadata": {"namespace": "demo", "labels": {}}, "endpoints": []}])
    assert found["targets"] == [] and found["skipped"] == [{"service": "demo/web:http", "why": "it has no ready endpoint"}]


def test_with_local_policy_only_nodes_with_an_endpoint_are_asked():
    found = made(service([dict(PORT, nodePort=30080)], externalTrafficPolicy="Local"), slices("n2"), node="n1")
    assert [way for way in ways(found["targets"]) if way[2] == 30080] == [("host", "192.0.2.12", 30080, False), ("pod", "192.0.2.12", 30080, False)]


@pytest.mark.parametrize(("served_by", "labels", "masquerade", "kube_proxy", "asked"), [
    ("kube_proxy", {}, True, {}, False), ("any", {}, True, {}, False), ("kube_proxy", GONE, True, {}, False),
    ("any", GONE, True, {}, True), ("cilium", {}, True, {}, True), ("any", {}, True, None, True), ("any", {}, False, {}, True),
])  # fmt: skip
def test_what_goes_past_kube_proxys_rules_is_not_asked_from_pods(served_by, labels, masquerade, kube_proxy, asked):
    node = make_node("n1", ["192.0.2.11"])
    node["metadata"]["labels"] = labels
    options = {"nodes": [node], "served_by": served_by, "kube_proxy": kube_proxy, "bpf_masquerade": masquerade}
    found = made(service([dict(PORT, nodePort=30080)], externalTrafficPolicy="Local"), **options)
    from_pods = [way[1:3] for way in ways(found["targets"]) if way[0] == "pod"]
    assert (("192.0.2.11", 30080) in from_pods) is asked and ("10.96.7.7", 80) in from_pods
    assert ("host", "192.0.2.11", 30080, True) in ways(found["targets"]) and ("outside", "192.0.2.11", 30080, True) in ways(found["outside"])
    assert any("go past kube-proxy" in entry["why"] for entry in found["skipped"]) is not asked
    found = made(service([dict(PORT, nodePort=30080)]), **options)
    assert ("pod", "192.0.2.11", 30080, True) in ways(found["targets"]), "kube-proxy masquerades these"


def test_unknown_tcp_ports_are_only_opened_and_dns_is_asked():
    found = made(service([dict(PORT, name="db")]), slices("n1", port="db"), probes={})
    assert {target["kind"] for target in found["targets"]} == {"tcp"}
    dns = made(service([{"name": "dns", "port": 53, "protocol": "UDP"}]), slices("n1", port="dns"), probes={})
    assert {target["kind"] for target in dns["targets"]} == {"dns"}


def test_session_affinity_expects_one_backend():
    found = made(service(sessionAffinity="ClientIP"))
    assert found["targets"][0]["expect"] == {"status": 200, "same_backend": True}
    assert PROBES["demo/web:http"]["expect"] == {"status": 200}


def test_a_headless_service_has_no_address():
    assert made(service(clusterIP="None", clusterIPs=["None"]))["targets"] == []


def test_both_families_are_probed_each_on_its_own_addresses():
    one = service([dict(PORT, nodePort=30080)], clusterIPs=["10.96.7.7", "fd00:96::7"])
    addresses = {way[1] for way in ways(made(one, nodes=DUAL, peers=0)["targets"])}
    assert addresses == {"10.96.7.7", "fd00:96::7", "192.0.2.11", "fd00::11", "127.0.0.1"}
    single = {way[1] for way in ways(made(service([dict(PORT, nodePort=30080)]), nodes=DUAL, peers=0)["targets"])}
    assert single == {"10.96.7.7", "192.0.2.11", "127.0.0.1"}


HOST_PORT = {"name": "web", "containerPort": 8080, "hostPort": 8088, "protocol": "TCP"}


def test_a_host_port_over_tcp_and_udp_has_two_names():
    ports = [{"containerPort": 53, "hostPort": 53, "protocol": protocol} for protocol in ("TCP", "UDP")]
    found = plan("n1", [], [], NODES, pods=[make_pod("dns", ports=ports)], clients=[make_pod()])
    assert [(path.name, path.kind) for path in parse_paths(found["targets"] + found["outside"]) if path.name.startswith("host ")] == [
        ("host to demo/dns:53 hostPort 192.0.2.11:53", "tcp"), ("host to demo/dns:53 UDP hostPort 192.0.2.11:53", "dns")]  # fmt: skip


def host_port_ways(pod, **options):
    return ways(plan("n1", [], [], NODES, pods=[pod], clients=[make_pod()], **options)["targets"])


def test_a_host_port_is_probed_on_its_node_and_is_never_kube_proxys():
    assert host_port_ways(make_pod("hp", ports=[HOST_PORT])) == [("host", "192.0.2.11", 8088, False), ("pod", "192.0.2.11", 8088, False)]
    assert host_port_ways(make_pod("hp", ports=[dict(HOST_PORT, hostIP="127.0.0.1")])) == [("host", "127.0.0.1", 8088, False)]


@pytest.mark.parametrize(
    "pod", [make_pod("hp", node="n2", ports=[HOST_PORT]), make_pod("hp", ready="False", ports=[HOST_PORT]), make_pod("hp", hostNetwork=True, ports=[HOST_PORT])]
)
def test_a_host_port_elsewhere_or_not_ready_is_not_probed(pod):
    assert host_port_ways(pod) == []


@pytest.mark.parametrize("client", [make_pod(node="n2"), make_pod(ready="False"), make_pod(hostNetwork=True)])
def test_without_a_client_pod_on_the_node_only_the_host_probes_and_that_is_said(client):
    found = made(service(), clients=[client])
    assert ways(found["targets"]) == [("host", "10.96.7.7", 80, True)]
    assert found["skipped"] == [{"service": "*", "why": "no pod to probe from runs on node n1"}]


def test_every_node_is_probed_by_as_many_others_in_a_large_cluster():
    nodes = [make_node(f"n{number:03}", [f"10.1.{number // 250}.{number % 250 + 1}"]) for number in range(300)]
    one = service([dict(PORT, nodePort=30080)])
    probed = {}
    for node in nodes:
        name = node["metadata"]["name"]
        for target in plan(name, [one], slices("n000"), nodes, peers=3)["targets"]:
            if target["port"] == 30080 and target["address"] != "127.0.0.1":
                probed[target["address"]] = probed.get(target["address"], 0) + 1
    assert set(probed.values()) == {4} and len(probed) == 300


@pytest.mark.parametrize("ready", ["False", "Unknown"])
def test_a_node_that_is_not_ready_is_asked_by_no_other(ready):
    nodes = [make_node("n1", ["192.0.2.11"]), make_node("n2", ["192.0.2.12"], ready=ready), make_node("n3", ["192.0.2.13"]), make_node("n4", ["192.0.2.14"])]
    one = service([dict(PORT, nodePort=30080)])
    assert {way[1] for way in ways(made(one, nodes=nodes)["targets"]) if way[2] == 30080} == {"192.0.2.11", "192.0.2.13", "192.0.2.14", "127.0.0.1"}
    assert "192.0.2.12" in [way[1] for way in ways(made(one, nodes=nodes, node="n2")["targets"])], "its own it has to serve"


def test_endpoints_are_asked_without_their_service_where_that_is_wanted():
    endpoints = slices("n1")
    endpoints[0]["endpoints"][0]["addresses"] = ["10.244.1.5"]
    found = made(service(), endpoints, direct=["demo/web"])
    asked = [target for target in found["targets"] if target["service"] == "pods of demo/web:http"]
    assert ways(asked) == [("host", "10.244.1.5", 8080, False), ("pod", "10.244.1.5", 8080, False)]
    assert not [target for target in made(service(), endpoints)["targets"] if target["address"] == "10.244.1.5"]


@pytest.mark.parametrize(
    ("ranges", "asked", "closed"),
    [
        ([], True, False),
        (["0.0.0.0/0"], True, False),
        (["0.0.0.0/1", "128.0.0.0/1"], True, False),
        (["0.0.0.0/1"], False, False),
        (["192.0.2.0/32", "2001:db8::/64"], False, True),
        (["192.0.2.0/32", "10.0.0.0/8"], False, False),
    ],
)
def test_source_ranges_are_judged_where_they_let_everybody_or_nobody_in(ranges, asked, closed):
    found = made(service(status=[{"ip": "203.0.113.7"}], loadBalancerSourceRanges=ranges))
    assert ("outside" in [way[0] for way in ways(found["outside"])]) is asked and ("203.0.113.7" in [way[1] for way in ways(found["targets"])]) is asked
    assert [(one["address"], one["expect"]) for one in found["closed"]] == ([("203.0.113.7", {"unanswered": True})] if closed else [])


LOCAL = {"demo/web:http": {**PROBES["demo/web:http"], "client_request": "/clientip"}}


def test_local_policy_is_held_to_all_of_its_promise_from_outside():
    one = service([dict(PORT, nodePort=30080)], externalTrafficPolicy="Local")
    here, elsewhere = made(one, slices("n2"), node="n2", probes=LOCAL), made(one, slices("n2"), node="n1", probes=LOCAL)
    keeps = [target for target in here["outside"] if target["request"] == "/clientip"]
    assert {target["address"] for target in keeps} == {"192.0.2.12", "198.51.100.12"} and here["closed"] == []
    answer = keeps[0]["expect"]["answer"]
    assert re.search(answer, "203.0.113.9:5555") and re.search(answer, "192.0.2.120:5555") and re.search(answer, "[fd00::1]:5")
    assert not re.search(answer, "192.0.2.12:5555") and not re.search(answer, "198.51.100.12:1")
    assert [(target["address"], target["port"], target["kind"]) for target in elsewhere["closed"]] == [("192.0.2.11", 30080, "tcp")]
    assert elsewhere["outside"] == [] and made(one, slices("n2"), node="n1")["closed"] == []  # nothing is known of other servers


@pytest.mark.parametrize("mode", ["dsr", "hybrid"])
def test_direct_return_is_held_to_keep_the_clients_address_on_every_node(mode):
    one = service([dict(PORT, nodePort=30080)])
    found = made(one, slices("n2"), node="n1", probes=LOCAL, lb_mode=mode)
    keeps = [target for target in found["outside"] if target["request"] == "/clientip"]
    assert {target["address"] for target in keeps} == {"192.0.2.11"} and found["closed"] == []
    assert not re.search(keeps[0]["expect"]["answer"], "192.0.2.11:5555")
    assert all(not target["service"].startswith("demo/web:") for target in keeps), "they are no answers of a backend, whose spread is judged"
    for known in ({"lb_mode": "snat", "probes": LOCAL}, {"lb_mode": "annotation", "probes": LOCAL}, {"lb_mode": "dsr"}):
        assert all(target.get("request") != "/clientip" for target in made(one, slices("n2"), node="n1", **known)["outside"])


@pytest.mark.parametrize(("mode", "kept"), [("dsr", True), ("hybrid", False)])
def test_hybrid_returns_no_datagrams_straight(mode, kept):
    one = service([dict(PORT, protocol="UDP", nodePort=30080)])
    probes = {"demo/web:http": {"kind": "udp", "request": "hostname", "expect": {}, "client_request": "clientip"}}
    asked = [target["request"] for target in made(one, slices("n2"), node="n1", probes=probes, lb_mode=mode)["outside"]]
    assert ("clientip" in asked) is kept


def test_node_ports_are_probed_on_the_further_addresses_of_the_node_itself():
    one = service([dict(PORT, nodePort=30080)])
    found = made(one, further={"n1": ["192.0.2.11", "192.0.2.99", "fd00::99"], "n2": ["192.0.2.98"]}, peers=1)
    assert [way for way in ways(found["targets"]) if way[1] in ("192.0.2.99", "192.0.2.98", "fd00::99")] == [
        ("host", "192.0.2.99", 30080, True), ("pod", "192.0.2.99", 30080, True)]  # fmt: skip
    assert len({target["name"] for target in found["targets"]}) == len(found["targets"])


def test_what_an_agent_says_of_its_devices():
    devices = [{"name": "eth0", "addresses": ["192.0.2.11", "fe80::1"]}, {"name": "eth1", "addresses": []}]
    assert of_devices({"n1": {"kube_proxy_replacement": {"devices": devices}}}) == {"n1": ["192.0.2.11"]}


HEALTH = {"kube_proxy": {}, "cilium": {}}


@pytest.mark.parametrize(("node", "status"), [("n1", 200), ("n3", 503)])
def test_a_health_check_says_whether_the_node_has_an_endpoint(node, status):
    one = service(externalTrafficPolicy="Local", healthCheckNodePort=32000)
    assert "health check" not in str(made(one, node=node)["targets"])
    found = [target for target in made(one, node=node, health=HEALTH)["targets"] if target["port"] == 32000]
    assert [(target["name"], target["expect"], target["by_kube_proxy"]) for target in found] == [
        (f"host to demo/web health check 192.0.2.1{node[1]}:32000", {"status": status}, False)]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "labels", "port", "why"),
    [
        ({"kube_proxy": {}, "cilium": {}}, {}, 10256, None),
        ({"kube_proxy": {"healthzBindAddress": "0.0.0.0:9999"}, "cilium": {}}, {}, 9999, None),
        ({"kube_proxy": {"healthzBindAddress": "127.0.0.1:10256"}, "cilium": {}}, {}, None, "it is bound to 127.0.0.1:10256"),
        ({"kube_proxy": {}, "cilium": {}}, {"kubeproxy-free.fleetops.io/kube-proxy": "off"}, None, "kube-proxy is gone, and Cilium does not answer"),
        ({"kube_proxy": None, "cilium": {"kube-proxy-replacement-healthz-bind-address": "[::]:10256"}}, {}, 10256, None),
        ({"kube_proxy": None, "cilium": {}}, {}, None, "kube-proxy is gone, and Cilium does not answer"),
    ],
)
def test_kube_proxys_own_health_check_is_asked_where_somebody_answers_it(settings, labels, port, why):
    node = {**NODES[0], "metadata": {"name": "n1", "labels": labels}}
    found = plan("n1", [], [], [node], health=settings, clients=[make_pod()])
    assert [(target["address"], target["port"]) for target in found["targets"]] == ([("192.0.2.11", port)] if port else [])
    assert [entry["why"][: len(why)] for entry in found["skipped"]] == [why] if why else found["skipped"] == []


def test_a_host_port_whose_pod_is_not_ready_is_told():
    found = plan("n1", [], [], NODES, pods=[make_pod("hp", ready="False", ports=[HOST_PORT])], clients=[make_pod()])
    assert found["skipped"] == [{"service": "demo/hp hostPort", "why": "the pod is not ready"}]


def test_pods_that_end_are_not_ready():
    ending = make_pod("b")
    ending["metadata"]["deletionTimestamp"] = "now"
    assert ready_pods([make_pod("a"), ending, make_pod("c", ready="False")]) == ["a"]

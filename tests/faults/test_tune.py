# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the replacement, proven by traffic from outside. With native routing, which DSR takes. The tests follow each other."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
import urllib.request

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
BACKENDS, FLOWS = 4, 240
LABELS = {"app": "named"}
NATIVE = {"routingMode": "native", "autoDirectNodeRoutes": True}


@pytest.fixture(scope="module")
def tuned(lab):
    """The lab moved, with native routing."""
    if lab.phase():
        assert lab.run("rollback", "-e", "kpr_steal_lock=true")[0] == 0
    before = json.loads(lab.helm("-n", "kube-system", "get", "values", "cilium", "-o", "json"))
    set_values(lab, {**before, **NATIVE, "ipv4NativeRoutingCIDR": "10.27.0.0/16"})
    status, output = lab.run("migrate")
    assert status == 0, output[-3000:]
    image = lab.variables["kpr_test_image"]
    container = {"name": "named", "image": image, "imagePullPolicy": "IfNotPresent", "args": ["netexec", "--http-port=8080"]}
    template = {"metadata": {"labels": LABELS}, "spec": {"nodeName": "worker1", "containers": [container], "terminationGracePeriodSeconds": 1}}
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "named"},
         "spec": {"replicas": BACKENDS, "selector": {"matchLabels": LABELS}, "template": template}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "named"},
         "spec": {"type": "NodePort", "selector": LABELS, "ports": [
             {"name": "http", "port": 80, "targetPort": 8080}, {"name": "udp", "port": 81, "targetPort": 8081, "protocol": "UDP"}]}},
    ]}))  # fmt: skip
    lab.kubectl("rollout", "status", "deployment/named", "--timeout=120s")
    yield lab
    lab.kubectl("delete", "deployment,service", "named")
    assert lab.run("rollback", "-e", "kpr_steal_lock=true")[0] == 0
    set_values(lab, before)


def roll_out(lab, wanted):
    """Whether Kubernetes itself recreates agents whenever their values change; setting it does that, too."""
    lab.helm("-n", "kube-system", "upgrade", "cilium", lab.variables["kpr_cilium_chart_ref"], "--reuse-values", "--set", f"rollOutCiliumPods={wanted}")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=300s")


def agents(lab):
    """{node: (name, when it was created) of its agent's pod}"""
    pods = json.loads(lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "json"))["items"]
    return {pod["spec"]["nodeName"]: (pod["metadata"]["name"], pod["metadata"]["creationTimestamp"]) for pod in pods}


def set_values(lab, values):
    file = lab.reports / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    lab.helm("-n", "kube-system", "upgrade", "cilium", lab.variables["kpr_cilium_chart_ref"], "--values", str(file), "--reset-values")
    lab.kubectl("-n", "kube-system", "rollout", "restart", "daemonset/cilium")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=300s")


def address(lab, node):
    return lab.hosts[lab.container(node)]["ansible_host"]


def port(lab, number=0):
    return int(lab.kubectl("get", "service", "named", "-o", f"jsonpath={{.spec.ports[{number}].nodePort}}"))


def ask(lab, node, path, source=0):
    """The answer to one request from outside, over a connection of its own that leaves nothing behind; from this port if there is one."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.settimeout(10)
        connection.bind(("", source))
        connection.connect((address(lab, node), port.known))
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        said = b""
        while part := connection.recv(4096):
            said += part
    return said.decode().rsplit("\r\n", 1)[1]


def flows(lab, node, first):
    port.known = port(lab)
    return {source: ask(lab, node, "/hostname", source) for source in range(first, first + FLOWS)}  # by the client's port


def tune(lab, options, *words):
    return lab.run("tune", "-e", json.dumps({"kpr_tune": options}), *words)


def revision(lab):
    return json.loads(lab.helm("-n", "kube-system", "history", "cilium", "--max", "1", "-o", "json"))[0]["revision"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "fast"}, "fast"),
        ({"maglev": True}, "maglev"),
        ({"maglev_table_size": 16380}, "16380"),
        ({"node_port_range": "30000"}, "FIRST-LAST"),
        ({"node_port_range": "30000-31000"}, "API server hands out"),
        ({"graceful_termination": True}, "1.17"),
        ({"mode": "dsr", "dsr_dispatch": "geneve"}, "tunnelProtocol"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_changes(tuned, options, says):
    refused(tuned, options, says)


def refused(lab, options, says, *words):
    before = revision(lab)
    status, output = tune(lab, options, *words)
    assert status != 0 and says in " ".join(output.split()) and revision(lab) == before, output[-3000:]
    assert lab.kubectl("-n", "kube-system", "get", "lease", "kubeproxy-free", "--ignore-not-found") == ""


def test_a_run_that_would_do_more_or_less_than_it_says_is_refused(tuned, tmp_path):
    options = {"algorithm": "maglev"}
    refused(tuned, options, "missing from this run (cp1)", "--limit", tuned.container("worker1"))
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: cilium, version: 1.18.2, appVersion: 1.18.2}")
    refused(tuned, options, "found the chart of Cilium 1.18.2", "-e", f"kpr_cilium_chart_ref={tmp_path}")


def test_without_maglev_nodes_choose_for_themselves(tuned):
    one, other = flows(tuned, "cp1", 20000), flows(tuned, "worker1", 20000)
    alike = sum(one[source] == other[source] for source in one)
    assert len(set(one.values())) == BACKENDS and alike < FLOWS / 2, f"{alike} of {FLOWS} alike"


def test_maglev_is_set_on_every_agent_and_once(tuned):
    options = {"algorithm": "maglev", "maglev_table_size": 4093, "health_address": "0.0.0.0:10256", "node_port_range": "30000,32767", "bind_protection": "true"}
    inventory = ("-e", json.dumps({"kpr_cilium_values": {"maglev": {"tableSize": 251}}}))  # what the inventory wants of a migration is none of its business
    before = revision(tuned)
    status, output = tune(tuned, options, "--check", "--diff")
    assert status == 0 and "maglev" in output and revision(tuned) == before, output[-3000:]
    roll_out(tuned, "true")
    former = agents(tuned)
    status, output = tune(tuned, options, *inventory)
    assert status == 0, output[-3000:]
    now = agents(tuned)
    assert former["worker1"][1] < now["worker1"][1] < now["cp1"][1], "a canary first, and control planes last"
    daemonset = json.loads(tuned.kubectl("-n", "kube-system", "get", "daemonset", "cilium", "-o", "json"))
    assert daemonset["spec"]["updateStrategy"]["type"] == "RollingUpdate" and daemonset["status"]["updatedNumberScheduled"] == 2
    for node in ("cp1", "worker1"):
        with urllib.request.urlopen(f"http://{address(tuned, node)}:10256/healthz", timeout=10) as answer:
            assert answer.status == 200
    status, output = tune(tuned, options)
    assert status == 0 and not re.search(r"changed=[1-9]", output.split("PLAY RECAP")[1]), output[-3000:]
    assert agents(tuned) == now
    roll_out(tuned, "false")


def test_with_maglev_every_node_chooses_the_same_and_few_flows_move_when_a_backend_leaves(tuned):
    one, other = flows(tuned, "cp1", 21000), flows(tuned, "worker1", 21000)
    assert one == other and len(set(one.values())) == BACKENDS
    before = flows(tuned, "cp1", 22000)
    tuned.kubectl("scale", "deployment/named", f"--replicas={BACKENDS - 1}")
    deadline = time.monotonic() + 60
    while len(pods := tuned.kubectl("get", "pods", "-l", "app=named", "-o", "name").split()) != BACKENDS - 1:
        assert time.monotonic() < deadline
        time.sleep(1)
    time.sleep(3)  # until both agents have heard of it
    left = {name.removeprefix("pod/") for name in pods}
    now = flows(tuned, "worker1", 22000)  # whose connection tracking does not know these flows
    assert set(now.values()) == left
    moved = [source for source, name in before.items() if name in left and now[source] != name]
    kept = sum(name in left for name in before.values())
    assert len(moved) <= kept / 20, f"{len(moved)} of {kept} moved"
    tuned.kubectl("scale", "deployment/named", f"--replicas={BACKENDS}")
    tuned.kubectl("rollout", "status", "deployment/named", "--timeout=120s")


def test_with_dsr_backends_see_the_client_and_answer_it_straight(tuned):
    mac = {node: tuned.on(node, "cat", "/sys/class/net/eth0/address").strip() for node in ("cp1", "worker1")}
    port.known = port(tuned)
    client, sender = seen(tuned)
    assert client != own_address(tuned) and sender == mac["cp1"], "without DSR the node stands between"
    status, output = tune(tuned, {"mode": "dsr"})
    assert status == 0, output[-3000:]
    client, sender = seen(tuned)
    assert client == own_address(tuned) and sender == mac["worker1"]
    folder = tuned.reports / "verify-dsr"
    status, output = tuned.run("verify", "-e", json.dumps({"kpr_outside_host": "localhost", "verify_served_by": "cilium", "verify_report_dir": str(folder)}))
    assert status == 0, output[-3000:]
    asked = [path["name"] for path in json.loads((folder / "verify-fault.json").read_text(encoding="utf-8"))["outside"]["paths"]]
    assert sum("the client of kubeproxy-free-verify/echo:http" in name for name in asked) == 2, "verify holds each node to that"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(3)
        probe.sendto(b"echo ".ljust(1464, b"x"), (address(tuned, "cp1"), port(tuned, 1)))  # with 8 of UDP, 20 of IP and 8 of the option a link's whole 1500
        assert len(probe.recv(4096)) == 1464 - len(b"echo ")


def own_address(lab):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address(lab, "cp1"), 9))
        return probe.getsockname()[0]


def seen(lab):
    """(the client's address as the backend on worker1 sees it, which node's Ethernet address the answer came from) for a request to cp1."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as raw:
        raw.settimeout(1)
        client = ask(lab, "cp1", "/clientip").rsplit(":", 1)[0]
        wanted = socket.inet_aton(address(lab, "cp1")) + socket.inet_aton(own_address(lab))
        while True:
            frame = raw.recv(2048)
            header = 14 + (frame[14] & 15) * 4
            if frame[26:34] == wanted and frame[23] == 6 and struct.unpack("!H", frame[header:header + 2])[0] == port.known:
                return client, frame[6:12].hex(":")


def test_hybrid_keeps_datagrams_with_the_node_and_what_shows_on_nodes_is_looked_at(tuned):
    ask_port = port(tuned, 1)
    assert datagram(tuned, ask_port) == own_address(tuned), "with DSR the backend sees the client"
    status, output = tune(tuned, {"mode": "hybrid", "bind_protection": False, "host_namespace_only": True})  # refused before DSR_BESIDE
    assert status == 0, output[-3000:]
    assert datagram(tuned, ask_port) == address(tuned, "cp1") and seen(tuned)[0] == own_address(tuned)
    bind = f"import socket; socket.socket().bind(('0.0.0.0', {port(tuned)}))"
    tuned.on("worker1", "python3", "-c", bind)  # fails where it is refused
    status, output = tune(tuned, {"bind_protection": True})
    assert status == 0, output[-3000:]
    with pytest.raises(AssertionError):
        tuned.on("worker1", "python3", "-c", bind)


def datagram(lab, number):
    """The client's address as the backend on worker1 sees it, for a datagram to cp1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(10)
        probe.sendto(b"clientip", (address(lab, "cp1"), number))
        return probe.recv(2048).decode().rsplit(":", 1)[0]


def test_a_run_that_died_and_one_that_fails_after_it_give_back_what_was_before_both(tuned):
    before = json.loads(tuned.helm("-n", "kube-system", "get", "values", "cilium", "-o", "json"))
    process = tuned.start("tune", "-e", json.dumps({"kpr_tune": {"maglev_table_size": 2039}}))
    tuned.kill_when(process, "recreate | Wait until they serve]")
    assert json.loads(tuned.helm("-n", "kube-system", "get", "values", "cilium", "-o", "json"))["maglev"]["tableSize"] == 2039
    status, output = tune(tuned, {"maglev_table_size": 2039, "algorithm": "random"}, "-e", "tune_timeout=1", "-e", "kpr_steal_lock=true")
    assert status != 0 and "former values again" in output, output[-3000:]
    assert json.loads(tuned.helm("-n", "kube-system", "get", "values", "cilium", "-o", "json")) == before and before["maglev"]["tableSize"] == 4093
    for node in ("cp1", "worker1"):
        assert started(tuned, node, "bpf-lb-maglev-table-size") == "4093" and started(tuned, node, "bpf-lb-algorithm") == "maglev"
    assert tuned.kubectl("-n", "kube-system", "get", "configmap", "kubeproxy-free-tune", "--ignore-not-found") == ""
    assert tuned.kubectl("get", "namespace", "kubeproxy-free-verify", "--ignore-not-found") == ""


def started(lab, node, key):
    pod = lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "name", "--field-selector", f"spec.nodeName={node}").strip()
    return lab.kubectl("-n", "kube-system", "exec", pod, "-c", "cilium-agent", "--", "cat", f"/tmp/cilium/config-map/{key}")

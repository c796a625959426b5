# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services broken on purpose, on a cluster that has moved: each is named right by diagnose.yml."""

from __future__ import annotations

import json
import socket
import tarfile
import threading
import time

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
#: An address of the pods' network that no pod has; the lab's packets cannot leave it.
NOWHERE = "10.27.250.250"

CLIENT = "import socket, sys, time; s = socket.socket(type=socket.SOCK_DGRAM); s.connect((sys.argv[1], int(sys.argv[2]))); " \
         "[(s.send(b'hostname'), time.sleep(1)) for _ in range(3600)]"  # fmt: skip


def test_a_connection_of_kube_proxys_time_outlives_its_backend(untouched):
    """A program of the host that connected its datagram socket before the migration; the eBPF programs see only new ones."""
    lab = untouched
    address, port = lab.kubectl("-n", "demo", "get", "service", "echo", "-o", "jsonpath={.spec.clusterIP} {.spec.ports[0].port}").split()
    lab.on("worker1", "systemd-run", "--unit=client", "python3", "-c", CLIENT, address, port)
    try:
        assert lab.run("migrate")[0] == 0
        for gone in (False, True):
            if gone:
                pods = lab.kubectl("-n", "demo", "get", "pods", "-l", "app=web", "-o", "name").split()
                lab.kubectl("-n", "demo", "rollout", "restart", "deployment/web")
                lab.kubectl("-n", "demo", "wait", "--for=delete", "--timeout=180s", *pods)
            assert lab.run("diagnose")[0] == 0
            told = json.loads((lab.reports / "fault" / "diagnosis.json").read_text(encoding="utf-8"))["findings"]
            stale = [(one["object"], one["node"]) for one in told if one["id"] == "stale-connections"]
            assert stale == ([("Service demo/echo", "worker1")] if gone else [])
    finally:
        lab.on("worker1", "systemctl", "stop", "client")


@pytest.fixture(scope="module")
def moved(lab):
    if lab.phase() != "settled":
        status, output = lab.run("migrate", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    image = lab.variables["kpr_test_image"]
    server = {"name": "server", "image": image, "imagePullPolicy": "Never", "args": ["netexec"], "ports": [{"name": "http", "containerPort": 8080}]}
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    only_frontend = [{"from": [{"podSelector": {"matchLabels": {"app": "frontend"}}}]}]
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "broken"}},
        *[{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "broken"}, "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{**server, **more}]}}}}
          for name, more in (("good", {}), ("unready", {"readinessProbe": never}), ("guarded", {}), ("backend", {}))],
        *[{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": f"guard-{app}", "namespace": "broken"},
           "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"], "ingress": ingress}}
          for app, ingress in (("guarded", []), ("backend", only_frontend))],
        *[{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "broken", "labels": labels}, "spec": {
            "selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": target}], **more}}
          for name, app, target, labels, more in (
              ("fine", "good", "http", {}, {}), ("no-pod", "nobody", 8080, {}, {}), ("not-ready", "unready", 8080, {}, {}),
              ("wrong-name", "good", "web", {}, {}),
              ("wrong-number", "good", 8099, {}, {}), ("closed", "guarded", 8080, {}, {}), ("narrow", "backend", 8080, {}, {}),
              ("here-only", "good", 8080, {}, {"internalTrafficPolicy": "Local"}), ("balanced", "good", 8080, {}, {"type": "LoadBalancer"}),
              ("elsewhere", "good", 8080, {"service.kubernetes.io/service-proxy-name": "other"}, {}))],
        *[{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "broken"}, "spec": {"ports": [{"port": 80}]}}
          for name in ("written", "astray")],
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": [{"port": 80}],
         "metadata": {"name": "astray-1", "namespace": "broken", "labels": {"kubernetes.io/service-name": "astray"}},
         "endpoints": [{"addresses": [NOWHERE], "conditions": {"ready": True}}]},
    ]}))  # fmt: skip
    ingress = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.99", "ipMode": "Proxy"}]}}}
    lab.kubectl("-n", "broken", "patch", "service", "balanced", "--subresource=status", "-p", json.dumps(ingress))
    lab.kubectl("-n", "broken", "wait", "--for=condition=Available", "deployment/good", "deployment/guarded", "deployment/backend", "--timeout=120s")
    lab.kubectl("-n", "broken", "wait", "--for=jsonpath={.status.phase}=Running", "pods", "-l", "app=unready", "--timeout=60s")
    yield lab
    lab.kubectl("delete", "namespace", "broken")


def diagnose(lab, *words):
    """Its output, and the ids of what it found by severity."""
    status, output = lab.run("diagnose", *words)
    assert status == 0, output[-3000:]
    written = lab.reports / "fault" / "diagnosis.json"
    assert written.stat().st_mode & 0o777 == 0o600
    found = json.loads(written.read_text(encoding="utf-8"))["findings"]
    return output, {severity: {one["id"] for one in found if one["severity"] == severity} for severity in ("fault", "warning", "note")}, found


@pytest.mark.parametrize("service, named, warned, noted", [
    ("fine", set(), set(), set()), ("no-pod", {"no-pod-matches"}, set(), set()), ("not-ready", {"pods-not-ready"}, set(), set()),
    ("wrong-name", {"target-port-unknown"}, set(), set()), ("wrong-number", {"nobody-listens"}, set(), set()), ("written", {"no-endpoints"}, set(), set()),
    ("astray", {"backend-silent"}, set(), set()), ("closed", {"policy-closes"}, set(), set()), ("narrow", set(), {"policy-selects"}, set()),
    ("here-only", set(), {"local-only-internal"}, set()), ("balanced", set(), set(), {"not-probed"}), ("elsewhere", set(), set(), {"left-to-others"}),
])  # fmt: skip
def test_each_is_named_right(moved, service, named, warned, noted):
    output, told, found = diagnose(moved, "-e", f"kpr_service=broken/{service}")
    assert (told["fault"], told["warning"], told["note"]) == (named, warned, noted), output[-3000:]
    assert all(ident in output for ident in named | warned | noted) and {one["object"] for one in found} <= {f"Service broken/{service}"}
    assert (service != "narrow") or "NetworkPolicy broken/guard-backend" in output


def test_without_a_name_the_whole_cluster_is_judged(moved):
    _output, told, found = diagnose(moved)
    assert {one["object"] for one in found if one["severity"] == "fault"} == {
        f"Service broken/{name}" for name in ("no-pod", "not-ready", "wrong-name", "written")}, "only probes find the others"  # fmt: skip
    assert "not-probed" in told["note"]


def test_rollouts_are_no_faults(moved):
    """Pods come and go all the time while the API and the agents are read."""
    ended, restarts = threading.Event(), []

    def restart():
        while not ended.is_set():
            restarts.append(moved.kubectl("-n", "demo", "rollout", "restart", "deployment/web"))
            ended.wait(2)

    busy = threading.Thread(target=restart)
    busy.start()
    try:
        found = [one for _time in range(3) for one in diagnose(moved)[2]]
        assert busy.is_alive() and len(restarts) > 3
    finally:
        ended.set()
        busy.join()
        moved.kubectl("-n", "demo", "rollout", "status", "deployment/web", "--timeout=180s")
    assert not [one for one in found if one["id"] in ("frontend-missing", "backends-differ", "map-differs", "frontend-unfinished")]


def restart_agent(lab, node):
    lab.kubectl("-n", "kube-system", "delete", "pod", "-l", "k8s-app=cilium", "--field-selector", f"spec.nodeName={node}")
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/cilium", "--timeout=180s")


def test_socket_load_balancing_that_is_gone_is_named_though_the_agent_says_otherwise(moved):
    """Somebody removes the agent's pinned links, and with them the programs go."""
    pin = "/sys/fs/bpf/cilium/socketlb/links/cgroup/cil_sock4_connect"
    assert "socket-lb-not-attached" not in diagnose(moved, "-e", "kpr_service=broken/fine")[1]["fault"]
    moved.on("worker1", "rm", pin)
    try:
        found = [one for one in diagnose(moved, "-e", "kpr_service=broken/fine")[2] if one["severity"] == "fault"]
        assert ("socket-lb-not-attached", "worker1") in {(one["id"], one["node"]) for one in found}
        assert all("connect4 of the root cgroup" in one["found"] for one in found if one["id"] == "socket-lb-not-attached")
        assert {one["node"] for one in found} == {"worker1"}
    finally:
        restart_agent(moved, "worker1")


def answers_outside(address, port):
    """Whether this machine, which is no node, gets a connection."""
    try:
        socket.create_connection((address, port), 3).close()
    except OSError:
        return False
    return True


def wait_until(answers, address, port):
    """An agent that has just started still goes through the map that the one before has left."""
    ends = time.monotonic() + 90
    while answers_outside(address, port) != answers:
        assert time.monotonic() < ends, f"{address}:{port} {'does not answer' if answers else 'answers'} from outside"
        time.sleep(1)


def test_a_node_port_that_only_another_device_serves_is_named(moved):
    """The setting devices of one node names a device without the node's address. The node itself gets through all the same, by its sockets."""
    address, words = moved.hosts[moved.container("worker1")]["ansible_host"], ("-e", "kpr_service=demo/web")
    wait_until(True, address, 30080)
    assert diagnose(moved, *words)[1]["fault"] == set()
    other = {"apiVersion": "cilium.io/v2", "kind": "CiliumNodeConfig", "metadata": {"name": "other-device", "namespace": "kube-system"}, "spec": {
        "nodeSelector": {"matchLabels": {"kubernetes.io/hostname": "worker1"}}, "defaults": {"devices": "other0"}}}  # fmt: skip
    moved.on("worker1", "ip", "link", "add", "other0", "type", "veth", "peer", "name", "other1")
    try:
        moved.on("worker1", "ip", "address", "add", "198.51.100.1/32", "dev", "other0")
        for end in ("other0", "other1"):
            moved.on("worker1", "ip", "link", "set", end, "up")
        moved.kubectl("apply", "-f", "-", stdin=json.dumps(other))
        restart_agent(moved, "worker1")
        wait_until(False, address, 30080)
        output, _told, found = diagnose(moved, *words)
        faults = [one for one in found if one["severity"] == "fault"]
        assert [(one["id"], one["object"], one["node"]) for one in faults] == [("node-port-missing", "Service demo/web", "worker1")], output[-3000:]
        assert faults[0]["found"].startswith(f"{address}:30080/TCP on worker1 is not in the kernel's map") and "other0 (198.51.100.1" in faults[0]["found"]
    finally:
        moved.kubectl("-n", "kube-system", "delete", "ciliumnodeconfig", "other-device", "--ignore-not-found")
        moved.on("worker1", "ip", "link", "delete", "other0")
        restart_agent(moved, "worker1")
    wait_until(True, address, 30080)
    assert diagnose(moved, *words)[1]["fault"] == set()


def test_the_archive_has_what_support_asks_for_and_no_secret(moved):
    output, _told, _found = diagnose(moved, "-e", "kpr_service=broken/fine")
    path = sorted((moved.reports / "fault").glob("diagnosis-*.tar.gz"))[-1]
    assert f"for support: {path}" in output and path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member).read().decode() for member in archive if member.isfile()}
    of_agents = {f"agents/{node}/{name}" for node in ("cp1", "worker1") for name in ("log.txt", "services-1.json", "status.json")}
    assert set(files) >= {"diagnosis.json", "facts.json", "nodes.json"} | of_agents
    assert json.loads(files["agents/worker1/status.json"])["kube-proxy-replacement"]["mode"] == "True"
    assert len(files["agents/worker1/log.txt"].splitlines()) > 50
    assert {row["service"] for row in json.loads(files["agents/cp1/services-1.json"]).values()} == {"broken/fine"}
    facts, nodes = json.loads(files["facts.json"]), json.loads(files["nodes.json"])
    assert facts["settings"]["kube-proxy-replacement"] == "true" and facts["warnings"] == []
    assert set(nodes) == {"cp1", "worker1"} and all(one["facts"]["kubelet"] for one in nodes.values())
    token = json.loads(moved.kubeconfig.read_text(encoding="utf-8"))["users"][0]["user"]["token"]
    assert not [name for name, text in files.items() if token in text or "PRIVATE KEY" in text or "eyJ" in text]


def test_a_service_that_is_not_there_is_told_once(moved):
    status, output = moved.run("diagnose", "-e", "kpr_service=broken/nothing")
    assert status != 0 and "Service broken/nothing is not there" in output and output.count("fatal: ") == 1

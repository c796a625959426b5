# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services broken on purpose, on a cluster that has moved: each is named right by diagnose.yml."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]


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
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "broken"}},
        *[{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "broken"}, "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{**server, **more}]}}}}
          for name, more in (("good", {}), ("unready", {"readinessProbe": never}), ("guarded", {}))],
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "guard", "namespace": "broken"},
         "spec": {"podSelector": {"matchLabels": {"app": "guarded"}}, "policyTypes": ["Ingress"], "ingress": []}},
        *[{"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "broken"}, "spec": {"selector": {"app": app}, "ports": [
            {"name": "http", "port": 80, "targetPort": target}]}}
          for name, app, target in (("fine", "good", "http"), ("no-pod", "nobody", 8080), ("not-ready", "unready", 8080), ("wrong-name", "good", "web"),
                                    ("wrong-number", "good", 8099), ("policy", "guarded", 8080))],
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "written", "namespace": "broken"}, "spec": {"ports": [{"port": 80}]}},
    ]}))  # fmt: skip
    lab.kubectl("-n", "broken", "wait", "--for=condition=Available", "deployment/good", "deployment/guarded", "--timeout=120s")
    lab.kubectl("-n", "broken", "wait", "--for=jsonpath={.status.phase}=Running", "pods", "-l", "app=unready", "--timeout=60s")
    yield lab
    lab.kubectl("delete", "namespace", "broken")


@pytest.mark.parametrize("service, named", [
    ("fine", set()), ("no-pod", {"no-pod-matches"}), ("not-ready", {"pods-not-ready"}), ("wrong-name", {"target-port-unknown"}),
    ("wrong-number", {"nobody-listens"}), ("policy", {"backend-silent"}), ("written", {"no-endpoints"}),
])  # fmt: skip
def test_each_is_named_right(moved, service, named):
    status, output = moved.run("diagnose", "-e", f"kpr_service=broken/{service}")
    assert status == 0, output[-3000:]
    written = moved.reports / "fault" / "diagnosis.json"
    told = json.loads(written.read_text(encoding="utf-8"))
    assert {one["id"] for one in told["findings"] if one["severity"] == "fault"} == named, output[-3000:]
    assert all(ident.upper() in output.upper() for ident in named) and written.stat().st_mode & 0o777 == 0o600


def test_without_a_name_the_whole_cluster_is_judged(moved):
    status, output = moved.run("diagnose")
    assert status == 0, output[-3000:]
    told = json.loads((moved.reports / "fault" / "diagnosis.json").read_text(encoding="utf-8"))
    assert {one["object"] for one in told["findings"] if one["severity"] == "fault"} == {
        f"Service broken/{name}" for name in ("no-pod", "not-ready", "wrong-name", "written")}, "only probes find the others"  # fmt: skip


def test_a_service_that_is_not_there_is_told(moved):
    status, output = moved.run("diagnose", "-e", "kpr_service=broken/nothing")
    assert status != 0 and "Service broken/nothing is not there" in output

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that a user sets, and Helm values on their way there and back."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
HEALTH = "0.0.0.0:10256"
VALUES = {"bpf": {"masquerade": True}, "kubeProxyReplacementHealthzBindAddr": HEALTH, "socketLB": {"hostNamespaceOnly": False}}
SECRETS = {"etcd.password": "geheim-1", "clustermesh.config.someToken": "geheim-2"}


def health(lab, node):
    """What a load balancer is told by the node: the status, and which program says so."""
    status = lab.on(node, "sh", "-c", "curl -s -o /dev/null -m 3 -w '%{http_code}' http://127.0.0.1:10256/healthz || true")
    return status, [name for name in ("kube-proxy", "cilium-agent") if name in lab.on(node, "ss", "-ltnp", "sport", "=", ":10256")]


def values(lab):
    return json.loads(lab.helm("get", "values", "cilium", "-n", "kube-system", "-o", "json"))


def pods(lab, app):
    return set(lab.kubectl("-n", "kube-system", "get", "pods", "-l", f"k8s-app={app}", "-o", "jsonpath={.items[*].metadata.uid}").split())


def ruled(lab, node):
    """Whether kube-proxy's rules for Services are there."""
    return "-A KUBE-SERVICES -d" in lab.on(node, "iptables-save", "-t", "nat")


def masquerading(lab):
    """Each agent's own word on it."""
    names = lab.kubectl("-n", "kube-system", "get", "pods", "-l", "k8s-app=cilium", "-o", "name").split()
    said = [lab.kubectl("-n", "kube-system", "exec", name, "-c", "cilium-agent", "--", "cilium-dbg", "status", "-o", "json") for name in names]
    return {json.loads(one)["masquerading"]["mode"] for one in said}


def test_requests_that_fail_in_a_wave_give_it_back(untouched):
    """The shop shuts while the wave soaks; what the proofs probe answers all the time."""
    lab = untouched
    options = {"kpr_traffic": True, "kpr_soak": 20, "kpr_checks": [{"name": "users", "traffic": {"max_failed": "5%"}}]}
    process = lab.start("migrate", "-e", json.dumps(options))
    lab.wait_for(process, "step | Run: soak]")
    lab.kubectl("-n", "demo", "scale", "deployment/web", "--replicas=0")
    try:
        assert process.wait(900) != 0
    finally:
        lab.kubectl("-n", "demo", "scale", "deployment/web", "--replicas=3")
    (halted,) = [step for node in lab.report["nodes"].values() for step in node["steps"] if not step["ok"]]
    assert halted["name"] == "soak" and "users: since the wave began, demo/" in halted["error"] and "expected at most 5%" in halted["error"], halted
    assert lab.phase() == "halted" and lab.modes() == {"cp1": False, "worker1": False} and lab.kube_proxies() == {"cp1", "worker1"}
    lab.kubectl("-n", "demo", "rollout", "status", "deployment/web", "--timeout=120s")
    status, output = lab.run("migrate", "-e", json.dumps({**options, "kpr_soak": 0}))
    assert status == 0 and lab.phase() == "settled", output[-3000:]


def test_values_go_to_nodes_one_by_one_and_come_back_as_they_were(untouched):
    lab = untouched
    lab.helm("upgrade", "cilium", lab.variables["kpr_cilium_chart_ref"], "-n", "kube-system", "--reuse-values",
             *(word for path, value in SECRETS.items() for word in ("--set", f"{path}={value}")))  # fmt: skip
    before, dns = values(lab), pods(lab, "kube-dns")
    given = ("-e", json.dumps({"kpr_cilium_values": VALUES, "kpr_control_planes": "last"}))
    status, output = lab.run("migrate", *given, "--check", "--diff")
    assert status == 0 and "bpf.masquerade: true" in output and values(lab) == before, output[-3000:]
    status, canary = lab.run("migrate", *given, "-e", "kpr_wave_count=1", "-vvv")
    assert status == 0, canary[-3000:]
    assert health(lab, "worker1") == ("200", ["cilium-agent"]) and health(lab, "cp1") == ("200", ["kube-proxy"])
    status, output = lab.run("migrate", *given)
    assert status == 0 and lab.phase() == "settled", output[-3000:]
    assert health(lab, "worker1") == health(lab, "cp1") == ("200", ["cilium-agent"]) and masquerading(lab) == {"BPF"}
    assert lab.kubectl("-n", "kube-system", "get", "ciliumnodeconfigs", "-o", "name") == ""
    record = lab.kubectl("-n", "kube-system", "get", "configmap", "kubeproxy-free", "-o", "yaml")
    status, back = lab.run("rollback", *given, "-vvv")
    assert status == 0, back[-3000:]
    assert values(lab) == before and masquerading(lab) == {"iptables"}
    lab.until(lambda: health(lab, "worker1") == health(lab, "cp1") == ("200", ["kube-proxy"]), 60)  # it tries to bind its port every 5 seconds
    assert dns and not dns & pods(lab, "kube-dns")
    artifacts = [path for path in lab.reports.rglob("*") if path.suffix in (".json", ".html")]
    assert {path.name for path in artifacts} >= {"plan.json", "plan.html", "report.json", "report.html"}
    assert not [secret for secret in SECRETS.values() if secret in canary + back + record + "".join(path.read_text(encoding="utf-8") for path in artifacts)]


def test_rules_that_a_returned_kube_proxy_has_left_are_removed_and_nothing_else_is_done(untouched):
    lab = untouched
    objects = lab.kubectl("-n", "kube-system", "get", "daemonset/kube-proxy", "configmap/kube-proxy", "-o", "json")
    assert lab.run("migrate")[0] == 0
    items = json.loads(objects)["items"]
    for item in items:
        item["metadata"] = {key: item["metadata"][key] for key in ("name", "namespace", "labels") if key in item["metadata"]}
        item.pop("status", None)
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    try:
        lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/kube-proxy", "--timeout=120s")
        lab.until(lambda: ruled(lab, "cp1") and ruled(lab, "worker1"))
    finally:
        lab.kubectl("-n", "kube-system", "delete", "daemonset,configmap", "kube-proxy", "--wait")
    agents = pods(lab, "cilium")
    assert ruled(lab, "cp1") and ruled(lab, "worker1"), "its rules stay when it goes"
    status, output = lab.run("plan")
    assert status == 0 and "rules-left" in output, output[-3000:]
    status, output = lab.run("migrate")
    assert status == 0 and lab.phase() == "settled", output[-3000:]
    assert not ruled(lab, "cp1") and not ruled(lab, "worker1")
    assert pods(lab, "cilium") == agents
    status, output = lab.run("migrate")
    assert status == 0 and "No node is left to move" in output and "rules-left" not in output, output[-3000:]


def test_rules_of_a_kube_proxy_that_an_upgrade_brings_back_in_mid_migration_go_with_it(untouched):
    """`kubeadm upgrade apply` writes the DaemonSet anew, without what keeps it off nodes that have moved."""
    lab = untouched
    assert lab.run("migrate", "-e", "kpr_wave_count=1")[0] == 0
    assert lab.modes() == {"cp1": False, "worker1": True} and lab.kube_proxies() == {"cp1"}
    lab.kubectl("-n", "kube-system", "patch", "daemonset", "kube-proxy", "--type=merge", "--patch", json.dumps({"spec": {
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        "template": {"spec": {"affinity": None}}}}))  # fmt: skip
    lab.kubectl("-n", "kube-system", "rollout", "status", "daemonset/kube-proxy", "--timeout=120s")
    lab.until(lambda: ruled(lab, "worker1"))
    status, output = lab.run("plan")
    assert status == 0 and "rules-left" in output and "this node has moved" in output, output[-3000:]
    status, output = lab.run("migrate")
    assert status == 0 and lab.phase() == "settled" and lab.modes() == {"cp1": True, "worker1": True}, output[-3000:]
    assert not ruled(lab, "cp1") and not ruled(lab, "worker1")
    assert "rules-left" not in lab.run("plan")[1]


def test_a_chart_that_cannot_be_had_is_told_before_anything_changes(untouched):
    lab = untouched
    status, output = lab.run("migrate", "-e", "kpr_cilium_chart_ref=nowhere/cilium")
    assert status != 0 and "chart-unreachable" in output and "nothing was changed" in output and lab.phase() == "", output[-3000:]

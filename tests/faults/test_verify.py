# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify where something is in its way: somebody else's namespace, another run, what a killed run left, an image or a node that is missing."""

from __future__ import annotations

import json
import os
import signal
import time
import xml.etree.ElementTree as ET

import pytest

from tests.own_lab import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.slow]
NAMESPACE = "kubeproxy-free-verify"
#: Stands in for cilium-cli, which cannot be had without the Internet: it writes down how it is called, and a JUnit file where it is told to.
CILIUM_CLI = """#!/bin/sh
echo "$KUBECONFIG $*" >> "$0.calls"
while [ $# -gt 0 ]; do case $1 in
  version|--client|connectivity|test|--cleanup) shift ;;
  --namespace|--test|--timeout|--test-namespace) shift 2 ;;
  --junit-file) echo '<testsuites/>' > "$2"; shift 2 ;;
  --help) printf '  %s \\n' --namespace --test --timeout --test-namespace --junit-file --cleanup; exit ;;
  *) echo "unknown: $1" >&2; exit 1 ;;
esac; done
"""


def verify(lab, **settings):
    """(status, output as one line, data of the report, its JUnit)."""
    folder = lab.reports / f"verify-{time.time_ns()}"
    status, output = lab.run("verify", "-e", json.dumps({"verify_report_dir": str(folder), **settings}))
    data = json.loads((folder / "verify-fault.json").read_text(encoding="utf-8")) if folder.exists() else None
    return status, " ".join(output.split()), data, ET.parse(folder / "verify-fault.xml").getroot() if data else None


def gone(lab):
    return NAMESPACE not in lab.kubectl("get", "namespaces", "-o", "name") and "kubeproxy-free" not in lab.kubectl(
        "-n", "kube-system", "get", "leases", "-o", "name")  # fmt: skip


def test_somebody_elses_namespace_is_neither_used_nor_deleted(lab):
    lab.kubectl("create", "namespace", "shop")
    status, output, _data, _junit = verify(lab, verify_workload_namespace="shop")
    assert status != 0 and "found namespace shop, which is not ours" in output and "Nothing was created or deleted" in output
    assert lab.kubectl("-n", "shop", "get", "all,networkpolicies", "-o", "name") == "" and gone(lab)
    assert "app.kubernetes.io/managed-by" not in lab.kubectl("get", "namespace", "shop", "-o", "json")


def test_a_second_run_is_refused_and_leaves_the_first_ones_workload(lab):
    first = lab.start("verify", "-e", f"verify_report_dir={lab.reports}/first")
    lab.wait_for(first, "TASK [fleetops.kubeproxy_free.verify : put | Wait until its pods")
    os.killpg(first.pid, signal.SIGSTOP)  # it waits, so that the others come while it is there
    try:
        for playbook in ("verify", "benchmark"):
            status, output = lab.run(playbook)
            assert status != 0 and "is held by" in output and "Create the objects" not in output
    finally:
        os.killpg(first.pid, signal.SIGCONT)
    assert first.wait(900) == 0, first.log.read_text(encoding="utf-8")[-3000:]
    assert gone(lab)


def test_what_a_killed_run_left_is_taken_out_by_the_next(lab):
    lab.kill_when(lab.start("verify"), "TASK [fleetops.kubeproxy_free.verify : put | Wait until its pods")
    left = json.loads(lab.kubectl("get", "namespace", NAMESPACE, "-o", "json"))["metadata"]["uid"]
    status, output, data, _junit = verify(lab, kpr_steal_lock=True)
    assert status == 0, output[-3000:]
    assert data["spread"]["plausible"] and gone(lab) and left


def test_an_image_that_is_not_there_is_named_at_once(lab):
    began = time.monotonic()
    status, output, _data, _junit = verify(lab, kpr_test_image="lab.local/none:1")
    assert status != 0 and "does not get its image lab.local/none:1 (ErrImageNeverPull" in output and "kpr_test_image names another" in output
    assert time.monotonic() - began < 120 and gone(lab)


def test_a_registrys_password_needs_a_right_of_its_own_and_is_shown_to_nobody(lab):
    auths = {"lab.local": {"username": "eve", "password": "open-sesame"}}
    status, output, _data, _junit = verify(lab, kpr_test_image_pull_auths=auths)
    assert status != 0 and "found no way to create a Secret" in output and "rbac/kubeproxy-free-pull-secret.yml" in output and gone(lab)
    lab.kubectl("apply", "-f", ROOT / "rbac" / "kubeproxy-free-pull-secret.yml")
    try:
        status, output, data, _junit = verify(lab, kpr_test_image_pull_auths=auths)
    finally:
        lab.kubectl("delete", "-f", ROOT / "rbac" / "kubeproxy-free-pull-secret.yml")
    assert status == 0 and gone(lab), output[-3000:]
    assert "open-sesame" not in output and "open-sesame" not in json.dumps(data)


def test_a_node_without_a_client_pod_is_named_and_the_others_are_probed(lab):
    lab.kubectl("cordon", "worker1")  # keeps servers away
    lab.on("worker1", "ctr", "-n", "k8s.io", "images", "tag", "lab.local/agnhost:2.53", "lab.local/kept:1")
    lab.on("worker1", "ctr", "-n", "k8s.io", "images", "rm", "--sync", "lab.local/agnhost:2.53")
    try:
        status, output, data, junit = verify(lab, verify_namespaces=[])
    finally:
        lab.on("worker1", "ctr", "-n", "k8s.io", "images", "tag", "lab.local/kept:1", "lab.local/agnhost:2.53")
        lab.kubectl("uncordon", "worker1")
    assert status != 0 and "on node worker1 is not ready: it does not get its image" in output
    assert data["errors"]["cp1"] == [] and "worker1" in data["errors"]["worker1"][0]
    for node in ("cp1", "worker1"):  # the node itself has been asked, too
        assert data["nodes"][node]["targets"] and all(target["ok"] for target in data["nodes"][node]["targets"])
    assert [suite.get("errors") for suite in junit if suite.get("name") in ("cp1", "worker1")] == ["0", "1"]


def test_all_kinds_are_probed_or_left_out_with_the_reason(untouched):
    lab = untouched
    before = verify(lab, kpr_outside_host="localhost")
    assert before[0] == 0, before[1][-3000:]
    assert lab.run("migrate")[0] == 0
    lab.kubectl("apply", "-f", ROOT / "rbac" / "kubeproxy-free-load-balancer.yml")
    program = lab.reports / "cilium"
    program.write_text(CILIUM_CLI, encoding="utf-8")
    program.chmod(0o755)
    status, output, data, junit = verify(
        lab, kpr_outside_host="localhost", verify_served_by="cilium", verify_load_balancer_ip=lab.variables["kpr_lab"]["external_ip"],
        verify_node_port=30090, verify_cilium_cli=str(program), verify_cilium_cli_tests=["no-policies", "north-south"],
        verify_cilium_cli_options=["--test-namespace", "own"])  # fmt: skip
    assert status == 0, output[-3000:]
    inside = {target["name"] for result in data["nodes"].values() for target in result["targets"]}
    for words in ("external:http external IP", "balanced:http LoadBalancer IP", "admitted:http LoadBalancer IP", "hostport-", "health health check",
                  "echo:http NodePort", "affinity:http ClusterIP", "echo:udp NodePort", "kube-dns:dns ClusterIP"):  # fmt: skip
        assert any(words in name for name in inside), words
    outside = {path["name"] for path in data["outside"]["paths"]}
    assert any("the client of kubeproxy-free-verify/health:http NodePort" in name for name in outside) and any(":30090" in name for name in outside)
    closed = {target["name"]: target["ok"] for target in data["closed"]["targets"]}
    assert len(closed) == 2 and all(closed.values())  # one node has no endpoint of the health Service; the ranges of refused let nobody in
    assert any(client.startswith("outside, by") for client in data["spread"]["clients"])
    assert [entry["service"] for entry in data["skipped"] if entry["service"] in ("hostPort", "from outside")] == []
    assert sum(int(suite.get("failures")) + int(suite.get("errors")) for suite in junit) == 0
    calls = program.with_name("cilium.calls").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1].split(" --junit-file")[0] for line in calls] == [
        "version --client", "connectivity test --help", "connectivity test --namespace kube-system --test no-policies,north-south --timeout 3600s",
        "connectivity test --namespace kube-system --cleanup --test-namespace own"]  # fmt: skip
    assert calls[2].split(" ", 1)[0] == str(lab.kubeconfig) and list(lab.reports.glob("verify-*/verify-fault-cilium.xml")) and gone(lab)

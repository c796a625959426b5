# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, each of which ends with nothing lost, and with a next run that finishes."""

from __future__ import annotations

import json
import subprocess

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
TRAFFIC = ("-e", "kpr_traffic=true", "-e", "kpr_traffic_timeout=15")
LEASE = {
    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "kubeproxy-free", "namespace": "kube-system"},
    "spec": {"holderIdentity": "eve on laptop", "leaseDurationSeconds": 600},
}  # fmt: skip
ALL_MOVED, NONE_MOVED = {"cp1": True, "worker1": True}, {"cp1": False, "worker1": False}


def test_a_second_run_is_refused_and_told_who_holds_the_cluster(untouched):
    lab = untouched
    now = json.loads(lab.kubectl("get", "--raw", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"))["items"][0]["spec"]["renewTime"]
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({**LEASE, "spec": {**LEASE["spec"], "acquireTime": now, "renewTime": now}}))
    try:
        status, output = lab.run("migrate")
        assert status != 0 and "eve on laptop" in output
        assert lab.phase() == "" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    finally:
        lab.kubectl("-n", "kube-system", "delete", "lease", "kubeproxy-free", "--ignore-not-found")


@pytest.mark.parametrize("step", ["take_over", "retire", "clean"])
def test_the_controller_dies_and_another_checkout_goes_on(untouched, tmp_path, step):
    lab = untouched
    process = lab.start("migrate", *TRAFFIC)
    lab.kill_when(process, f"step | Run: {step}]")
    other = tmp_path / "other"
    subprocess.run(["git", "worktree", "add", "--detach", "--force", str(other)], check=True)
    try:
        status, output = lab.run("migrate", *TRAFFIC, "-e", "kpr_steal_lock=true", checkout=other)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(other)], check=True)
    assert status == 0, output[-3000:]
    assert lab.phase() == "settled" and lab.modes() == ALL_MOVED and lab.kube_proxies() == set()
    assert lab.seen()["refused"] == 0


def test_an_agent_that_does_not_start_gives_its_node_back(untouched):
    lab = untouched
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps({"handover_node_config": {"enable-ipv4": "nonsense"}, "handover_takeover_timeout": 60}))
    assert status != 0 and "take_over on" in output and "worker1" in output
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    status, output = lab.run("migrate", *TRAFFIC)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]


def test_without_room_for_the_backup_nothing_is_taken_away(untouched):
    lab = untouched
    status, output = lab.run("migrate", *TRAFFIC, "-e", "kube_proxy_cleanup_backup_dir=/proc/nowhere")
    assert status != 0 and "no backup could be made in /proc/nowhere" in output
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    assert lab.seen()["refused"] == 0
    status, output = lab.run("migrate")
    assert status == 0 and lab.phase() == "settled", output[-3000:]


def test_somebody_brings_kube_proxy_back(untouched):
    lab = untouched
    daemonset = json.loads(lab.kubectl("-n", "kube-system", "get", "daemonset", "kube-proxy", "-o", "json"))
    assert lab.run("migrate")[0] == 0
    status, output = lab.run("record")
    assert status == 0, output[-3000:]
    kept = {key: daemonset["metadata"][key] for key in ("name", "namespace", "labels")}
    lab.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": kept, "spec": daemonset["spec"]}))
    try:
        for playbook in ("record", "migrate"):
            status, output = lab.run(playbook)
            assert status != 0 and "kube-proxy" in output and "DaemonSet" in output, playbook
    finally:
        lab.kubectl("-n", "kube-system", "delete", "daemonset", "kube-proxy")

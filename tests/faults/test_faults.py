# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, each of which ends with nothing lost, and with a next run that finishes."""

from __future__ import annotations

import datetime
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


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    """What makes a controller's clock wrong by so much: variables for its environment."""
    folder = tmp_path_factory.mktemp("clock")
    subprocess.run(["apt-get", "-q", "download", "libfaketime"], cwd=folder, check=True)
    subprocess.run(["dpkg", "-x", *folder.glob("*.deb"), folder], check=True)
    (library,) = folder.rglob("libfaketime.so.1")
    return lambda wrong_by: {"LD_PRELOAD": str(library), "FAKETIME": wrong_by} if wrong_by else {}


def held(lab, seconds_ago):
    """Somebody else's lock, renewed so long ago by the cluster's own clock."""
    leases = json.loads(lab.kubectl("get", "--raw", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"))["items"]
    now = max(datetime.datetime.fromisoformat(lease["spec"]["renewTime"]) for lease in leases)
    then = (now - datetime.timedelta(seconds=seconds_ago)).isoformat().replace("+00:00", "Z")
    lab.kubectl("apply", "-f", "-", stdin=json.dumps({**LEASE, "spec": {**LEASE["spec"], "acquireTime": then, "renewTime": then}}))


@pytest.mark.parametrize("wrong_by", [pytest.param("", marks=pytest.mark.ci, id="right"), "+2h"])
def test_a_second_run_is_refused_and_told_who_holds_the_cluster_whatever_its_clock_says(untouched, clock, wrong_by):
    lab = untouched
    held(lab, seconds_ago=0)
    try:
        status, output = lab.run("migrate", *TRAFFIC, environment=clock(wrong_by))
        assert status != 0 and "eve on laptop" in output, output[-3000:]
        assert lab.on("worker1", "sh", "-c", "ls /run/kubeproxy-free/traffic || true") == "", "the probers are those of the other run"
        assert lab.phase() == "" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    finally:
        lab.kubectl("-n", "kube-system", "delete", "lease", "kubeproxy-free", "--ignore-not-found")


def test_a_stale_lock_is_taken_over_though_it_is_fresh_by_a_slow_clock(untouched, clock):
    lab = untouched
    held(lab, seconds_ago=LEASE["spec"]["leaseDurationSeconds"] + 90)
    status, output = lab.run("migrate", environment=clock("-200s"))
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]


def test_the_controller_dies_at_each_step_and_another_checkout_goes_on_each_time(untouched, tmp_path):
    lab, other = untouched, tmp_path / "other"
    subprocess.run(["git", "worktree", "add", "--detach", "--force", str(other)], check=True)
    try:
        for number, step in enumerate(("prepare", "probe_setup", "take_over", "prove", "retire", "clean", "accept", "settle")):
            checkout = {"checkout": other} if number % 2 else {}
            lab.kill_when(lab.start("migrate", *TRAFFIC, "-e", "kpr_steal_lock=true", **checkout), f"step | Run: {step}]")
            assert lab.refused_so_far() == {}, step
        status, output = lab.run("migrate", *TRAFFIC, "-e", "kpr_steal_lock=true", checkout=other)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(other)], check=True)
    assert status == 0, output[-3000:]
    assert lab.phase() == "settled" and lab.modes() == ALL_MOVED and lab.kube_proxies() == set()
    assert lab.refused() == {}


@pytest.mark.ci
def test_an_agent_that_does_not_start_gives_its_node_back(untouched):
    lab = untouched
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps({"handover_node_config": {"enable-ipv4": "nonsense"}, "handover_takeover_timeout": 60}))
    assert status != 0 and "take_over on" in output and "worker1" in output
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    status, output = lab.run("migrate", *TRAFFIC)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]


def test_an_image_that_cannot_be_had_ends_before_any_node_moves(untouched):
    lab = untouched
    options = {"kpr_cilium_values": {"image": {"override": "lab.local/cilium:nowhere"}}, "cilium_rollout_timeout": 30}
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps(options))
    assert status != 0 and "prepare on" in output and "agents new" in output, output[-3000:]
    assert lab.phase() == "halted" and lab.kube_proxies() == {"cp1", "worker1"}
    assert lab.refused() == {}
    status, output = lab.run("rollback", *TRAFFIC)
    assert status == 0 and lab.modes() == NONE_MOVED and lab.phase() == "", output[-3000:]
    assert lab.refused() == {}
    assert "nowhere" not in lab.helm("get", "values", "cilium", "-n", "kube-system")


def test_an_agent_that_serves_nothing_gives_back_its_wave_and_where_wanted_the_earlier_ones(untouched):
    """On an address that is on no device of the node, the agent says that it replaces kube-proxy, and serves no NodePort."""
    lab = untouched
    nothing = {"handover_node_config": {"devices": "lo"}, "kpr_control_planes": "first"}
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps(nothing))
    assert status != 0 and "prove on cp1" in output
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    assert lab.refused() == {}
    assert lab.run("migrate", "-e", json.dumps({"kpr_control_planes": "first", "kpr_wave_count": 1}))[0] == 0
    assert lab.modes() == {"cp1": True, "worker1": False}
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps({**nothing, "kpr_halt_gives_back": "run"}))
    assert status != 0 and "prove on worker1" in output
    assert lab.modes() == {"cp1": True, "worker1": False}, "what an earlier run has moved stays"
    assert lab.run("rollback")[0] == 0
    check = [{"name": "the shop", "command": ["sh", "-c", f"test $(cat {lab.reports}/asked | wc -l) -lt 1 || exit 1; echo >>{lab.reports}/asked"]}]
    status, output = lab.run("migrate", *TRAFFIC, "-e", json.dumps({"kpr_checks": check, "handover_check_timeout": 5, "kpr_halt_gives_back": "run"}))
    assert status != 0 and "check on" in output
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
    assert lab.refused() == {}


def test_a_wrong_api_address_is_refused_before_anything_changes(untouched):
    lab = untouched
    status, output = lab.run("migrate", "-e", "kpr_api_server_host=192.0.2.1")
    assert status != 0 and "192.0.2.1" in output and "nothing was changed" in output
    assert lab.phase() == "" and lab.modes() == NONE_MOVED


@pytest.fixture
def guarded(spread):
    """A workload whose two pods are on one node, and of which a budget lets go one at a time: the other only when a new one is ready elsewhere."""
    lab, labels = spread, {"app": "guarded"}
    container = json.loads(lab.kubectl("-n", "demo", "get", "deployment", "web", "-o", "json"))["spec"]["template"]["spec"]["containers"][0]
    container["readinessProbe"]["initialDelaySeconds"] = 10
    pod = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    metadata = {"name": "guarded", "namespace": "demo"}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                  "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}}  # fmt: skip
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
              "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}}  # fmt: skip
    lab.kubectl("cordon", "cp1")
    try:
        lab.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [deployment, budget]}))
        lab.kubectl("-n", "demo", "rollout", "status", "deployment/guarded", "--timeout=120s")
    finally:
        lab.kubectl("uncordon", "cp1")
    yield lab
    lab.kubectl("-n", "demo", "delete", "deployment,poddisruptionbudget", "guarded")


def guarded_pods(lab):
    """Which pods of it there are, and on which node."""
    pods = json.loads(lab.kubectl("-n", "demo", "get", "pods", "-l", "app=guarded", "-o", "json"))["items"]
    return {pod["metadata"]["name"]: pod["spec"].get("nodeName") for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def test_drained_checked_and_soaked(guarded):
    """The longest way that a wave can go. A pod that has no controller, and would not come back, is named and stays; a disruption budget is waited for.

    Users' requests are a gate of it: those of pods that are drained themselves end with them.
    """
    lab = guarded
    before = guarded_pods(lab)
    assert list(before.values()) == ["worker1", "worker1"]
    check = [{"name": "the API", "command": ["true"]}, {"name": "DNS", "namespace": "kube-system", "selector": ["k8s-app=kube-dns"]}]
    options = json.dumps({"kpr_checks": check, "kpr_soak": 5, "kpr_drain": True, "handover_drain_delete_emptydir_data": True})
    status, output = lab.run("migrate", "-e", options)
    assert status != 0 and "Node worker1 could not be drained" in output and "demo/hostport" in output, output[-3000:]
    assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and not cordoned(lab)
    with lab.bare_pod():
        lab.kubectl("-n", "demo", "delete", "pod", "hostport")
        users = json.dumps({"kpr_checks": [*check, {"name": "users", "traffic": {"max_failed": "20%"}}]})
        status, output = lab.run("migrate", *TRAFFIC, "-e", options, "-e", users)
    assert status == 0 and lab.phase() == "settled" and lab.modes() == ALL_MOVED, output[-3000:]
    paths = lab.report["traffic"]["paths"]
    assert any(path["gone_at"] for path in paths), "the pods that asked were drained, too"
    assert not [path["name"] for path in paths if any("ENETUNREACH" in error for error in path["errors"])]
    assert "drain | Cordon and drain (" in output, "it was tried again while the budget held a pod"
    after = guarded_pods(lab)
    assert len(after) == 2 and not set(after) & set(before), (before, after)
    nodes = json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]
    assert not cordoned(lab) and not any("kubeproxy-free" in label for node in nodes for label in node["metadata"]["labels"])


def cordoned(lab):
    nodes = json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"]
    return [node["metadata"]["name"] for node in nodes if node["spec"].get("unschedulable")]


@pytest.fixture
def full_disk(untouched):
    """A folder on worker1 whose file system has no room left."""
    folder = "/var/lib/full"
    untouched.on("worker1", "sh", "-c", f"mkdir -p {folder} && mount -t tmpfs -o size=64k tmpfs {folder} && dd if=/dev/zero of={folder}/rest 2>&1 || true")
    yield folder
    untouched.on("worker1", "umount", folder)


def test_without_room_for_the_backup_nothing_is_taken_away(untouched, full_disk):
    lab = untouched
    for folder in ("/proc/nowhere", full_disk):
        status, output = lab.run("migrate", *TRAFFIC, "-e", f"kube_proxy_cleanup_backup_dir={folder}")
        assert status != 0 and f"no backup could be made in {folder}" in output, output[-3000:]
        assert lab.phase() == "halted" and lab.modes() == NONE_MOVED and lab.kube_proxies() == {"cp1", "worker1"}
        assert lab.refused() == {}
    status, output = lab.run("migrate")
    assert status == 0 and lab.phase() == "settled", output[-3000:]


@pytest.mark.ci
def test_kubeadm_leaves_kube_proxy_away_and_is_told_when_somebody_makes_it_return(untouched):
    """kubeadm's own phase of an upgrade, with the record as the migration has left it, and with somebody's hand in it."""
    lab = untouched
    assert lab.run("migrate", *TRAFFIC)[0] == 0
    calls = lab.report["calls"]
    assert 0 < max(calls["nodes"].values()) <= 8, calls  # each counts once, however often it is repeated in waiting
    assert len(calls["api"]["waves"]) == 2 and 0 < max(calls["api"]["waves"]) <= 20, calls
    status, output = lab.run("record")
    assert status == 0 and "leaves kube-proxy out" in output, output[-3000:]
    phase = ("kubeadm", "upgrade", "node", "phase", "addon", "kube-proxy")
    lab.on("cp1", *phase)
    assert lab.kubectl("-n", "kube-system", "get", "daemonset", "kube-proxy", "--ignore-not-found") == ""
    kubeadm = json.loads(lab.kubectl("-n", "kube-system", "get", "configmap", "kubeadm-config", "-o", "json"))["data"]["ClusterConfiguration"]
    assert "disabled: true" in kubeadm
    changed = json.dumps({"data": {"ClusterConfiguration": kubeadm.replace("disabled: true", "disabled: false")}})
    lab.kubectl("-n", "kube-system", "patch", "configmap", "kubeadm-config", "--patch", changed)
    lab.on("cp1", *phase)
    try:
        for playbook in ("record", "migrate"):
            status, output = lab.run(playbook)
            assert status != 0 and "kube-proxy" in output and "DaemonSet" in output, playbook
    finally:
        lab.kubectl("-n", "kube-system", "delete", "daemonset,configmap", "kube-proxy")
    assert "disabled: true" in lab.kubectl("-n", "kube-system", "get", "configmap", "kubeadm-config", "-o", "yaml"), "record has set it again"

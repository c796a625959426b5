# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a stand-in for the API server (see conftest.py): real requests, made-up agents."""

from __future__ import annotations

import json
import threading
import time

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.ask import MARK
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import cilium_status

PODS = "/api/v1/namespaces/kube-system/pods"
MAP = "/api/v1/namespaces/kube-system/configmaps/cilium-config"
CONFIGS = "/apis/cilium.io/{}/namespaces/kube-system/ciliumnodeconfigs"


def said(mode="True", host="ready"):
    status = {"cilium": {"state": "Ok", "msg": "1.19.1 (v1.19.1-abc)"}, "kube-proxy-replacement": {"mode": mode}}
    return f"{json.dumps(status)}\n{MARK} 0\n1\t{host}\t1\t/\n\n{MARK} 0\n\n{MARK} 0\n", "", 0


def pod(number, generation=1):
    name = f"cilium-{number}-{generation}"
    return {
        "metadata": {"name": name, "namespace": "kube-system", "uid": f"uid-{name}", "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {"nodeName": f"node{number}", "initContainers": [{"name": "config", "command": ["cilium-dbg", "build-config"]}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "cilium-agent", "restartCount": 0, "state": {"running": {"startedAt": "2026-01-02T03:05:00Z"}}}],
        },
    }


@pytest.fixture
def cluster(fake_api):
    def build(count):
        fake_api.objects = {
            PODS: [pod(number) for number in range(count)],
            MAP: {"data": {"kube-proxy-replacement": "true"}},
            "/api/v1/nodes": [{"metadata": {"name": f"node{number}"}} for number in range(count)],
            CONFIGS.format("v2"): [],
        }
        fake_api.pods = {f"cilium-{number}-1": said() for number in range(count)}
        return fake_api

    return build


def call(capsys, fake, **params):
    with patch_module_args({"kubeconfig": fake.kubeconfig, "interval": 0.02, **params}), pytest.raises(SystemExit) as ended:
        cilium_status.main()
    result = json.loads(capsys.readouterr().out)
    assert bool(ended.value.code) is bool(result.get("failed"))
    assert "secret" not in json.dumps(result)
    return result


def test_all_agents(cluster, capsys):
    fake = cluster(3)
    fake.objects["/api/v1/nodes"].append({"metadata": {"name": "bare"}})
    result = call(capsys, fake, _ansible_check_mode=True)
    assert (result["changed"], result["all_on"], result["all_off"], result["missing"]) == (False, True, False, {})
    assert result["nodes_without_agent"] == ["bare"]
    agent = result["agents"]["node1"]
    assert (agent["pod"], agent["pod_uid"], agent["version"]) == ("cilium-1-1", "uid-cilium-1-1", "1.19.1")
    assert (agent["host_endpoint_state"], agent["error"], agent["drift"], agent["unread"]) == ("ready", None, [], [])
    assert agent["configured"] == {
        "kube_proxy_replacement": True,
        "source": "ConfigMap kube-system/cilium-config",
        "settings": {"kube-proxy-replacement": "true"},
    }


def test_one_round_of_requests_for_the_whole_cluster(cluster, capsys):
    fake = cluster(30)
    call(capsys, fake)
    paths = [path for path, query in fake.requests if not path.endswith("/exec")]
    assert sorted(paths) == sorted([PODS, MAP, CONFIGS.format("v2"), "/api/v1/nodes"])
    assert len(fake.requests) - len(paths) == 30


def test_every_agent_has_the_same_keys(cluster, capsys):
    fake = cluster(3)
    fake.pods["cilium-1-1"] = "no kubelet"
    fake.pods["cilium-2-1"] = ("", "Is the agent running?", 1)
    result = call(capsys, fake, nodes=["node0", "node1", "node2", "node9"])
    agents = result["agents"]
    assert {tuple(sorted(agent)) for agent in agents.values()} == {tuple(sorted(agents["node0"]))}
    assert "no route to host" in agents["node1"]["error"]
    assert "Is the agent running?" in agents["node2"]["error"]
    assert "is on node node9" in agents["node9"]["error"]
    assert result["all_on"] is False


def test_a_hundred_agents_and_a_dead_one(cluster, capsys):
    fake = cluster(100)
    fake.pods["cilium-42-1"] = "dead kubelet"
    start = time.monotonic()
    result = call(capsys, fake, agent_timeout=2)
    assert time.monotonic() - start < 10
    assert [node for node, agent in result["agents"].items() if agent["error"]] == ["node42"]


def test_waiting_until_the_gate_opens(cluster, capsys):
    """Recreated pod, then True with the host endpoint still regenerating, then ready: only the last opens the gate."""
    fake = cluster(2)
    story = iter([said("False"), said(host="restoring"), said(host="regenerating"), said()])
    last = []

    def tell(command):
        last.append(next(story, None) or last[-1])
        return last[-1]

    fake.pods["cilium-1-2"] = tell
    seen = []
    old = fake.objects[PODS]

    class Changing(dict):
        def __getitem__(self, path):
            if path == PODS:
                seen.append(path)
                return old if len(seen) < 3 else [old[0], pod(1, 2)]
            return super().__getitem__(path)

    fake.objects = Changing(fake.objects)
    result = call(
        capsys,
        fake,
        nodes=["node0", "node1"],
        wait=True,
        timeout=20,
        wait_for={"kpr": True, "endpoints_ready": True, "healthy": True, "restarted_after": {"node0": "", "node1": "uid-cilium-1-1"}},
    )
    assert result["missing"] == {}
    assert result["agents"]["node1"]["pod"] == "cilium-1-2"
    assert len(last) == 4
    assert [path for path, query in fake.requests].count(f"{PODS}/cilium-0-1/exec") == 1  # as wanted from the beginning: not asked again


@pytest.mark.parametrize("fault", ["recreated", "not ready"])
def test_an_agent_that_was_as_wanted_is_asked_again_when_its_pod_changes(cluster, capsys, fault):
    fake = cluster(2)
    answers = iter([said("False")] * 3)
    fake.pods["cilium-1-1"] = lambda command: next(answers, said())
    fake.pods["cilium-0-2"] = said("False")
    looks = []

    class Changing(dict):
        def __getitem__(self, path):
            found = super().__getitem__(path)
            if path != PODS:
                return found
            looks.append(path)
            if len(looks) < 3:
                return found
            if fault == "recreated":
                return [pod(0, 2), found[1]]
            changed = pod(0)
            changed["status"]["conditions"][0]["status"] = "False"
            return [changed, found[1]]

    fake.objects = Changing(fake.objects)
    result = call(capsys, fake, wait=True, timeout=1, wait_for={"kpr": True, "healthy": True})
    assert list(result["missing"]) == ["node0"]


def test_a_wait_that_runs_out(cluster, capsys):
    fake = cluster(2)
    fake.pods["cilium-1-1"] = said("False", host="restoring")
    result = call(capsys, fake, wait=True, timeout=0, wait_for={"kpr": True, "endpoints_ready": True})
    assert list(result["missing"]) == ["node1"]
    assert len(result["missing"]["node1"]) == 2
    for part in ("1 of 2 agents", "node1: ", "is to be on, the agent says false", "the host itself restoring", "kubectl -n kube-system exec cilium-1-1"):
        assert part in result["msg"]


def test_a_cluster_without_agents_is_not_as_wanted(cluster, capsys):
    fake = cluster(0)
    assert call(capsys, fake)["agents"] == {}
    assert "the cluster has no agent" in call(capsys, fake, wait=True, timeout=0, wait_for={"kpr": False})["msg"]


def test_an_api_server_that_is_away_for_a_moment(cluster, capsys):
    fake = cluster(1)
    fake.statuses[PODS] = 503
    threading.Timer(0.3, fake.statuses.clear).start()
    assert call(capsys, fake, wait=True, timeout=20, wait_for={"kpr": True})["missing"] == {}
    fake.statuses[PODS] = 503
    assert "HTTP 503" in call(capsys, fake)["msg"]
    assert "HTTP 503" in call(capsys, fake, wait=True, timeout=0, wait_for={"kpr": True})["msg"]


def test_refused_credentials_end_a_wait_at_once(cluster, capsys):
    fake = cluster(1)
    fake.statuses[PODS] = 403
    assert "does not allow these credentials this request for" in call(capsys, fake, wait=True, timeout=60, wait_for={"kpr": True})["msg"]


@pytest.mark.parametrize("path", [MAP, "/api/v1/nodes", CONFIGS.format("v2")])
def test_configuration_that_may_not_be_read_is_a_warning(cluster, capsys, path):
    fake = cluster(2)
    fake.statuses[path] = 403
    result = call(capsys, fake)
    assert result["agents"]["node0"]["configured"] is None
    assert result["agents"]["node0"]["kube_proxy_replacement"]["enabled"] is True
    assert path in json.dumps(result["warnings"])


@pytest.mark.parametrize("version", ["v2", "v2alpha1"])
def test_drift_against_a_node_config_of_either_version(cluster, capsys, version):
    fake = cluster(2)
    del fake.objects[CONFIGS.format("v2")]
    fake.objects["/api/v1/nodes"][1]["metadata"]["labels"] = {"kpr": "off"}
    fake.objects[CONFIGS.format(version)] = [
        {
            "metadata": {"name": "one", "namespace": "kube-system"},
            "spec": {"nodeSelector": {"matchLabels": {"kpr": "off"}}, "defaults": {"kube-proxy-replacement": "false"}},
        }
    ]
    agents = call(capsys, fake)["agents"]
    assert agents["node0"]["drift"] == []
    assert len(agents["node1"]["drift"]) == 1
    assert agents["node1"]["configured"]["source"] == "CiliumNodeConfig kube-system/one"


def test_wrong_parameters_are_named(cluster, capsys):
    fake = cluster(1)
    assert "names no pod UID for node0" in call(capsys, fake, nodes=["node0"], wait_for={"restarted_after": {"node7": "x"}})["msg"]
    assert "mutually exclusive" in call(capsys, fake, kubeconfig_content="{}")["msg"]

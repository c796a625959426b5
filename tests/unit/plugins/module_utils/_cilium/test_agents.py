# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent answers, what it is configured to, and what it lacks: the pure parts."""

from __future__ import annotations

import copy
import json
import pathlib

import subprocess

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import agents, ask, configured, drift, endpoints, gate, pods, words
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
STATUS = (FIXTURES / "status" / "1.19-true.json").read_text()
ROWS = "40\tready\t5423\tkube-system/coredns-1\n2545\tready\t1\t/\n2892\tready\t4\t/\n"


def written(status=STATUS, rows=ROWS, codes=(0, 0), settings=""):
    return f"{status}\n{ask.MARK} {codes[0]}\n{rows}\n\n{ask.MARK} {codes[1]}\n{settings}\n{ask.MARK} 0\n"


def test_settings_that_the_agent_has_started_with():
    settings = ask.answer(written(settings="bpf-lb-mode\tdsr\n\nnode-port-range\t30000,32767\n"), "", 0)[2]
    assert settings == {"bpf-lb-mode": "dsr", "node-port-range": "30000,32767"}


def test_the_question_reads_only_settings_that_are_there(tmp_path):
    (tmp_path / "bpf-lb-mode").write_text("dsr")
    words = ask.command(["bpf-lb-mode", "missing"])
    script = words[2].replace("/tmp/cilium/config-map", str(tmp_path)).split(ask.MARK, 2)[2].split("\n", 1)[1]
    done = subprocess.run(["sh", "-c", script, *words[3:]], text=True, capture_output=True, check=True)
    assert done.stdout == f"bpf-lb-mode\tdsr\n\n{ask.MARK} 0\n"


def test_an_answer():
    status, found, _settings = ask.answer(written(), "", 0)
    assert status["kube_proxy_replacement"]["enabled"] is True
    assert (found["total"], found["ready"], found["not_ready"], found["host"]) == (3, 3, [], "ready")


@pytest.mark.parametrize(
    ("stdout", "stderr", "said"),
    [
        ("", "neither cilium-dbg nor cilium is in this container\n", "neither cilium-dbg nor cilium"),
        (
            written(status="", codes=(1, 0)),
            'Get "http://localhost/v1/healthz": dial unix: connect: connection refused\nIs the agent running?\n',
            "Is the agent running",
        ),
        (written(rows="", codes=(0, 1)), "cannot get endpoint list\n", "cannot get endpoint list"),
        (STATUS, "", "exit code 0"),
    ],
)
def test_silence_carries_what_was_said(stdout, stderr, said):
    with pytest.raises(ask.Unanswered, match=said):
        ask.answer(stdout, stderr, 0)


@pytest.mark.parametrize("state", sorted(endpoints.STATES - {"ready"}))
def test_every_other_state_is_not_ready(state):
    found = endpoints.from_rows(ROWS.replace("2545\tready", f"2545\t{state}"))
    assert (found["total"], found["ready"], found["host"]) == (3, 2, state)
    assert found["not_ready"] == [{"id": 2545, "state": state, "pod": "the host itself"}]


@pytest.mark.parametrize("row", ["no tabs at all", "x\tready\t1\t/", "1\tdancing\t1\t/", "1\tready\t1", "1\t\t\t/"])
def test_an_endpoint_that_cannot_be_read_is_not_ready(row):
    found = endpoints.from_rows(ROWS + row)
    assert (found["total"], found["ready"]) == (4, 3)
    assert found["unread"] == [{"place": "endpoint list, line 4", "text": row}]


@given(st.text(alphabet="0123456789\t/\nready-x ", max_size=60))
def test_no_endpoint_text_raises_or_is_ready_by_accident(text):
    found = endpoints.from_rows(text)
    assert found["ready"] + len(found["not_ready"]) == found["total"]
    assert found["ready"] == sum(line.split("\t")[1:2] == ["ready"] and line.split("\t")[0].isdigit() and line.count("\t") == 3 for line in text.splitlines())


def pod(name="cilium-1", node="worker1", created="2026-01-02T03:04:05Z", command=("cilium-dbg", "build-config"), deleted=None, **status):
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "cilium-agent", "restartCount": 2, "state": {"running": {"startedAt": "2026-01-02T03:05:00Z"}}}],
        **status,
    }
    metadata = {"name": name, "namespace": "kube-system", "uid": f"uid-{name}", "creationTimestamp": created}
    if deleted:
        metadata["deletionTimestamp"] = deleted
    return {"metadata": metadata, "spec": {"nodeName": node, "initContainers": [{"name": "config", "command": list(command)}]}, "status": status}


def test_the_pod_that_counts():
    old, young, leaving = (
        pod("old"),
        pod("young", created="2026-01-02T04:00:00Z"),
        pod("leaving", created="2026-01-02T05:00:00Z", deleted="2026-01-02T05:10:00Z"),
    )
    unscheduled = pod("unscheduled", node=None)
    assert pods.by_node([young, leaving, old, unscheduled])["worker1"]["metadata"]["name"] == "young"
    assert set(pods.by_node([unscheduled])) == set()
    assert pods.by_node([leaving])["worker1"] is leaving
    assert "is being deleted" in pods.obstacle(leaving)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, None),
        (
            {"containerStatuses": [{"name": "cilium-agent", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}}]},
            "CrashLoopBackOff back-off 5m0s",
        ),
        (
            {
                "phase": "Pending",
                "initContainerStatuses": [{"name": "config", "state": {"waiting": {"reason": "ErrImagePull"}}}],
                "containerStatuses": [{"name": "cilium-agent", "state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            "container config waits: ErrImagePull",
        ),
        ({"phase": "Pending", "containerStatuses": []}, "is Pending: its container cilium-agent does not run"),
    ],
)
def test_why_an_agent_cannot_be_asked(status, said):
    found = pods.obstacle(pod(**status))
    assert found is None if said is None else said in found


def source(*words_of_it, mounted=None):
    one = pod(command=("cilium-dbg", "build-config", *words_of_it))
    if mounted:
        one["spec"] = {"nodeName": "worker1", "volumes": [{"name": "cilium-config-path", "configMap": {"name": mounted}}]}
    return configured.sources(one)


def test_where_configuration_comes_from():
    default = (("config-map", "kube-system", "cilium-config"), ("cilium-node-config", "kube-system", ""))
    assert source().ordered == default
    assert source("--source=config-map:kube-system/cilium-config,cilium-node-config:kube-system,node:").ordered == (*default, ("node", "", "worker1"))
    assert source("--source", "config-map:other,cilium-node-config:ns/one,node:n2").ordered == (
        ("config-map", "kube-system", "other"),
        ("cilium-node-config", "ns", "one"),
        ("node", "", "n2"),
    )
    assert source(mounted="cilium-config").ordered == (("config-map", "kube-system", "cilium-config"),)
    assert source("--allow-config-keys=a,b", "--deny-config-keys=c") == configured.Sources(default, frozenset("ab"), frozenset("c"))


def node_config(name, defaults, selector):
    return {"metadata": {"name": name, "namespace": "kube-system"}, "spec": {"nodeSelector": selector, "defaults": defaults}}


NODE = {"metadata": {"name": "worker1", "labels": {"kpr": "on"}, "annotations": {"config.cilium.io/debug": "true"}}}
MAP = {("kube-system", "cilium-config"): {"kube-proxy-replacement": "false", "debug": "false"}}


def resolved(wanted, *objects):
    found = configured.resolve(wanted, MAP, {"kube-system": objects}, NODE)
    return {key: one["value"] for key, one in found.items()}, {key: one["source"] for key, one in found.items()}


def test_the_last_matching_node_config_wins():
    matching = {"matchLabels": {"kpr": "on"}}
    values, origins = resolved(
        source(),
        node_config("b", {"kube-proxy-replacement": "true"}, matching),
        node_config("a", {"kube-proxy-replacement": "strict"}, matching),
        node_config("c", {"kube-proxy-replacement": "partial"}, {"matchLabels": {"kpr": "off"}}),
        node_config("d", {"debug": "x"}, None),
    )
    assert values == {"kube-proxy-replacement": "true", "debug": "false"}
    assert origins == {"kube-proxy-replacement": "CiliumNodeConfig kube-system/b", "debug": "ConfigMap kube-system/cilium-config"}


def test_overrides_can_be_blocked_and_nodes_can_override():
    everywhere = node_config("a", {"kube-proxy-replacement": "true", "debug": "true"}, {})
    assert resolved(source("--deny-config-keys=kube-proxy-replacement"), everywhere)[0] == {"kube-proxy-replacement": "false", "debug": "true"}
    assert resolved(source("--allow-config-keys=kube-proxy-replacement", "--deny-config-keys=kube-proxy-replacement"), everywhere)[0] == {
        "kube-proxy-replacement": "true",
        "debug": "false",
    }
    assert resolved(source("--source=config-map:cilium-config,node:"))[1]["debug"] == "annotation of node worker1"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (("kpr", "In", ["on"]), True),
        (("kpr", "In", ["off"]), False),
        (("kpr", "NotIn", ["off"]), True),
        (("x", "NotIn", ["off"]), True),
        (("kpr", "NotIn", ["on"]), False),
        (("kpr", "Exists", None), True),
        (("x", "Exists", None), False),
        (("x", "DoesNotExist", None), True),
        (("kpr", "DoesNotExist", None), False),
        (("kpr", "Near", None), False),
    ],
)
def test_selector_expressions(expression, expected):
    key, operator, values = expression
    assert configured.selects({"matchExpressions": [{"key": key, "operator": operator, "values": values}]}, {"kpr": "on"}) is expected


def answered(**changes):
    status, found, _settings = ask.answer(written(), "", 0)
    entry = {
        **pods.described(pod()),
        **status,
        "host_endpoint_state": found["host"],
        "endpoints": found,
        "error": None,
        "configured": {"kube_proxy_replacement": True, "source": "ConfigMap kube-system/cilium-config"},
    }
    return {**copy.deepcopy(entry), **changes}


@pytest.mark.parametrize(
    ("key", "value", "drifts"),
    [
        ("kube-proxy-replacement", "true", False),
        ("kube-proxy-replacement", "strict", False),
        ("kube-proxy-replacement", "false", True),
        ("kube-proxy-replacement", "False", True),
        ("enable-bpf-masquerade", "true", False),
        ("enable-bpf-masquerade", "false", True),
        ("bpf-lb-mode", "snat", False),
        ("bpf-lb-mode", "dsr", True),
        ("bpf-lb-algorithm", "random", False),
        ("bpf-lb-algorithm", "maglev", True),
        ("node-port-range", "30000,32767", False),
        ("node-port-range", "30000,31000", True),
        ("bpf-lb-sock-hostns-only", "true", True),
        ("bpf-lb-sock-hostns-only", "false", False),
        ("routing-mode", "tunnel", False),
        ("routing-mode", "native", True),
        ("debug", "true", False),
    ],
)
def test_drift(key, value, drifts):
    found = drift.drift({key: {"value": value, "source": "ConfigMap kube-system/cilium-config"}}, answered())
    assert bool(found) is drifts
    assert all(key in sentence and value in sentence and "ConfigMap kube-system/cilium-config" in sentence for sentence in found)


def test_what_an_agent_does_not_say_is_no_drift():
    silent = {**answered(), "features": {}, "masquerading": None, "routing": None, "version": "1.13.2", "kube_proxy_replacement": words.empty_kpr()}
    assert drift.drift({key: {"value": "x", "source": "y"} for key in drift.COMPARED}, silent) == []
    assert drift.drift({"bpf-lb-sock-hostns-only": {"value": "true", "source": "y"}}, answered(version="1.13.2")) == []


EVERYTHING = {"kpr": True, "endpoints_ready": True, "healthy": True, "restarted_after": {"worker1": "uid-before"}}


def test_an_agent_that_is_as_wanted():
    assert gate.missing({"worker1": answered()}, EVERYTHING) == {}
    assert gate.missing({"worker1": answered()}, {"kpr": None}) == {}


@pytest.mark.parametrize(
    ("changes", "wanted", "said"),
    [
        (
            {},
            {"kpr": False},
            "kube-proxy replacement is to be off, the agent says true; that is what it is configured to (ConfigMap kube-system/cilium-config)",
        ),
        ({"kube_proxy_replacement": words.empty_kpr()}, {"kpr": True}, "the agent says nothing of it"),
        ({"kube_proxy_replacement": words.empty_kpr()}, {"kpr": False}, "the agent says nothing of it"),
        ({"host_endpoint_state": None}, {"endpoints_ready": True}, "no endpoint for the host"),
        (
            {"endpoints": {"total": 9, "not_ready": [{"id": 7, "state": "regenerating", "pod": "a/b"}] * 7}},
            {"endpoints_ready": True},
            "7 of 9 endpoints are not ready: 7 a/b regenerating, 7 a/b regenerating, 7 a/b regenerating, 7 a/b regenerating, 7 a/b regenerating and 2 more",
        ),
        ({"health": {"state": "warning", "message": "Not all probes executed at least once"}}, {"healthy": True}, "verdict is warning: Not all probes"),
        ({"pod_ready": False}, {"healthy": True}, "pod cilium-1 is not Ready"),
        ({"pod_uid": "uid-before"}, {"restarted_after": {"worker1": "uid-before"}}, "is still the one from before the change"),
        ({}, {"restarted_after": "2026-01-02T03:04:06Z"}, "was created at 2026-01-02T03:04:05Z, before 2026-01-02T03:04:06Z"),
        ({"error": "it sleeps"}, {}, "the agent did not answer: it sleeps"),
    ],
)
def test_what_is_missing(changes, wanted, said):
    sentences = gate.lacking("worker1", answered(**changes), wanted)
    assert len(sentences) == 1
    assert said in sentences[0]


@pytest.mark.parametrize("since", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.900Z", "2026-01-02T04:04:05+01:00", {"worker1": ""}, {"worker1": "other"}])
def test_young_enough(since):
    assert gate.lacking("worker1", answered(), {"restarted_after": since}) == []


def test_no_agent_is_never_as_wanted():
    assert gate.missing({}, {"kpr": True}) == {"(no node)": ["the cluster has no agent"]}


@pytest.mark.parametrize(
    ("modes", "on", "off"),
    [
        ([], False, False),
        (["true", "strict"], True, False),
        (["true", None], False, False),
        (["false", "disabled"], False, True),
        (["partial", "false"], False, False),
    ],
)
def test_all_on_and_all_off(modes, on, off):
    found = {str(number): {"kube_proxy_replacement": {"mode": mode}} for number, mode in enumerate(modes)}
    assert (agents.all_in(found, words.ON), agents.all_in(found, words.OFF)) == (on, off)


@pytest.mark.parametrize("since", ["yesterday", 7, {"worker1": "uid"}])
def test_a_restarted_after_that_cannot_be_judged(since):
    with pytest.raises(ValueError, match="restarted_after"):
        agents.check_wanted({"restarted_after": since}, ["worker1", "worker2"])


def test_the_fixture_is_a_status():
    assert json.loads(STATUS)["kube-proxy-replacement"]["mode"] == "True"

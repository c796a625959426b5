# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import node_pods
from hypothesis import given
from hypothesis import strategies as st

RUN = "eve on laptop, run of 2026-11-23 14:00:00 UTC (abc123)"
NODE = st.from_regex(r"\A[a-z0-9]([-a-z0-9.]{0,200}[a-z0-9])?\Z")


def pod(node, phase="Running", state=None, ready=True, **status):
    containers = [{"ready": ready, "state": state or {"running": {}}}] if phase != "Unknown" else []
    return {"metadata": {"name": f"pod-{node}"}, "spec": {"nodeName": node}, "status": {"phase": phase, "containerStatuses": containers, **status}}


def problem(found, events=(), error=""):
    return node_pods.reached(["w1"], RUN, "kube-system", found, events, error)["w1"]["problem"]


@given(NODE, NODE)
def test_names_of_jobs_are_short_enough_for_their_pods_and_differ_where_nodes_or_runs_do(one, other):
    name = node_pods.job_name(one, RUN)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name) and len(name) <= 57
    assert (name == node_pods.job_name(other, RUN)) == (one == other)
    assert name != node_pods.job_name(one, f"{RUN} again")


def test_a_job_removes_itself_and_its_pod_gets_in_at_any_node():
    job = node_pods.jobs(["w1"], RUN, "ours", "registry.example.net/cilium:v1", "Never", [{"name": "key"}], 600)[0]
    spec, inner = job["spec"], job["spec"]["template"]["spec"]
    assert job["metadata"]["namespace"] == "ours" and job["metadata"]["labels"] == spec["template"]["metadata"]["labels"]
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (600, 0, 0)
    assert inner["nodeName"] == "w1" and inner["tolerations"] == [{"operator": "Exists"}] and not inner["automountServiceAccountToken"]
    assert inner["containers"][0]["image"] == "registry.example.net/cilium:v1" and inner["containers"][0]["imagePullPolicy"] == "Never"
    assert inner["imagePullSecrets"] == [{"name": "key"}]


def test_what_the_pod_shares_with_the_host_is_what_the_guide_says():
    inner = node_pods.jobs(["w1"], RUN, "ours", "registry.example.net/cilium:v1")[0]["spec"]["template"]["spec"]
    assert {name for name in inner if name.startswith("host")} == {"hostPID", "hostNetwork"} and "volumes" not in inner
    guide = (pathlib.Path(__file__).resolve().parents[5] / "docs" / "without-ssh.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in guide for name in ("privileged", "hostPID", "hostNetwork")) and "hostIPC" not in guide


def test_no_pod_of_users_has_to_go_for_it():
    """A kubelet makes room for a critical pod by ending another, and for one that asks for more than is left by refusing it."""
    inner = node_pods.jobs(["w1"], RUN, "ours", "registry.example.net/cilium:v1")[0]["spec"]["template"]["spec"]
    assert not {"priorityClassName", "priority"} & set(inner) and "resources" not in inner["containers"][0]


def test_a_label_of_a_run_is_a_valid_label():
    assert re.fullmatch(r"[a-z0-9]{1,63}", node_pods.run_label(RUN))


def test_it_waits_for_every_node_until_its_pod_runs_or_has_ended():
    assert not node_pods.settled([pod("w1")], ["w1", "w2"])
    assert not node_pods.settled([pod("w1"), pod("w2", "Pending", ready=False)], ["w1", "w2"])
    assert node_pods.settled([pod("w1"), pod("w2", "Failed", ready=False)], ["w1", "w2"])


def test_nodes_with_a_pod_have_a_way_and_the_others_a_reason():
    assert node_pods.reached(["w1"], RUN, "kube-system", [pod("w1")]) == {"w1": {"pod": "pod-w1", "problem": ""}}
    ending = pod("w1")
    ending["metadata"]["deletionTimestamp"] = "2026-11-23T14:00:00Z"
    assert "w1" in problem([ending])


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (pod("w1", "Pending", {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, ready=False),
         ["ImagePullBackOff, no such image", "kpr_node_pod_image"]),
        (pod("w1", "Failed", {"terminated": {"reason": "Error", "exitCode": 1}}, ready=False), ["Failed: Error, exit code 1", "kubectl describe node w1"]),
        (pod("w1", "Unknown", reason="OutOfpods", message="too many pods"), ["OutOfpods, too many pods", "make room there: see kubectl describe node w1"]),
        (pod("w1", "Failed", {"waiting": {}}, ready=False), ["its container has not started"]),
    ],
)  # fmt: skip
def test_a_pod_that_does_not_run_is_told_by_node_and_reason(found, says):
    said = problem([found])
    assert said.startswith("Node w1: ") and all(text in said for text in says), said


def test_what_admission_says_of_the_job_is_told_and_what_it_says_of_others_is_not():
    text = 'Error creating: pods is forbidden: violates PodSecurity "restricted:latest": host namespaces'
    events = [{"type": "Warning", "message": text, "involvedObject": {"name": name}} for name in (node_pods.job_name("w1", RUN), "another")]
    said = problem([], events)
    assert said.count(text) == 1 and "pod-security.kubernetes.io/enforce" in said and "kpr_node_pod_namespace" in said
    assert "none was created" in problem([], events[1:])


def test_a_pod_that_is_gone_because_its_node_is_full_is_told_by_what_the_kubelet_said():
    text = "Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110"
    job = node_pods.job_name("w1", RUN)
    said = problem([], [{"type": "Warning", "message": text, "involvedObject": {"name": name}} for name in (f"{job}-x7k2p", f"{job}0-x7k2p")])
    assert said.count(text) == 1 and "make room there: see kubectl describe node w1" in said, said


def test_missing_rights_are_told_with_the_file_that_has_them():
    assert "rbac/kubeproxy-free-node-pods.yml" in problem([], error='jobs.batch is forbidden: User "eve" cannot create resource "jobs"')


@pytest.mark.parametrize("said", [b"command terminated with exit code 3\n", b"x\ncommand terminated with non-zero exit code: ..."])
def test_an_error_of_the_command_is_the_commands(said):
    assert node_pods.ENDED.search(said)


@pytest.mark.parametrize(
    ("said", "again"),
    [
        (b'Error from server (NotFound): pods "x" not found', False),
        (b"error: unexpected EOF", False),
        (b"Unable to connect to the server: dial tcp 192.0.2.1:6443: connect: connection refused", True),
        (b"The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?", True),
        (b"Error from server: error dialing backend: dial tcp 192.0.2.1:10250: i/o timeout", True),
    ],
)
def test_only_what_cannot_have_begun_is_tried_again(said, again):
    assert not node_pods.ENDED.search(said) and bool(node_pods.NOT_BEGUN.search(said)) is again

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back, and what the record has for it: the real tasks of the roles handover, rollback and cilium.

Stand-ins for Helm and for the modules that ask the API answer with what a test puts there, say nothing of what was written since, and keep each call, in order.
"""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
#: Keeps what it is given, and answers with what there is of the wanted kind and name.
MODULE = """#!/usr/bin/python
# WANT_JSON
import json, pathlib, sys
folder, module = pathlib.Path(FOLDER), NAME
given = {key: value for key, value in json.loads(pathlib.Path(sys.argv[1]).read_text()).items() if not key.startswith("_ansible")}
with open(folder / "calls", "a") as calls:
    print(json.dumps([module, given]), file=calls)
there = json.loads((folder / "there.json").read_text())
found = [one for one in there["objects"] if one["kind"] == given.get("kind") and given.get("name") in (None, one["metadata"]["name"])]
found += [one for one in there["cilium"] if (one["kind"], one["metadata"]["name"]) == (given.get("kind"), given.get("name"))]
print(json.dumps({"changed": False, "resources": found, "status": there["release"],
                  "agents": {}, "version": {"server": {"kubernetes": {"gitVersion": "v1.34.4"}}}}))
"""
MODULES = {"kubernetes.core.k8s": "k8s", "kubernetes.core.k8s_info": "k8s_info", "kubernetes.core.k8s_cluster_info": "k8s_cluster_info",
           "kubernetes.core.helm": "helm", "kubernetes.core.helm_info": "helm_info", "fleetops.kubeproxy_free.cilium_status": "cilium_status",
           "fleetops.kubeproxy_free.cluster_lock": "cluster_lock", "fleetops.kubeproxy_free.kube_proxy_rules": "kube_proxy_rules"}  # fmt: skip
LABEL = "kubeproxy-free.fleetops.io"
#: Whose roll-out has ended, as what is waited for whether or not the release changes.
CILIUM = [
    {"kind": "Deployment", "metadata": {"name": "cilium-operator", "generation": 1}, "spec": {"replicas": 1},
     "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}},
    {"kind": "DaemonSet", "metadata": {"name": "cilium", "generation": 1}, "spec": {},
     "status": {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberReady": 1}},
]  # fmt: skip


@pytest.fixture
def go(tmp_path, copy_role):
    """A function that goes these steps, on a cluster with these objects and this release; returns (exit status, output, calls, what it knows of the record)."""

    def text(path):
        made = re.sub(r"name: fleetops\.kubeproxy_free\.(cilium|handover)\n", r"name: \1\n", path.read_text(encoding="utf-8"))
        for module, name in MODULES.items():
            made = re.sub(rf"^( +){re.escape(module)}:", rf"\1{name}:", made, flags=re.MULTILINE)
        return made

    for role in ("handover", "cilium", "rollback"):
        copy_role(role, text)
    (tmp_path / "library").mkdir()
    for name in MODULES.values():
        (tmp_path / "library" / f"{name}.py").write_text(MODULE.replace("FOLDER", repr(str(tmp_path))).replace("NAME", repr(name)), encoding="utf-8")
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\nprintf "name: cilium\\nversion: $CHART\\n"\n', encoding="utf-8")
    helm.chmod(0o755)

    def play(*steps, role="handover", objects=(), release=None, version="1.19.1", chart=None, **options):
        variables = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_node_name": "w1", "kpr_cluster_hosts": ["w1"], "kpr_wave_hosts": ["w1"],
                     "kpr_speaker": "w1", "kpr_leader": "w1", "kpr_helm_binary": str(helm), **options}  # fmt: skip
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": {"w1": {}, "localhost": {"kpr_run": "me"}}}}), encoding="utf-8")
        status = {"status": "deployed", "chart": f"cilium-{version}", "release_values": release or {}}
        (tmp_path / "there.json").write_text(json.dumps({"objects": list(objects), "cilium": CILIUM, "release": status}), encoding="utf-8")
        (tmp_path / "calls").write_text("", encoding="utf-8")
        facts = "FACTS {{ [handover_record | default('none'), handover_phase | default('none')] | to_json }}"
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "w1", "gather_facts": False, "tasks": [
            *({"ansible.builtin.include_role": {"name": role, "tasks_from": step}} for step in steps),
            {"ansible.builtin.debug": {"msg": facts}}]}]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "CHART": chart or version}
        done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
        calls = [json.loads(line) for line in (tmp_path / "calls").read_text(encoding="utf-8").splitlines()]
        known = re.search(r'"msg": "FACTS (.*)"', done.stdout)
        return done.returncode, " ".join((done.stdout + done.stderr).split()), calls, json.loads(json.loads(f'"{known[1]}"')) if known else None

    return play


def node(**labels):
    return {"kind": "Node", "metadata": {"name": "w1", "labels": {f"{LABEL}/{key}": value for key, value in labels.items()}}, "spec": {}, "status": {}}


def config_map(mode):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-proxy", "namespace": "kube-system"}, "data": {"config.conf": f"mode: {mode}"}}


def daemonset(memory, *expressions):
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}}}
    container = {"name": "kube-proxy", "image": "kube-proxy:v1.34.4", "resources": {"limits": {"memory": memory}}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
            "spec": {"updateStrategy": {"type": "OnDelete" if expressions else "RollingUpdate"},
                     "template": {"spec": {"containers": [container], **({"affinity": affinity} if expressions else {})}}}}  # fmt: skip


GATE = {"key": f"{LABEL}/kube-proxy", "operator": "NotIn", "values": ["off"]}
KEPT = [daemonset("1Gi"), config_map("ipvs")]


def record(phase, replacement=None, kept=None):
    helm = {"values": {} if replacement is None else {"kubeProxyReplacement": replacement}, "absent": [["k8sServiceHost"], ["k8sServicePort"]]}
    parts = {"state": {"phase": phase, "reason": ""}, "helm": helm, "kube-proxy": KEPT if kept is None else kept, "kubeadm": {"proxy": {}}}
    return {"kind": "ConfigMap", "metadata": {"name": "kubeproxy-free"}, "data": {f"{name}.json": json.dumps(part) for name, part in parts.items()}}


RELEASE = {"kubeProxyReplacement": True, "k8sServiceHost": "192.0.2.1", "k8sServicePort": 6443, "waitForKubeProxy": False}


def given(calls, module):
    return [arguments for name, arguments in calls if name == module]


def written(calls, kind):
    """What was written of a kind: lists of patches are told apart."""
    definitions = [one.get("definition") for one in given(calls, "k8s")]
    return [one for one in definitions if isinstance(one, dict) and one["kind"] == kind]


def changes(calls):
    return [name for name, _given in calls if name in ("k8s", "helm")]


@pytest.mark.parametrize(("step", "host", "word", "now"), [("unsettle", "192.0.2.1", "disabled", False), ("restore", None, "strict", True)])
def test_a_way_back_holds_the_present_version_and_speaks_as_its_chart_does(go, step, host, word, now):
    status, output, calls, _known = go("read", step, objects=[node(), record("settled", word)], release=RELEASE, kpr_cilium_version="1.18.2")
    assert status == 0, output
    (applied,) = given(calls, "helm")
    assert applied["chart_version"] == "1.19.1"
    assert applied["release_values"].get("k8sServiceHost") == host and applied["release_values"]["kubeProxyReplacement"] is now


@pytest.mark.parametrize(("more", "said"), [
    ({"chart": "1.18.2"}, "found the chart of Cilium 1.18.2 in kpr_cilium_chart_ref (cilium/cilium), expected 1.19.1, which runs"),
    ({"release": {**RELEASE, "loadBalancer": {"mode": "fast"}}}, "loadBalancer.mode: found"),
])  # fmt: skip
def test_what_helm_or_the_agents_would_refuse_is_told_before_the_first_change(go, more, said):
    status, output, calls, _known = go("read", "unsettle", objects=[node(), record("settled")], **{"release": RELEASE, **more})
    assert status != 0 and said in output and changes(calls) == [], output


@pytest.mark.parametrize(("there", "named"), [
    ([node(state="moved"), daemonset("1Gi", GATE)], f"labels {LABEL}/ on node w1, the node affinity {LABEL}/kube-proxy in DaemonSet kube-system/kube-proxy,"),
    ([node(cordoned="true"), daemonset("1Gi")], None),
    ([node(state="moved"), daemonset("1Gi", GATE), record("prepared")], None),
])  # fmt: skip
def test_a_migration_whose_record_is_lost_is_refused_and_named(go, there, named):
    status, output, calls, _known = go("read", "recorded", objects=there)
    assert (status != 0) is bool(named) and changes(calls) == [], output
    if named:
        assert f"Cluster demo: found {named} which a migration puts there, and no ConfigMap kube-system/kubeproxy-free" in output, output


@pytest.mark.parametrize("role", ["handover", "rollback"])
def test_on_either_way_it_halts_the_cluster_before_anything_is_changed(go, role):
    known = {"handover_locked": True, "kpr_wave_settings": {}, "preflight_cluster_facts": {"kube_proxy": {"daemonset": {}}}}
    _status, output, calls, _known = go("begin", role=role, objects=[node(state="moved"), daemonset("1Gi", GATE)], **known)
    assert f"labels {LABEL}/ on node w1, " in output and changes(calls) == [], output
    assert '"FACTS [{}, \\"\\"]"' in output, "it went on to its end, without the cluster"


def saved(calls):
    """The record as it was written, time by time: {part: content}."""
    data = [one["data"] for one in written(calls, "ConfigMap") if one["metadata"]["name"] == "kubeproxy-free"]
    return [{name.removesuffix(".json"): json.loads(part) for name, part in one.items()} for one in data]


CHANGED = [daemonset("2Gi", GATE), config_map("iptables")]


def test_settling_saves_what_was_changed_meanwhile_before_it_begins(go):
    status, output, calls, known = go("read", "settle", objects=[node(), record("prepared"), *CHANGED], release=RELEASE)
    assert status == 0, output
    assert [one["state"]["phase"] for one in saved(calls)] == ["prepared", "settling", "settled"]
    assert all(one["kube-proxy"] == [daemonset("2Gi"), config_map("iptables")] for one in saved(calls))
    assert {frozenset(one) for one in saved(calls)} == {frozenset({"state", "helm", "kube-proxy", "kubeadm"})}, "whole, should somebody have deleted it"
    assert (names := [name for name, _given in calls]).index("cluster_lock") > names.index("helm"), "renewed for what comes after the roll-out"
    assert known[0]["kube-proxy"] == [daemonset("2Gi"), config_map("iptables")] and known[0]["helm"]["absent"]


def test_settling_that_was_cut_off_saves_nothing_since_it_may_have_deleted_it(go):
    status, output, calls, _known = go("read", "settle", objects=[node(), record("settling"), *CHANGED], release=RELEASE)
    assert status == 0 and [(one["state"]["phase"], one["kube-proxy"]) for one in saved(calls)] == [("settling", KEPT), ("settled", KEPT)], output


ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "kube-proxy", "namespace": "kube-system"}}


def test_before_settling_a_way_back_leaves_what_is_there_of_kube_proxys_and_creates_what_is_not(go):
    there = [daemonset("2Gi"), config_map("iptables")]
    status, output, calls, known = go("read", "unsettle", objects=[node(), record("halted", kept=[*KEPT, ACCOUNT]), *there], release=RELEASE)
    assert status == 0, output
    assert [one["metadata"]["name"] for one in written(calls, "ConfigMap")] == ["kubeproxy-free", "kubeproxy-free"]
    assert written(calls, "DaemonSet") == [daemonset("2Gi", GATE)], "nothing but the gate"
    assert written(calls, "ServiceAccount") == [ACCOUNT]
    assert known[0]["kube-proxy"] == [*there, ACCOUNT] and known[1] == "returning"


def test_from_a_settled_cluster_kube_proxys_saved_objects_return_whatever_somebody_has_made_there(go):
    status, output, calls, known = go("read", "unsettle", objects=[node(), record("settled"), daemonset("2Gi"), config_map("iptables")], release=RELEASE)
    assert status == 0, output
    assert config_map("ipvs") in written(calls, "ConfigMap") and daemonset("1Gi", GATE) == written(calls, "DaemonSet")[0]
    assert known[0]["kube-proxy"] == KEPT and known[1] == "returning"
    made = [given.get("definition") for _name, given in calls].index(daemonset("1Gi", GATE))
    assert made < [name for name, _given in calls].index("helm"), "a node that joins while agents roll out has no label, and nobody else to serve it"


def test_dns_is_owed_a_restart_from_the_first_agent_that_leaves_services_to_kube_proxy_until_it_has_had_it(go):
    pod = {"kind": "Pod", "metadata": {"name": "kube-proxy-1"}, "spec": {"nodeName": "w1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    service = {"kind": "Service", "metadata": {"name": "kubernetes"}, "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 443}]}}
    there = [node(replacement="on"), record("halted"), pod, service]
    status, output, calls, known = go("read", "give_back", objects=there, handover_unproven="not probed here")
    assert status == 0 and known[0]["dns"] == {"restart": True}, output
    patches = [given["definition"] for name, given in calls if name == "k8s"]
    leaves = next(number for number, one in enumerate(patches) if isinstance(one, list) and f"{LABEL}/replacement" in one[0]["metadata"]["labels"])
    assert [number for number, one in enumerate(patches) if isinstance(one, dict) and one["kind"] == "ConfigMap"] == [leaves - 1]
    owed = record("halted")
    owed["data"]["dns.json"] = '{"restart": true}'
    status, output, calls, known = go("read", "restart_dns", objects=[node(), owed])
    assert status == 0 and known[0]["dns"] == {"restart": False} and known[0]["kubeadm"] == {"proxy": {}}, output


def test_taking_pods_again_forgets_nothing_of_a_way_back_that_is_complete(go):
    back = {"handover_record": {"state": {"phase": "returned", "reason": ""}}, "handover_phase": "returned"}
    status, output, calls, known = go("uncordon", objects=[node(cordoned="true")], **back)
    assert status == 0 and known == [back["handover_record"], "returned"], output
    assert given(calls, "k8s")[0]["definition"][0]["spec"] == {"unschedulable": None}

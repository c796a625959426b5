# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values the role monitoring sets, by its real variables, for a release as the role cilium would have read it; and where it sets them, by its real
switch_on.yml and needed.yml, a stand-in for the API server, and stand-ins for the roles that are included, which say only what they are told."""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles" / "monitoring"
MONITOR = {"enabled": True, "port": 9090, "serviceMonitor": {"enabled": True, "labels": {"team": "a"}}}
KIND = ["ServiceMonitor"]
#: what roles that it includes are told of the cluster
TOLD = {"cilium": ["cilium_kubeconfig", "cilium_context", "cilium_namespace", "cilium_may_lack"], "handover": ["handover_kubeconfig", "handover_context"],
        "tune": ["tune_helm_kubeconfig", "tune_context", "tune_cilium_namespace"]}  # fmt: skip


@pytest.mark.parametrize(
    ("own", "words", "values", "kinds"),
    [
        ({}, (), {"enabled": True, "port": 9962}, []),
        (MONITOR, (), {"enabled": True, "port": 9090, "serviceMonitor": {"enabled": True}}, KIND),
        (MONITOR, ("-e", "monitoring_port=9963"), {"enabled": True, "port": 9963, "serviceMonitor": {"enabled": True}}, KIND),
        (MONITOR, ("-e", "kpr_monitoring_scrape=annotations"), {"enabled": True, "port": 9090, "serviceMonitor": {"enabled": False}}, []),
        ({}, ("-e", "kpr_monitoring_scrape=annotations"), {"enabled": True, "port": 9962}, []),
        ({"port": "9091"}, ("-e", json.dumps({"kpr_monitoring_scrape": "service_monitor", "kpr_monitoring_labels": {"team": "b"}})),
         {"enabled": True, "port": 9091, "serviceMonitor": {"enabled": True, "labels": {"team": "b"}}}, KIND),
    ],
)  # fmt: skip
def test_what_the_release_has_is_kept_unless_something_else_is_said(tmp_path, own, words, values, kinds):
    found = {"status": {"release_values": {"prometheus": own} if own else {}}}
    copy = {"content": "{{ [__monitoring_values, __monitoring_kinds] | to_json }}", "dest": str(tmp_path / "said.json")}
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [str(ROLE / "defaults" / "main.yml"), str(ROLE / "vars" / "main.yml")],
            "tasks": [{"ansible.builtin.set_fact": {"__cilium_found": found}}, {"ansible.builtin.copy": copy}]}  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    done = ansible_playbook("-i", "localhost,", "-c", "local", "play.yml", *words, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "said.json").read_text(encoding="utf-8")) == [{"prometheus": values}, kinds]


def kinds_of(group, *kinds):
    resources = [{"kind": kind, "name": f"{kind.lower()}s", "singularName": kind.lower(), "namespaced": kind != "Namespace",
                  "verbs": ["get", "list", "create", "patch"]} for kind in kinds]  # fmt: skip
    return {"kind": "APIResourceList", "groupVersion": group, "resources": resources}


@pytest.fixture
def cluster(fake_api):
    """A cluster with the Prometheus operator, whose three agents are not new by themselves."""
    groups = {"apps": "apps/v1", "monitoring.coreos.com": "monitoring.coreos.com/v1"}
    fake_api.objects.update({
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": kinds_of("v1", "ConfigMap", "Namespace"),
        "/apis": {"kind": "APIGroupList", "groups": [
            {"name": name, "versions": [{"groupVersion": group, "version": "v1"}], "preferredVersion": {"groupVersion": group, "version": "v1"}}
            for name, group in groups.items()]},
        "/apis/apps/v1": kinds_of("apps/v1", "DaemonSet"),
        "/apis/monitoring.coreos.com/v1": kinds_of("monitoring.coreos.com/v1", "PrometheusRule"),
        "/api/v1/namespaces/monitoring": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}},
        "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium": {
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "cilium", "generation": 2},
            "spec": {"updateStrategy": {"type": "OnDelete"}},
            "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 1, "numberReady": 3}},
    })  # fmt: skip
    return fake_api


@pytest.fixture
def switch_on(tmp_path, copy_role, cluster):
    """A function that plays switch_on.yml; returns (exit status, what was said, what the included roles were told)."""

    def text(path):
        made = path.read_text(encoding="utf-8") if path.name in ("switch_on.yml", "needed.yml") else "[]"
        return made.replace("name: fleetops.kubeproxy_free.", "name: ")

    copy_role("monitoring", text)
    for role, names in TOLD.items():
        copy_role(role, lambda _path, names=names: json.dumps([{"ansible.builtin.debug": {"msg": f"AT {{{{ [{', '.join(names)}] | join(' ') }}}}"}}]))

    def play(unready=(), **own):
        tasks = [{"ansible.builtin.set_fact": {"cilium_chart_version": "1.19.1", "handover_unready": list(unready)}},
                 {"ansible.builtin.include_role": {"name": "monitoring", "tasks_from": "switch_on"}}]  # fmt: skip
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        own = {"kpr_leader": "localhost", "kpr_cluster": "demo", "monitoring_kubeconfig": cluster.kubeconfig, "monitoring_objects": True, **own}
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "TMPDIR": str(tmp_path),
                       "K8S_AUTH_CACHE_FILE": str(tmp_path / "cache")}  # fmt: skip
        done = ansible_playbook("-i", "localhost,", "-c", "local", "play.yml", "-e", json.dumps(own), cwd=tmp_path, env=environment)
        return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split()), re.findall(r'"msg": "AT (.+)"', done.stdout)

    return play


def test_what_is_read_and_what_is_changed_is_one_cluster(switch_on, cluster):
    told = switch_on(unready=["a", "b"], monitoring_helm_kubeconfig="helm", monitoring_context="test")[2]
    assert told == [*[f"{cluster.kubeconfig} test"] * 3, "helm test kube-system", "helm test kube-system 2", f"{cluster.kubeconfig} test"]


def test_agents_that_nobody_recreates_are_told_with_what_to_do(switch_on):
    status, said, told = switch_on()
    assert status != 0 and "found 2 agents that were not recreated" in said and "delete pod -l k8s-app=cilium" in said, said
    assert "has the update strategy OnDelete" in said[: said.index("Set the values")] and any(one.endswith(" 0") for one in told)


def test_a_dead_node_keeps_no_other(switch_on):
    status, said, told = switch_on(unready=["a", "b"])
    assert status == 0 and told[-2].endswith(" 2"), said
    assert "nodes a, b are not Ready" in said


@pytest.mark.parametrize("path", ["/api/v1/namespaces/monitoring/configmaps", "/apis/monitoring.coreos.com/v1/namespaces/monitoring/prometheusrules"])
def test_what_may_not_be_made_is_refused_before_anything_changes(switch_on, cluster, path):
    cluster.statuses[path] = 403
    status, said, told = switch_on(unready=["a", "b"])
    assert status != 0 and "cannot be put in namespace monitoring (" in said and "refused on purpose" in said, said
    assert not any(one.endswith(" 2") for one in told), "no value was set"
    assert switch_on(unready=["a", "b"], monitoring_objects=False)[0] == 0

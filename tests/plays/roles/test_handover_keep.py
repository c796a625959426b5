# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tasks/keep.yml of the role handover with a settled cluster, against a stand-in for the API server; what would be written there is shown instead."""

from __future__ import annotations

import json
import os

import pytest
from playbook_run import ansible_playbook

NAMESPACED = {"namespaced": True, "verbs": ["get", "list"]}
SETTLED = [{"ansible.builtin.set_fact": {"handover_phase": "settled"}}]
WRITE = "kubernetes.core.k8s:\n    state: patched\n    definition:"


def object_of(kind, name, data=None):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "kube-system", "resourceVersion": "7"}, "data": data or {}}


@pytest.fixture
def keep(fake_api, copy_role, tmp_path):
    """A function that keeps kube-proxy away from a cluster of this version with this record, before an upgrade; (exit status, output)."""

    def text(path):
        made = path.read_text(encoding="utf-8")
        assert path.name != "kubeadm.yml" or WRITE in made
        return json.dumps(SETTLED) if path.name == "read.yml" else made.replace(WRITE, "ansible.builtin.debug:\n    msg:")

    copy_role("handover", text)

    def play(server, record, wanted, *words):
        maps = "/api/v1/namespaces/kube-system/configmaps/"
        fake_api.objects.update({
            "/version": {"major": "1", "minor": server.split(".")[1], "gitVersion": server},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"kind": "ConfigMap", "name": "configmaps", "singularName": "configmap", **NAMESPACED}]},
            "/apis": {"kind": "APIGroupList", "groups": [{
                "name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}], "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}]},
            "/apis/apps/v1": {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [
                {"kind": "DaemonSet", "name": "daemonsets", "singularName": "daemonset", **NAMESPACED}]},
            f"{maps}cilium-config": object_of("ConfigMap", "cilium-config", {"kube-proxy-replacement": "true"}),
            f"{maps}kubeadm-config": object_of("ConfigMap", "kubeadm-config", {"ClusterConfiguration": json.dumps(record)}),
        })  # fmt: skip
        variables = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_leader": "cp1", "kpr_kubeconfig": fake_api.kubeconfig}
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": {"cp1": {}}}}), encoding="utf-8")
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
            {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "keep"}}]}]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
                       "K8S_AUTH_CACHE_FILE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}  # the client keeps what it has discovered
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps({"kpr_upgrade_to": wanted}), *words, cwd=tmp_path, env=environment)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return play


def of_format(name, **more):
    return {"apiVersion": f"kubeadm.k8s.io/{name}", "kind": "ClusterConfiguration", **more}


def test_the_upgrade_that_ignores_the_record_is_refused_with_what_to_type(keep):
    code, said = keep("v1.31.4", of_format("v1beta4", proxy={"disabled": True}), "1.32.0")
    assert code != 0 and "Cluster demo: an upgrade from v1.31.4 to 1.32.0 would bring kube-proxy back" in said, said
    assert "kubeadm upgrade node --skip-phases=addon/kube-proxy" in said and "ClusterConfiguration:" not in said, "nothing is to be written"


def test_the_next_minor_is_the_one_that_is_judged_and_its_exception_is_shown(keep):
    code, said = keep("v1.31.4", of_format("v1beta4"), "", "--check")
    assert code == 0 and "Cluster demo: an upgrade to 1.32 leaves kube-proxy out, but for 1.32.0" in said, said
    assert "ClusterConfiguration: |- apiVersion: kubeadm.k8s.io/v1beta4 kind: ClusterConfiguration proxy: disabled: true" in said, said


def test_a_format_without_the_field_is_left_alone(keep):
    code, said = keep("v1.21.14", of_format("v1beta2"), "1.22.17")
    assert code == 0 and "an upgrade to 1.22.17 leaves kube-proxy out." in said and "ClusterConfiguration:" not in said, said

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles verify and traffic plan to ask where kube-proxy is told not to serve NodePorts everywhere: the real tasks, up to the plan."""

from __future__ import annotations

import json
import os

import pytest
import yaml
from playbook_run import ansible_playbook

SPACE = "kubeproxy-free-verify"
CORE, SLICES = "/api/v1/namespaces", "/apis/discovery.k8s.io/v1/namespaces"
TARGETS = "{{ (verify_plans | default(traffic_plans)).n1.targets | map(attribute='address') | join(' ') }}"


@pytest.fixture
def cluster(fake_api):
    """A node with a Service of the type NodePort."""
    settings = {"mode": "iptables", "iptables": {"localhostNodePorts": False}}
    named = {"namespace": SPACE, "name": "echo"}
    fake_api.objects.update({
        "/api/v1/nodes": [{"metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}],
        f"{CORE}/kube-system/configmaps/kube-proxy": {"metadata": {"name": "kube-proxy"}, "data": {"config.conf": yaml.safe_dump(settings)}},
        f"{CORE}/{SPACE}/services": [{"metadata": named, "spec": {"clusterIP": "10.96.0.9", "ports": [{"name": "http", "port": 80, "nodePort": 30080}]}}],
        f"{CORE}/{SPACE}/pods": [], f"{CORE}/kube-system/services": [], f"{SLICES}/kube-system/endpointslices": [],
        f"{SLICES}/{SPACE}/endpointslices": [{"metadata": {**named, "labels": {"kubernetes.io/service-name": "echo"}},
                                              "ports": [{"name": "http", "port": 80}], "endpoints": [{"nodeName": "n1", "addresses": []}]}],
    })  # fmt: skip
    return fake_api


@pytest.mark.parametrize(("role", "tasks", "variables", "found"), [
    ("verify", "plan", {}, "10.96.0.9 192.0.2.1"),
    ("verify", "plan", {"verify_served_by": "cilium"}, "10.96.0.9 192.0.2.1 127.0.0.1"),
    ("traffic", "start", {"traffic_namespaces": [SPACE]}, "10.96.0.9 192.0.2.1"),
])  # fmt: skip
def test_kube_proxy_is_not_asked_on_localhost_where_it_was_told_not_to_serve_it(cluster, copy_role, tmp_path, role, tasks, variables, found):
    copy_role(role, lambda path: json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))[:1]))
    shared = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_leader": "n1", "kpr_speaker": "n1", "kpr_wave_hosts": ["n1"], "kpr_node_name": "n1",
              "kpr_kubeconfig": cluster.kubeconfig, **variables}  # fmt: skip
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": shared, "hosts": {"n1": {}}}}), encoding="utf-8")
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
        {"ansible.builtin.include_role": {"name": role, "tasks_from": tasks}},
        {"ansible.builtin.debug": {"msg": f"ASKED {TARGETS}."}}]}]), encoding="utf-8")  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    assert f"ASKED {found}." in done.stdout, done.stdout + done.stderr

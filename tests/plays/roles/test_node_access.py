# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tasks/open.yml of the role node_access, but for the making of Jobs, against a stand-in for the API server that has no pod and only events."""

from __future__ import annotations

import json
import os

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import node_pods
from playbook_run import ansible_playbook


RUN = "the test"
FULL = "Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110"


def resource(kind):
    return {"kind": kind, "name": f"{kind.lower()}s", "singularName": kind.lower(), "namespaced": True, "verbs": ["get", "list"]}


def event(kind, name, message):
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{name}.1", "namespace": "kube-system"}, "type": "Warning", "message": message,
            "involvedObject": {"kind": kind, "name": name}}  # fmt: skip


def test_a_full_node_is_told_by_what_its_kubelet_said_of_the_pod(fake_api, copy_role, tmp_path):
    job, core = node_pods.job_name("w1", RUN), "/api/v1/namespaces/kube-system/"
    fake_api.objects.update({
        "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.4"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [resource("Event"), resource("Pod")]},
        "/apis": {"kind": "APIGroupList", "groups": []},
        f"{core}pods": {"apiVersion": "v1", "kind": "PodList", "items": []},
        f"{core}events": {"apiVersion": "v1", "kind": "EventList", "items": [event("Pod", f"{job}-x7k2p", FULL)]},
    })  # fmt: skip
    copy_role("node_access", lambda path: path.read_text(encoding="utf-8").replace(
        'kubernetes.core.k8s:\n        definition: "{{ hostvars[kpr_leader].node_access_jobs }}"', "ansible.builtin.debug:"))  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
        {"ansible.builtin.set_fact": {"kpr_run": RUN}, "delegate_to": "localhost", "delegate_facts": True},
        {"ansible.builtin.include_role": {"name": "node_access", "tasks_from": "open"}},
        {"ansible.builtin.debug": {"msg": "SAID {{ ansible_node_pod_problem }}"}}]}]), encoding="utf-8")  # fmt: skip
    hosts = {"all": {"vars": {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_leader": "w1", "kpr_speaker": "w1", "kpr_wave_hosts": ["w1"],
                              "kpr_node_name": "w1", "kpr_wave_settings": {"sizes": [1]}, "kpr_kubeconfig": fake_api.kubeconfig,
                              "kpr_node_pod_image": "registry.example.net/tools:1", "node_access_ready_timeout": 2}, "hosts": {"w1": {}}}}  # fmt: skip
    (tmp_path / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "K8S_AUTH_CACHE_FILE": str(tmp_path / "cache"),
                   "TMPDIR": str(tmp_path)}  # the client keeps what it has discovered
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    said = " ".join((done.stdout + done.stderr).split())
    assert f"SAID Node w1: found no way in through a pod in namespace kube-system: {FULL}" in said and "make room there" in said, said
    assert [query["fieldSelector"] for path, query in fake_api.requests if path == f"{core}events"] == ["type=Warning"]

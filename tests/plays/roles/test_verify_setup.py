# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role verify puts in a cluster for others, and takes out of it: the real main.yml, setup.yml and teardown.yml with
most of what they include, and a stand-in for the API.

Stand-ins for the role's other tasks say only that they run.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import shutil

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]

REAL = {"main.yml", "more.yml", "more_one.yml", "setup.yml", "namespace.yml", "pull_secret.yml", "put.yml", "outside_there.yml", "teardown.yml"}
VARS = {"ansible_connection": "local", "kpr_cluster": "prod", "kpr_wave_hosts": ["a", "b"], "kpr_node_name": "node-{{ inventory_hostname }}",
        "kpr_leader": "a", "kpr_speaker": "a", "verify_ready_timeout": 2, "verify_replicas": 1}  # fmt: skip
#: Reads the kind that it is asked for; what it should create it keeps, with a name where only the beginning of one is given, and what it should delete stays.
API = """#!/usr/bin/python
# WANT_JSON
import json, sys
asked = json.load(open(sys.argv[1]))
given = asked.get("definition") or []
given = given if isinstance(given, list) else [given]
with open("{created}", "a") as file:
    file.writelines(json.dumps(one) + "\\n" for one in given)
refused = json.load(open("{there}")).get("refused", {{}})
names = [one["metadata"].get("name") or "generated" for one in given] + [asked["name"] if "address" in asked else ""]
why = next((refused[name] for name in names if name in refused), None)
if why:
    print(json.dumps({{"failed": True, "msg": why}}))
elif any("generateName" in one["metadata"] for one in given):
    answer = {{"metadata": {{"name": given[0]["metadata"]["generateName"] + "x7", "data": given[0]["data"]}}}}
    print(json.dumps({{"changed": True, "result": answer, "diff": {{"before": "", "after": str(given)}}}}))
elif asked.get("state") == "absent":
    print(json.dumps({{"failed": True, "msg": "timed out waiting"}}))
else:
    print(json.dumps({{"changed": False, "resources": json.load(open("{there}")).get(asked.get("kind"), [])}}))
"""
OWNER = {"app.kubernetes.io/managed-by": "kubeproxy-free", "app.kubernetes.io/name": "kubeproxy-free-verify"}
OWN = {"metadata": {"name": "kubeproxy-free-verify", "uid": "1", "labels": OWNER}}


def pod(name, node):
    return {"metadata": {"name": name, "labels": {"app.kubernetes.io/component": name}}, "spec": {"nodeName": node},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip


def node(name, ready):
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


@pytest.fixture
def setup(tmp_path, copy_role):
    """A function that sets up in a cluster of two nodes with these pods; returns its status, which parts ran where, and all that was said, as one line.

    there: objects by kind that are there besides; part: another entry of the role; setup.created: what was created.
    """

    def text(path):
        if path.name in REAL:
            text = path.read_text(encoding="utf-8").replace("fleetops.kubeproxy_free.service_address:", "api:")
            return re.sub(r"^( +)kubernetes\.core\.k8s(_info)?:$", r"\1api:", text, flags=re.MULTILINE)
        return json.dumps([{"ansible.builtin.debug": {"msg": f"DONE {path.stem} {{{{ inventory_hostname }}}} "}}])

    copy_role("verify", text)
    shutil.copytree(ROOT / "roles" / "verify" / "templates", tmp_path / "roles" / "verify" / "templates")
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "api.py").write_text(API.format(there=tmp_path / "there.json", created=tmp_path / "created"), encoding="utf-8")
    (tmp_path / "play.yml").write_text(json.dumps([
        {"hosts": "a,b", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": {"name": "verify", "tasks_from": "{{ part }}"}}]}]),
        encoding="utf-8")  # fmt: skip

    def run(pods, hosts=(), there=(), part="setup", options=(), **variables):
        variables["part"] = part
        (tmp_path / "there.json").write_text(json.dumps({"Pod": pods, **dict(there)}), encoding="utf-8")
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": VARS, "hosts": {"a": {}, "b": {}, **dict(hosts)}}}), encoding="utf-8")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps(variables), *options, cwd=tmp_path, env=environment)
        said = " ".join((done.stdout + done.stderr).split())
        return done.returncode, set(re.findall(r"DONE (\w+ \w+)", said)), said

    run.created = lambda: [json.loads(line) for line in (tmp_path / "created").read_text(encoding="utf-8").splitlines()]
    return run


def test_a_node_without_a_client_pod_fails_where_it_is_to_be_served(setup):
    status, ran, said = setup([pod("echo", "node-a"), pod("client", "node-a")])
    assert status != 0 and "not ready: node node-b has no client pod yet" in said and "served a" in ran and "served b" not in ran, said


def test_a_node_without_a_client_pod_is_no_hindrance_where_it_stays(setup):
    status, ran, said = setup([pod("echo", "node-a"), pod("client", "node-a")], {"b": {"verify_needed": False}})
    assert status == 0 and "served a" in ran and "served b" not in ran, said


def test_servers_have_to_be_there_wherever_the_speaker_goes(setup):
    status, _ran, said = setup([pod("client", "node-b")], {"a": {"verify_needed": False}})
    assert status != 0 and "is not ready: 0 of 1 servers are ready;" in said, said


ADDRESS = {**node("node-a", "True")}
ADDRESS["status"] = {**ADDRESS["status"], "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
DEAD = {"Node": [node("node-a", "True"), node("node-b", "Unknown")]}


def test_a_dead_node_gets_no_pod_and_is_not_waited_for(setup):
    status, _ran, said = setup([pod("echo", "node-a"), pod("client", "node-a")], {"b": {"verify_needed": False}}, DEAD)
    assert status == 0 and "not all pods are ready" not in said, said
    (client,) = [one for one in setup.created() if one["kind"] == "DaemonSet"]
    required = client["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["nodeSelectorTerms"] == [{"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["node-b"]}]}]


def test_servers_run_on_linux_and_tolerate_what_they_are_told_to_and_no_client_is_remembered_for_long(setup):
    pool = {"key": "dedicated", "value": "shop: one", "effect": "NoSchedule"}
    status, _ran, said = setup([pod("echo", "node-a"), pod("client", "node-a"), pod("client", "node-b")], kpr_test_tolerations=[pool])
    assert status == 0, said
    echo, client = [one["spec"]["template"]["spec"] for one in setup.created() if one["kind"] in ("Deployment", "DaemonSet")]
    assert [spec.get("nodeSelector") for spec in (echo, client)] == [{"kubernetes.io/os": "linux"}] * 2 and "imagePullSecrets" not in echo
    control_plane = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
    assert pool in echo["tolerations"] and control_plane in echo["tolerations"] and client["tolerations"] == [{"operator": "Exists"}]
    (sticky,) = [one["spec"] for one in setup.created() if one["kind"] == "Service" and one["spec"].get("sessionAffinity")]
    assert sticky["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"] == 60, "a client that an earlier proof has left is led astray"


AUTHS = {"registry.example.net": {"username": "eve", "password": "open-sesame"}}


def test_a_registry_gets_its_password_and_nobody_else(setup):
    pods = [pod("echo", "node-a"), pod("client", "node-a"), pod("client", "node-b")]
    status, _ran, said = setup(pods, options=["--diff", "-vvv"], kpr_test_image_pull_auths=AUTHS)
    assert status == 0, said
    kinds = [one["kind"] for one in setup.created()]
    assert kinds[:2] == ["Namespace", "Secret"] and kinds.count("Secret") == 1
    secret = setup.created()[1]
    content = secret["data"][".dockerconfigjson"]
    assert secret["type"] == "kubernetes.io/dockerconfigjson" and json.loads(base64.b64decode(content)) == {"auths": AUTHS}
    assert secret["metadata"]["namespace"] == setup.created()[0]["metadata"]["name"] and "name" not in secret["metadata"]
    specs = [one["spec"]["template"]["spec"] for one in setup.created() if one["kind"] in ("Deployment", "DaemonSet")]
    assert [spec["imagePullSecrets"] for spec in specs] == [[{"name": "registry-x7"}]] * 2
    playing = said.split("PLAYBOOK", 1)[1]  # the command line has it, from this test
    assert content not in playing and "open-sesame" not in playing


def test_a_secret_that_may_not_be_created_stops_it_before_there_is_a_pod(setup):
    status, _ran, said = setup([], there={"refused": {"generated": "secrets is forbidden"}}, kpr_test_image_pull_auths=AUTHS)
    assert status != 0 and "found no way to create a Secret in namespace kubeproxy-free-verify (secrets is forbidden), expected" in said, said
    assert "kubectl apply -f rbac/kubeproxy-free-pull-secret.yml" in said
    assert [one["kind"] for one in setup.created()] == ["Namespace", "Secret"]


READY = [pod("echo", "node-a"), pod("client", "node-a"), pod("client", "node-b")]


def test_what_a_cluster_refuses_of_its_own_accord_is_left_out_and_said(setup):
    status, _ran, said = setup(READY, there={"Node": [ADDRESS], "refused": {"external": "no external IPs here"}}, part="main")
    assert status == 0, said
    assert "Service kubeproxy-free-verify/external was not probed: it could not be created: no external IPs here" in said, said


@pytest.mark.parametrize(("refused", "settings", "named"), [
    ({"balanced": "may not update services/status", "admitted": "nor this"}, {"verify_load_balancer_ip": "10.0.0.9"}, "Service kubeproxy-free-verify/balanced"),
    ({"external": "may not update services/status"}, {"verify_external_ip": "10.0.0.9"}, "Service kubeproxy-free-verify/external"),
    ({"hostport": "may not update services/status"}, {"verify_host_port": 99, "verify_served_by": "cilium"}, "DaemonSet kubeproxy-free-verify/hostport"),
])  # fmt: skip
def test_what_a_setting_asks_for_and_cannot_be_had_fails(setup, refused, settings, named):
    status, _ran, said = setup(READY, there={"Node": [ADDRESS], "refused": refused}, part="main", **settings)
    ((setting, value), *_more) = settings.items()
    assert status != 0 and f"Cluster prod: {setting} is {value}, and {named} was not probed (it could not be created: may not update" in said, said
    assert f"or leave {setting} out" in said and "created: nor this); expected" not in said


def test_what_a_dead_node_keeps_from_going_does_not_hold_up_an_end(setup):
    status, _ran, said = setup([], there={**DEAD, "Namespace": [OWN]}, part="teardown")
    assert status == 0 and "it is gone when node-b, where pods of it were, is back" in said, said
    status, _ran, said = setup([], there={"Namespace": [OWN]}, part="teardown")
    assert status != 0 and "kubeproxy-free-verify is not gone (timed out waiting), within 600 s" in said, said


def test_what_a_dead_node_keeps_from_going_is_not_used_again(setup):
    status, _ran, said = setup([], there={**DEAD, "Namespace": [OWN]})
    assert status != 0 and "since its pods on node-b do not end" in said and "kubectl delete node node-b" in said, said

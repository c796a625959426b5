# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of the role kubeadm_init with stand-ins for what changes a node: that no token is left behind, packages of a fresh
image, containerd's configuration, and the kubeconfig."""

from __future__ import annotations

import json
import os
import pathlib
import shutil

import pytest
import yaml
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import node
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]

#: A package manager that has these packages (FOUND) as soon as it has read its sources.
PACKAGES = """#!/usr/bin/python
import json
from ansible.module_utils.basic import AnsibleModule
module = AnsibleModule({"name": {"type": "list"}, "state": {}, "update_cache": {"type": "bool"}}, supports_check_mode=True)
if not module.params["update_cache"] or not set(module.params["name"]) <= set(FOUND):
    module.fail_json(msg="No package matching")
module.exit_json(changed=True, msg="INSTALLED " + " ".join(module.params["name"]))
"""
VARS = {"ansible_connection": "local", "kpr_cluster": "prod", "kpr_cluster_hosts": ["a", "b"],
        "kpr_wave_hosts": ["a", "b"], "kpr_leader": "a", "kpr_speaker": "a"}  # fmt: skip


def play(folder, tasks, *words, **variables):
    """Runs these files of the role ({name: tasks}), with its real variables; returns (status, what was said, as one line)."""
    role = folder / "roles" / "kubeadm_init"
    for part in ("vars", "defaults", "templates"):
        shutil.copytree(ROOT / "roles" / "kubeadm_init" / part, role / part)
    (role / "tasks").mkdir()
    for name, content in tasks.items():
        (role / "tasks" / f"{name}.yml").write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    (folder / "ansible.cfg").touch()
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": {**VARS, **variables}, "hosts": {"a": {}, "b": {}}}}), encoding="utf-8")
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": ["kubeadm_init"]}]), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-v", "-i", "hosts.json", "play.yml", *words, cwd=folder, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def role_tasks(name):
    return (ROOT / "roles" / "kubeadm_init" / "tasks" / f"{name}.yml").read_text(encoding="utf-8")


def leader(**facts):
    return {"ansible.builtin.set_fact": facts, "delegate_to": "{{ kpr_leader }}", "delegate_facts": True}


@pytest.mark.parametrize("ready", [True, False])
def test_the_token_goes_whatever_comes_after_it(tmp_path, ready):
    status, said = play(tmp_path, {
        "main": role_tasks("main"), "stage": role_tasks("stage"), "look": [leader(kubeadm_init_plan={"joins": ["b"]})],
        "cluster": [leader(kubeadm_init_secrets={"token": "abcdef.secret"}, **{"kubeadm_init_ready": True} if ready else {"kubeadm_init_fault": "no upload"})],
        "join": [{"ansible.builtin.debug": {"msg": "JOINED"}}],
        "kubeadm": [{"ansible.builtin.debug": {"msg": "RAN {{ __kubeadm_init_words | join(' ') }}"}}]})  # fmt: skip
    assert said.count("RAN token delete abcdef") == 1, said
    assert ("JOINED" in said) == ready and ("Cluster prod: no upload" in said) == (not ready) and (status == 0) == ready


def said_by(folder, monkeypatch, program, words):
    """A program of that name that reads what it is given, says only these words and fails."""
    path = folder / "programs" / program
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{words}' >&2\nexit 1\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)


def test_what_kubeadm_says_comes_with_what_to_look_at(tmp_path, monkeypatch):
    said_by(tmp_path, monkeypatch, "kubeadm", "it cannot")
    run = {"ansible.builtin.include_tasks": "kubeadm.yml", "vars": {"__kubeadm_init_words": ["token", "create", "--ttl", "9m"]},
           "when": "inventory_hostname == 'a'"}  # fmt: skip
    status, said = play(tmp_path, {"main": [leader(kubeadm_init_plan={"first": "a"}), run], "kubeadm": role_tasks("kubeadm")})
    assert status != 0 and "node a: kubeadm token create failed, expected status 0. It said: it cannot. See on that node whether its API" in said, said


@pytest.mark.parametrize("status, told", [(0, ""), (1, "Node a: kubeadm join failed, expected a member of cluster prod. It said: no room")])
def test_a_join_leaves_neither_its_token_nor_what_an_init_that_failed_there_left(tmp_path, monkeypatch, status, told):
    """kubeadm reset leaves the latter, which says of a member that init did not end there."""
    kept, program = tmp_path / "kept", tmp_path / "programs" / "kubeadm"
    for path, text in ((kept / "kubeadm-init.yaml", ""), (program, f"#!/bin/sh\ncp {kept}/* {tmp_path}\necho no room >&2\nexit {status}\n")):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    facts = [leader(kubeadm_init_secrets={"token": "abcdef.secret", "ca_hash": "sha256:1", "certificate_key": "2"}),
             {"ansible.builtin.set_fact": {"__kubeadm_init_identity": {"name": "a", "addresses": [], "cri_socket": "unix:///run/c.sock"}}}]  # fmt: skip
    ended, said = play(tmp_path, {"main": [*facts, {"ansible.builtin.include_tasks": "join.yml"}], "join": role_tasks("join").replace(
        "/var/lib/kubeproxy-free", str(kept)).replace("/etc/kubernetes", str(tmp_path))}, "--limit", "a", kpr_control_plane=True,
        kpr_control_plane_endpoint="api:6443", kubeadm_init_version="1.34.4")  # fmt: skip
    assert (ended != 0) == bool(status) and told in said, said
    assert "abcdef.secret" in (tmp_path / "kubeadm-join.yaml").read_text(encoding="utf-8") and list(kept.iterdir()) == []


CHART = {"kubeadm_init_cilium_version": "1.19.1", "kubeadm_init_version": "1.34.4", "kubeadm_init_control_planes": ["a"]}


def chart(folder, **values):
    """What is kept as the fault of the cluster."""
    show = {"ansible.builtin.debug": {"msg": "FAULT {{ hostvars.a.kubeadm_init_fault | default('none') }}"}}
    main = [{"ansible.builtin.include_tasks": "chart.yml", "when": "inventory_hostname == 'a'"}, show]
    return play(folder, {"main": main, "chart": role_tasks("chart")}, **CHART, kpr_control_plane=True, kpr_control_plane_endpoint="api:6443", **values)[1]


def test_a_chart_that_helm_does_not_find_is_told_with_where_to_look(tmp_path, monkeypatch):
    said_by(tmp_path, monkeypatch, "helm", "Error: no such chart.")
    said = chart(tmp_path, kpr_cilium_chart_ref="cilium", kpr_cilium_chart_repo_url="https://charts.example.net")
    assert "FAULT Helm cannot render chart cilium 1.19.1 (nothing was changed): Error: no such chart. Expected a chart that takes" in said, said
    assert "helm show chart cilium --version 1.19.1 --repo https://charts.example.net; if not, set kpr_cilium_chart_ref" in said, said


def test_what_is_wrong_with_values_ends_with_what_to_use(tmp_path, monkeypatch):
    said_by(tmp_path, monkeypatch, "helm", "not asked")
    said = chart(tmp_path, kpr_cilium_values={"loadBalancer": {"mode": "fast"}})
    assert "FAULT Helm values for chart 1.19.1: loadBalancer.mode: found" in said and ". use one of " in said and "Use: use" not in said, said


#: Lists three of its images as kubeadm does.
KUBEADM = """#!/bin/sh
[ "$*" = "config images list --image-repository=registry.local/k8s --kubernetes-version=1.34.4" ] || exit 1
printf 'registry.local/k8s/%s\\n' kube-apiserver:v1.34.4 pause:3.10.1 etcd:3.6.4-0
"""


@pytest.mark.parametrize("cluster, image", [({}, ""), ({"imageRepository": "registry.local/k8s"}, "registry.local/k8s/pause:3.10.1")])
def test_containerd_takes_its_own_image_from_where_kubeadm_takes_its(tmp_path, monkeypatch, cluster, image):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kubeadm").write_text(KUBEADM, encoding="utf-8")
    (programs / "kubeadm").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    *configure, _restart = next(one["block"] for one in yaml.safe_load(role_tasks("install").replace("/etc/containerd", f"{tmp_path}/etc"))
                                if "Start containerd" in one["name"])  # fmt: skip
    status, said = play(tmp_path, {"main": configure}, "--limit", "a", kubeadm_init_cluster_configuration=cluster, kubeadm_init_version="1.34.4")
    written = (tmp_path / "etc" / "config.toml").read_text(encoding="utf-8")
    assert status == 0 and node.containerd(written)["sandbox_image"] == image, said
    assert '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"' in written, written


#: What kubeadm 1.34 writes, without its secrets.
ADMIN = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QUJD
    server: https://127.0.0.1:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: QUJD
"""


def kubeconfig(folder, **variables):
    """Runs those tasks with files of this folder in the place of a control plane's, and asks once where the role asks twenty times."""
    (folder / "admin.conf").write_text(ADMIN, encoding="utf-8")
    (folder / "ca.crt").write_text("ABC", encoding="utf-8")
    tasks = role_tasks("kubeconfig").replace("/etc/kubernetes/pki/", f"{folder}/").replace("/etc/kubernetes/", f"{folder}/")
    tasks = tasks.replace("retries: 20", "retries: 0")
    run = {"ansible.builtin.include_tasks": "kubeconfig.yml", "when": "inventory_hostname == 'a'"}
    return play(folder, {"main": [leader(kubeadm_init_plan={"first": "a", "begin": False}), run], "kubeconfig": tasks},
                kpr_api_server_host="127.0.0.1", kpr_api_server_port=1, kpr_kubeconfig=str(folder / "kubeconfig"), **variables)  # fmt: skip


@pytest.mark.parametrize("wanted, name", [
    ({}, "kubernetes-admin@kubernetes"), ({"kpr_context": "stage-1-admin"}, "stage-1-admin"), ({"kpr_context": "1"}, "1"),
])  # fmt: skip
def test_the_kubeconfig_has_the_context_that_the_inventory_names(tmp_path, wanted, name):
    kubeconfig(tmp_path, **wanted)
    written = yaml.safe_load((tmp_path / "kubeconfig").read_text(encoding="utf-8"))
    assert written["contexts"] == [{"name": name, "context": {"cluster": "kubernetes", "user": "kubernetes-admin"}}] and written["current-context"] == name
    assert written["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1" and written["users"] == yaml.safe_load(ADMIN)["users"]


def test_a_kubeconfig_without_the_context_stays_and_is_told_with_what_to_look_at(tmp_path):
    (tmp_path / "kubeconfig").write_text(ADMIN, encoding="utf-8")
    status, said = kubeconfig(tmp_path, kpr_context="stage-1-admin")
    assert status != 0 and (tmp_path / "kubeconfig").read_text(encoding="utf-8") == ADMIN
    assert f"{tmp_path}/kubeconfig on the controller: found no way into the cluster (" in said and "stage-1-admin" in said, said
    assert f"See: kubectl --kubeconfig {tmp_path}/kubeconfig config get-contexts; set kpr_kubeconfig (and kpr_context)" in said, said


def install(folder, *words, found=("kubeadm", "kubelet"), manager="stand_in", **variables):
    (folder / "library").mkdir()
    (folder / "library" / "stand_in.py").write_text(PACKAGES.replace("FOUND", repr(found)), encoding="utf-8")
    return play(folder, {"main": yaml.safe_load(role_tasks("install"))[:1]}, *words, ansible_package_use=manager, **variables,
                kubeadm_init_packages=["kubeadm", "kubelet", "containerd"], kubeadm_init_seen={"facts": {"programs": {"containerd": "1.7"}}})  # fmt: skip


def test_a_fresh_image_reads_its_package_sources_first(tmp_path):
    status, said = install(tmp_path)
    assert status == 0 and said.count("INSTALLED kubeadm kubelet") == 2, said


@pytest.mark.parametrize("manager, variables, told", [
    ("dnf", {}, '"kubernetes"'), ("dnf5", {"kubeadm_init_disable_excludes": "ours"}, '"ours"'), ("dnf", {"kubeadm_init_disable_excludes": ""}, "null"),
])  # fmt: skip
def test_dnf_is_told_whose_excludes_do_not_count(tmp_path, monkeypatch, manager, variables, told):
    """The real modules, in check mode, say what they were given, and fail where there is no dnf; what dnf itself makes of it is not shown here."""
    monkeypatch.setenv("ANSIBLE_INJECT_INVOCATION", "1")
    _status, said = install(tmp_path, "--check", "-vvv", manager=manager, **variables)
    assert f'"disable_excludes": {told}' in said, said


def test_packages_that_are_not_to_be_had_are_named(tmp_path):
    status, said = install(tmp_path, found=("kubeadm",))
    assert status != 0 and "Node a: found no way to install kubeadm, kubelet (No package matching), expected" in said, said


def test_check_mode_reads_nothing_anew_and_does_not_say_that_they_are_missing(tmp_path):
    status, said = install(tmp_path, "--check")
    assert status == 0 and "INSTALLED" not in said, said

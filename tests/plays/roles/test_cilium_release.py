# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real tasks of the role cilium with a stand-in for Helm, whose release holds secrets: what is shown of it, with the most words that Ansible has."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
SECRET = "c2VjcmV0"
VALUES = {"clustermesh": {"useAPIServer": False, "apiserver": {"tls": {"server": {"key": SECRET}}}}, "bpf": {"lbMapMax": 1024}, "etcd": {"password": SECRET}}
HELM = """#!/bin/sh
case "$*" in
  version) echo 'version.BuildInfo{Version:"v3.18.0", GitCommit:""}';;
  *list*) [ -z "$REFUSES" ] || { echo "Error: Kubernetes cluster unreachable" >&2; exit 1; }
          STATUS=${STATUS:-deployed}
          case "$STATUS $*" in deployed*|pending*--pending*) ;; *) echo '[]'; exit;; esac # as Helm 3 does
          echo '[{"name": "cilium", "namespace": "kube-system", "revision": "1", "status": "'$STATUS'", "chart": "cilium-1.19.1", "app_version": "1.19.1"}]';;
  *"get values"*) echo '%s';;
  *"show chart"*) printf "name: cilium\\nversion: ${CHART:-1.19.2}\\nappVersion: ${CHART:-1.19.2}\\n";;
  *"plugin list"*) echo;;
  *upgrade*) echo "Error: UPGRADE FAILED: another operation is in progress" >&2; exit 1;;
  *) echo;;
esac
"""


def run(folder, *words, values=(), **environment):
    helm = folder / "helm"
    helm.write_text(HELM % json.dumps(VALUES))
    helm.chmod(0o755)
    (folder / "kubeconfig").write_text('{"apiVersion": "v1", "kind": "Config"}')
    variables = {"kpr_cluster": "demo", "cilium_helm_binary": str(helm), "cilium_version": "1.19.2", "cilium_kubeconfig": str(folder / "kubeconfig"),
                 "cilium_chart_ref": "cilium/cilium", "cilium_values_step": dict(values)}  # fmt: skip
    (folder / "play.yml").write_text(json.dumps([
        {"hosts": "localhost", "gather_facts": False, "vars": variables,
         "tasks": [{"ansible.builtin.include_role": {"name": "fleetops.kubeproxy_free.cilium"}}]}]))  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **environment}
    done = ansible_playbook("-vvv", "-i", "localhost,", "-c", "local", folder / "play.yml", *words, cwd=ROOT, env=environment)
    output = done.stdout + done.stderr
    assert SECRET not in output
    return done.returncode, output


def test_what_changes_is_shown_leaf_by_leaf_with_the_charts_version(tmp_path):
    code, output = run(tmp_path, "--check", "--diff", values={"clustermesh": {"useAPIServer": True}, "bpf": {"lbMapMax": 1024}, "etcd": {"password": "bmV3"}})
    assert code == 0, output
    changed = {" ".join(line.split()) for line in output.splitlines() if line.strip().startswith(("-", "+")) and "@@" not in line}
    assert {"-chart: 1.19.1", "+chart: 1.19.2"} <= changed, changed
    assert {"- clustermesh.useAPIServer: false", "+ clustermesh.useAPIServer: true"} <= changed, changed
    assert "bmV3" not in output and any("etcd.password: (hidden, another one)" in line for line in changed)
    assert not any("lbMapMax" in line for line in changed)


def test_what_helm_refuses_is_told_without_the_values(tmp_path):
    code, output = run(tmp_path)
    assert code != 0 and "Helm did not set its values, Error: UPGRADE FAILED: another operation is in progress" in " ".join(output.split()), output


def test_where_nothing_changes_a_roll_out_that_an_earlier_run_did_not_see_the_end_of_is_waited_for(tmp_path):
    code, output = run(tmp_path, "-e", "cilium_version=1.19.1", "-e", "cilium_rollout_timeout=1", CHART="1.19.1")
    assert "another operation is in progress" not in output, "nothing is to be changed"
    assert code != 0 and "TASK [fleetops.kubeproxy_free.cilium : rollout | Wait for the operator]" in output, "there is no API server that could tell"


def test_a_password_in_the_charts_address_is_refused_and_shown_to_nobody(tmp_path):
    code, output = run(tmp_path, "--check", "-e", f"kpr_cilium_chart_repo_url=https://me:{SECRET}@charts.example.net")
    assert code != 0 and "found a user or a password in kpr_cilium_chart_repo_url" in " ".join(output.split()), output


def test_a_release_that_cannot_be_read_is_told(tmp_path):
    code, output = run(tmp_path, REFUSES="1")
    assert code != 0 and "it could not be read, Error: Kubernetes cluster unreachable" in " ".join(output.split()), output


@pytest.mark.parametrize(("status", "remedy"), [("pending-upgrade", "rollback cilium REVISION"), ("pending-install", "uninstall cilium")])
def test_a_release_whose_change_was_cut_off_is_refused_with_the_way_out(tmp_path, status, remedy):
    code, output = run(tmp_path, "--check", STATUS=status)
    said = " ".join(output.split())
    assert code != 0 and f"its status is {status}, expected deployed" in said and f"-n kube-system {remedy}; then run the same" in said, output

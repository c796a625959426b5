# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values the role monitoring sets, by its real variables, for a release as the role cilium would have read it; and where it sets them, by its real
switch_on.yml and stand-ins for the roles that it includes, which say only what they are told."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess

import pytest

ROLE = pathlib.Path(__file__).resolve().parents[3] / "roles" / "monitoring"
MONITOR = {"enabled": True, "port": 9090, "serviceMonitor": {"enabled": True, "labels": {"team": "a"}}}
KIND = ["ServiceMonitor"]
#: what roles that it includes are told of the cluster
TOLD = {"cilium": ["cilium_kubeconfig", "cilium_context", "cilium_namespace"], "handover": ["handover_kubeconfig", "handover_context"],
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
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", *words], cwd=tmp_path, text=True, capture_output=True,
                          env={**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "said.json").read_text(encoding="utf-8")) == [{"prometheus": values}, kinds]


def test_what_is_read_and_what_is_changed_is_one_cluster(tmp_path, copy_role):
    def text(path):
        made = path.read_text(encoding="utf-8") if path.name == "switch_on.yml" else "[]"
        return made.replace("name: fleetops.kubeproxy_free.", "name: ")

    copy_role("monitoring", text)
    for role, names in TOLD.items():
        copy_role(role, lambda _path, names=names: json.dumps([{"ansible.builtin.debug": {"msg": f"AT {{{{ [{', '.join(names)}] | join(' ') }}}}"}}]))
    tasks = [{"ansible.builtin.set_fact": {"cilium_chart_version": "1.19.1"}},
             {"ansible.builtin.include_role": {"name": "monitoring", "tasks_from": "switch_on"}}]  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    own = {"kpr_leader": "localhost", "monitoring_kubeconfig": "api", "monitoring_helm_kubeconfig": "helm", "monitoring_context": "staging",
           "monitoring_cilium_namespace": "cilium"}  # fmt: skip
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "-e", json.dumps(own)], cwd=tmp_path, text=True,
                          capture_output=True, env={**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r'"msg": "AT (.+)"', done.stdout)
    assert told == [*["api staging"] * 3, *["helm staging cilium"] * 2, "api staging"], done.stdout

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the role verify where the host outside or cilium-cli is not what it should be: the real main.yml and what looks at both.

Stand-ins for what needs a cluster say only that they run, and leave the facts that the others go by.
"""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]

REAL = {"main.yml", "outside_there.yml", "cilium_cli.yml", "cilium_cli_there.yml"}
#: Port 1 of loopback stands for a host that does not answer.
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
VARS = {"ansible_connection": "local", "kpr_cluster": "prod", "kpr_wave_hosts": ["a", "b"],
        "kpr_node_name": "{{ inventory_hostname }}", "kpr_leader": "a", "kpr_speaker": "a"}  # fmt: skip
LEFT_OUT = [{"service": "shop/web:http", "why": "it has no ready endpoint"}, {"service": "LoadBalancer IP", "why": "none is given"}]
#: The API server is away when it is asked first, and back then.
LOCK = """#!/usr/bin/python
# WANT_JSON
import json, os, sys
asked, given = "{asked}", json.load(open(sys.argv[1]))
first = not os.path.exists(asked)
open(asked, "w").close()
print(json.dumps({{"failed": True, "msg": "no answer"}} if first else {{"failed": True, "lost": True, "msg": "lost"}} if given["steal"] else {{}}))
"""
FACTS = {"put": {"verify_plans": {"a": {"skipped": [LEFT_OUT[0]]}}, "verify_left_out": LEFT_OUT}, "probe": {"verify_result": {"targets": []}}}
CILIUM_CLI = """#!/bin/sh
echo "$*" >> "$0.calls"
echo "$KUBECONFIG" > "$0.kubeconfig"
case "$*" in
  *--help) echo '      --force-deploy   as it says'; [ -z "$CLEANS" ] || echo '      --cleanup   as it says' ;;
  *--cleanup*) echo 'cannot delete' >&2; exit 1 ;;
  version*) echo 'cilium-cli: v0.18.5' ;;
esac
"""


@pytest.fixture
def verify(tmp_path, copy_role):
    """A function that runs the role; returns its status, the parts that ran on the speaker, and all that was said, as one line."""

    def text(path):
        if path.name in REAL:
            return path.read_text(encoding="utf-8")
        if path.name == "lock.yml":
            return json.dumps([{"ansible.builtin.debug": {"msg": "DONE lock "}, "when": "inventory_hostname == kpr_speaker"},
                               {"ansible.builtin.set_fact": {"verify_refused": "it is another run's"},
                                "when": "lost | default(false) and __verify_lock_state == 'renewed' and inventory_hostname == kpr_leader"}])  # fmt: skip
        return json.dumps([{"ansible.builtin.debug": {"msg": f"DONE {path.stem} "}, "when": "inventory_hostname == kpr_speaker"},
                           {"ansible.builtin.set_fact": FACTS.get(path.stem, {"nothing": True})}])  # fmt: skip

    copy_role("verify", text)
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "a,b", "gather_facts": False, "roles": ["verify"]}]), encoding="utf-8")
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": VARS, "hosts": {"a": {}, "b": {}, "away": AWAY}}}), encoding="utf-8")

    def run(environment=(), **variables):
        settings = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **dict(environment)}
        done = ansible_playbook("-i", "hosts.json", "play.yml", "-e", json.dumps(variables), cwd=tmp_path, env=settings)
        said = " ".join((done.stdout + done.stderr).split())
        return done.returncode, [part.split(" ", 1)[0] for part in said.split("DONE ")[1:]], said

    return run


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "cilium"
    path.write_text(CILIUM_CLI, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_host_outside_that_is_away_is_named_before_anything_is_created(verify):
    status, ran, said = verify(verify_outside_host="away", verify_report_dir="out")
    assert status != 0 and ran == ["lock", "served", "report", "lock", "teardown", "unlock"], said
    assert "Cluster prod: found no way to the host outside, away (" in said and "See: ansible -i INVENTORY away -m ansible.builtin.ping" in said


def test_a_host_outside_that_answers_is_no_hindrance(verify):
    status, ran, said = verify(verify_outside_host="localhost")
    assert status == 0 and ran == ["lock", "namespace", "put", "served", "probe", "lock", "teardown", "unlock"], said


def test_what_was_left_out_is_said_with_its_reason(verify):
    _status, _ran, said = verify()
    assert said.count("shop/web:http was not probed: it has no ready endpoint") == 1 and "LoadBalancer IP was not probed: none is given" in said, said


@pytest.mark.parametrize("setting", ["verify_load_balancer_ip", "verify_external_ip"])
def test_what_is_no_address_is_refused_before_anything_is_created(verify, setting):
    status, ran, said = verify(**{setting: "10.0.0.300"})
    assert status != 0 and f"Cluster prod: found {setting}: 10.0.0.300; expected IP addresses. No workload was created. Correct" in said, said
    assert "namespace" not in ran and "put" not in ran


@pytest.mark.parametrize("settings", [{"verify_load_balancer_ip": "2001:db8::1", "verify_external_ip": "10.0.0.3"}, {"verify_external_ip": ""}])
def test_addresses_are_no_hindrance(verify, settings):
    status, ran, said = verify(**settings)
    assert status == 0 and "put" in ran, said


def test_what_another_run_has_put_in_meanwhile_stays(verify):
    status, ran, said = verify(lost=True)
    assert status != 0 and ran == ["lock", "namespace", "put", "served", "probe", "lock"] and "it is another run's" in said, said
    status, ran, said = verify(lost=True, verify_outside_host="away")
    assert status != 0 and ran == ["lock", "served", "lock"] and "it is another run's Cluster prod: found no way to the host outside" in said, said


@pytest.mark.parametrize(("state", "steal", "refused"), [
    ("held", False, "Cluster prod: no answer"), ("renewed", False, ""), ("renewed", True, "Cluster prod: lost")])  # fmt: skip
def test_a_lease_is_renewed_once_the_api_server_is_back(tmp_path, state, steal, refused):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "lock.py").write_text(LOCK.format(asked=tmp_path / "asked"), encoding="utf-8")
    text = (ROOT / "roles" / "verify" / "tasks" / "lock.yml").read_text(encoding="utf-8").replace("fleetops.kubeproxy_free.cluster_lock:", "lock:")
    (tmp_path / "lock.yml").write_text(text, encoding="utf-8")
    more = {"verify_kubeconfig": "x", "verify_context": "x", "verify_steal_lock": steal, "__verify_lock_state": state, "__verify_lock_for": 9, "kpr_run": "r"}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": {**VARS, **more}, "hosts": {"a": {}, "localhost": {}}}}), encoding="utf-8")
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "a", "gather_facts": False, "tasks": [
        {"ansible.builtin.include_tasks": "lock.yml"}, {"ansible.builtin.debug": {"msg": "REFUSED {{ verify_refused | default('') }}~"}}]}]), encoding="utf-8")
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env={**os.environ, "ANSIBLE_NOCOLOR": "1"})
    assert done.returncode == 0 and f"REFUSED {refused}~" in done.stdout, done.stdout + done.stderr


def test_a_cilium_cli_that_cannot_clean_up_is_refused_before_anything_is_created(verify, program):
    status, ran, said = verify(verify_cilium_cli=str(program))
    assert status != 0 and "put" not in ran and "without 'connectivity test --cleanup' (cilium-cli: v0.18.5), expected a cilium-cli of" in said, said


def test_what_cilium_cli_cannot_clean_up_is_told_and_the_report_is_written(verify, program, tmp_path):
    status, ran, said = verify({"CLEANS": "1"}, verify_cilium_cli=str(program), verify_cilium_cli_options=["--test-namespace=own"],
                               verify_report_dir=str(tmp_path))  # fmt: skip
    assert status != 0 and ran[-4:] == ["report", "lock", "teardown", "unlock"], said
    assert "connectivity test --cleanup failed" in said and "cannot delete" in said
    assert pathlib.Path(f"{program}.calls").read_text(encoding="utf-8").splitlines()[-1].endswith("--cleanup --test-namespace=own")


def test_cilium_cli_finds_a_kubeconfig_that_is_named_from_the_home_folder(verify, program):
    verify({"CLEANS": "1"}, verify_cilium_cli=str(program), kpr_kubeconfig="~/.kube/prod")
    assert pathlib.Path(f"{program}.kubeconfig").read_text(encoding="utf-8").strip() == os.path.expanduser("~/.kube/prod")

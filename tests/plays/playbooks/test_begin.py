# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes still have a way to go, and in what order: the real begin.yml and place.yml of the role handover, its real interface and variables.

Stand-ins for the steps of the whole cluster do nothing.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
REAL = {"begin.yml", "place.yml", "step.yml", "cluster.yml"}
LABEL = "kubeproxy-free.fleetops.io"


@pytest.fixture
def places(tmp_path):
    """A function that begins with a cluster of these nodes ({name: (labels, whether its rules are clean)}); returns what the plan of the waves gets."""
    role = tmp_path / "roles" / "handover"
    for folder in ("vars", "defaults", "meta"):
        shutil.copytree(ROOT / "roles" / "handover" / folder, role / folder)
    (role / "tasks").mkdir()
    for path in (ROOT / "roles" / "handover" / "tasks").glob("*.yml"):
        (role / "tasks" / path.name).write_text(path.read_text(encoding="utf-8") if path.name in REAL else "[]", encoding="utf-8")
    (tmp_path / "ansible.cfg").touch()

    def begin(nodes, *words, phase="prepared", agents=None):
        own = {name: {"kpr_node_name": name, "preflight_node_facts": {"rules": {"clean": clean}}} for name, (_labels, clean) in nodes.items()}
        shared = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_cluster_hosts": list(nodes), "kpr_leader": next(iter(nodes)),
                  "kpr_wave_settings": {}}  # fmt: skip
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": own, "vars": shared}}), encoding="utf-8")
        known = {"preflight_cluster_facts": {"agents": agents}, "handover_locked": True, "handover_phase": phase,
                 "handover_labels": {name: labels for name, (labels, _clean) in nodes.items()}}
        (tmp_path / "play.yml").write_text(json.dumps([{
            "hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
            "tasks": [
                {"ansible.builtin.set_fact": known},
                {"ansible.builtin.include_role": {"name": "handover", "tasks_from": "begin"}},
                {"ansible.builtin.debug": {"msg": "PLACE {{ handover_place | to_json }}"}},
            ],
        }]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", *words, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        found = [json.loads(json.loads(f'"{text}"')) for text in re.findall(r'"msg": "PLACE (.*)"', done.stdout)]
        return {place["host"]: place for place in found}

    return begin


@pytest.mark.parametrize(("words", "stays"), [
    (("-e", "kpr_exclude_labels=gpu=true"), {"a"}),
    (("-e", json.dumps({"kpr_exclude_labels": "zone, gpu=true"})), {"a", "b"}),
    (("-e", json.dumps({"kpr_exclude_labels": ["gpu=true"]})), {"a"}),
    (("-e", "kpr_exclude_labels="), set()),
    ((), set()),
])  # fmt: skip
def test_nodes_with_an_excluded_label_stay_whether_it_is_given_as_text_or_as_a_list(places, words, stays):
    found = places({"a": ({"gpu": "true"}, False), "b": ({"zone": "z", "gpu": "false"}, False), "c": ({"rack": "r"}, False)}, *words)
    assert {name for name, place in found.items() if not place["pending"]} == stays
    assert all(place["order"] == [] for place in found.values())


@pytest.mark.parametrize("words", ["kpr_node_order=zone,rack", json.dumps({"kpr_node_order": ["zone", "rack"]})])
def test_the_order_is_by_the_values_of_labels_whether_they_are_given_as_text_or_as_a_list(places, words):
    found = places({"a": ({"zone": "z", "rack": "7"}, False), "b": ({"rack": "8"}, False)}, "-e", words)
    assert {name: place["order"] for name, place in found.items()} == {"a": ["z", "7"], "b": ["", "8"]}


def test_a_node_that_has_moved_and_has_rules_of_kube_proxys_again_goes_through_its_wave_once_more(places):
    moved = {f"{LABEL}/state": "moved", f"{LABEL}/replacement": "on"}
    found = places({"a": (moved, True), "b": (moved, False), "c": ({}, False)})
    assert {name: (place["pending"], place["started"], place["done"]) for name, place in found.items()} == {
        "a": (False, False, True), "b": (True, True, False), "c": (True, False, False)}  # fmt: skip
    settled = places({"a": ({}, True), "b": ({}, False)}, phase="settled")
    assert {name: place["pending"] for name, place in settled.items()} == {"a": False, "b": True}


def test_a_node_whose_agent_leaves_services_to_kube_proxy_moves_again_whatever_its_label_says(places):
    moved = {f"{LABEL}/replacement": "true", f"{LABEL}/state": "moved"}
    agents = {name: {"kube_proxy_replacement": {"enabled": enabled}} for name, enabled in (("a", True), ("b", False), ("c", None))}
    found = places({name: (moved, True) for name in "abcd"}, agents=agents)
    assert {name for name, place in found.items() if place["pending"]} == {"b"}, "c did not answer, d has no agent"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts close the way into the nodes, in the real tasks/close.yml and role; instead of the modules that ask the API one that writes down who asked."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
import yaml
from playbook_run import ansible_playbook

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "playbooks"
INVENTORY = {"all": {"vars": {"ansible_connection": "local", "kpr_node_access": "pod", "kpr_kubeconfig": "/nowhere"}, "children": {
    "a": {"vars": {"kpr_cluster": "a"}, "hosts": {"a1": {}, "a2": {}}}, "b": {"vars": {"kpr_cluster": "b"}, "hosts": {"b1": {}}}}}}  # fmt: skip


def closes(play):
    """What the play says of being the last one: true, false, or None where it does not close."""
    always = [task for outer in play.get("tasks", []) for task in outer.get("always", [])]
    return next((task["vars"]["kpr_last_play"] for task in always if task.get("ansible.builtin.import_tasks") == "tasks/close.yml"), None)


@pytest.mark.parametrize("name", [path.name for path in PLAYBOOKS.glob("*.yml") if "import_playbook: access.yml" in path.read_text(encoding="utf-8")])
def test_a_playbook_that_opens_the_way_closes_it_where_it_may_end(name):
    plays = [play for play in yaml.safe_load((PLAYBOOKS / name).read_text(encoding="utf-8")) if "hosts" in play]
    assert closes(plays[-1]) is True and closes(plays[0]) is (len(plays) == 1)
    assert all(len(plays[place]["tasks"]) == 1 for place in (0, -1)), "a task outside of the block is not covered"


@pytest.mark.parametrize(
    ("failing", "last", "closing"),
    [
        ([], True, ["a1", "b1"]),
        (["a1"], True, ["a2", "b1"]),
        (["a1", "a2", "b1"], True, ["a1", "b1"]),
        ([], False, []),
        (["a1"], False, []),
        (["a1", "a2"], False, ["a1"]),
    ],
)
def test_one_host_of_each_cluster_closes_its_way(tmp_path, failing, last, closing):
    for path in (PLAYBOOKS.parent / "roles" / "node_access").rglob("*.yml"):
        copy = tmp_path / "roles" / "node_access" / path.relative_to(PLAYBOOKS.parent / "roles" / "node_access")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    close = yaml.safe_load((tmp_path / "roles" / "node_access" / "tasks" / "close.yml").read_text())
    asking = [next(key for key in task if key.startswith("kubernetes.core.")) for task in close[0]["block"]]
    assert asking == ["kubernetes.core.k8s", "kubernetes.core.k8s_info"]
    close[0].pop("module_defaults")
    close[0]["block"] = [{"ansible.builtin.copy": {"content": "", "dest": f"{tmp_path}/closed-{{{{ inventory_hostname }}}}", "mode": "0600"}}]
    (tmp_path / "roles" / "node_access" / "tasks" / "close.yml").write_text(json.dumps(close))
    task = (PLAYBOOKS / "tasks" / "close.yml").read_text(encoding="utf-8").replace("fleetops.kubeproxy_free.node_access", "node_access")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "close.yml").write_text(task)
    (tmp_path / "inventory.json").write_text(json.dumps(INVENTORY))
    (tmp_path / "playbook.yml").write_text(json.dumps([
        {"import_playbook": str(PLAYBOOKS / "group.yml")},
        {"hosts": "kpr_nodes", "gather_facts": False, "vars_files": [str(PLAYBOOKS / "vars" / "fleet.yml")], "tasks": [
            {"ansible.builtin.set_fact": {"node_access_jobs": [{"metadata": {"labels": {"run": "1"}}}]}},
            {"block": [{"ansible.builtin.fail": {}, "when": f"inventory_hostname in {failing}"}],
             "always": [{"ansible.builtin.import_tasks": "tasks/close.yml", "vars": {"kpr_last_play": last}}]},
        ]},
    ]))  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "inventory.json", "playbook.yml", cwd=tmp_path, env=environment)
    assert sorted(path.name.removeprefix("closed-") for path in tmp_path.glob("closed-*")) == closing, done.stdout + done.stderr

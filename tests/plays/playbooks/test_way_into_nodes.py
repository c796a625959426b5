# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook whose roles have work on nodes opens the way into them, so that it can be run without SSH.

Found by reading: a playbook, the roles that it comes to, and theirs. Names that are templates stand for every file that they can mean.
"""

from __future__ import annotations

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
#: Done by Ansible itself on the controller.
CONTROLLER = {"set_fact", "debug", "assert", "fail", "meta", "group_by", "set_stats"}
KEYWORDS = {"name", "when", "vars", "tags", "register", "delegate_to", "delegate_facts", "loop", "loop_control", "until", "retries", "delay", "run_once",
            "changed_when", "failed_when", "check_mode", "no_log", "become", "module_defaults", "args", "environment", "notify", "ignore_unreachable",
            "block", "rescue", "always", "any_errors_fatal"}  # fmt: skip


def on_nodes(playbook):
    """Names of the tasks that a host of the playbook runs over its own connection."""
    plays = yaml.safe_load((ROOT / "playbooks" / playbook).read_text(encoding="utf-8"))
    found, seen = set(), set()
    for play in plays:
        for role in play.get("roles", []):
            _file(_tasks(role["role"]) / "main.yml", False, found, seen)
        _tasks_of(play.get("tasks", []), ROOT / "playbooks", False, found, seen)
    return found


def _tasks(role):
    return ROOT / "roles" / role.rpartition(".")[2] / "tasks"


def _file(path, elsewhere, found, seen):
    if (path, elsewhere) not in seen:
        seen.add((path, elsewhere))
        _tasks_of(yaml.safe_load(path.read_text(encoding="utf-8")) or [], path.parent, elsewhere, found, seen)


def _tasks_of(tasks, folder, elsewhere, found, seen):
    for task in tasks:
        away = elsewhere or "delegate_to" in task
        for part in ("block", "rescue", "always"):
            _tasks_of(task.get(part, []), folder, away, found, seen)
        for action in set(task) - KEYWORDS:
            short, words = action.rpartition(".")[2], task[action]
            if short in ("include_tasks", "import_tasks"):
                for path in _meant(folder, words if isinstance(words, str) else words["file"]):
                    _file(path, away, found, seen)
            elif short in ("include_role", "import_role"):
                for path in _meant(_tasks(words["name"]), f"{words.get('tasks_from', 'main')}.yml"):
                    _file(path, away, found, seen)
            elif short not in CONTROLLER and not away:
                found.add(task["name"])


def _meant(folder, name):
    paths = sorted(folder.glob(re.sub(r"\{\{.*?\}\}", "*", name)))
    assert paths, f"{folder}/{name} is not there"
    return paths


def test_every_playbook_with_work_on_nodes_opens_the_way():
    text = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml")}
    opening = {name for name in text if "import_playbook: access.yml" in text[name]}
    working = {name: on_nodes(name) for name in text}
    assert "Read what it exports" in working["monitoring.yml"] and not working["record.yml"], "the search itself"
    assert {name for name, tasks in working.items() if tasks} - opening == {"bootstrap.yml"}, "which has no API to go through yet"

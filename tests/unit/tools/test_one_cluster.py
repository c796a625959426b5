# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every task that asks the API is told which cluster's: by itself, or by module_defaults around it or around each include that leads to it.

Without, it takes the environment's kubeconfig, which is another cluster's, or none; a lab whose kubeconfig is in the environment does not show it.
"""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROLES = pathlib.Path(__file__).resolve().parents[3] / "roles"
INCLUDES = ("ansible.builtin.include_tasks", "ansible.builtin.import_tasks")


def walk(tasks, told=False):
    """(module, its arguments, whether module_defaults are around it) of each task."""
    for task in tasks or []:
        here = told or any(key.startswith("group/kubernetes.core") for key in task.get("module_defaults") or {})
        yield from ((module, given, here) for module, given in task.items() if module.startswith("kubernetes.core.k8s") or module in INCLUDES)
        for part in ("block", "rescue", "always"):
            yield from walk(task.get(part), here)


def asks_untold(files, name):
    """Whether a file has a task that is told nothing in it, or leads to one."""
    for module, given, told in walk(files[name]):
        target = given.get("file") if isinstance(given, dict) else given
        if module not in INCLUDES:
            untold = not told and not (isinstance(given, dict) and "kubeconfig" in given)
        else:
            untold = not told and target in files and asks_untold(files, target)
        if untold:
            return True
    return False


@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir() if (path / "tasks").is_dir()))
def test_no_task_asks_whatever_cluster_the_environment_names(role):
    files = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROLES / role / "tasks").glob("*.yml")}
    includes = [(given.get("file") if isinstance(given, dict) else given, told) for tasks in files.values() for module, given, told in walk(tasks)
                if module in INCLUDES]  # fmt: skip
    by_name = {target for target, _told in includes if target in files}
    # a name that is worked out stands for every file that nobody includes by its own
    told_by_variable = [told for target, told in includes if "{{" in str(target)]
    entries = set(files) - by_name
    found = [name for name in entries if asks_untold(files, name) and not (told_by_variable and all(told_by_variable))]
    assert not found, f"roles/{role}/tasks: {', '.join(sorted(found))}; put module_defaults with group/kubernetes.core.k8s around"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter failure on what the installed ansible-core keeps of tasks that fail: results have other words, and fields, from one release to the next."""

from __future__ import annotations

import json
import os

import pytest
from playbook_run import ansible_playbook

# unlike what a module says, what a program prints is secret where its task has no_log, and so are the items of its loop
SECRET = "c2VjcmV0"
COMMAND = {"ansible.builtin.command": {"argv": ["sh", "-c", "echo '{{ item | default(said) }}' >&2; exit 3"]}}
# what fails, the words that are told of it, and those that are not
CASES = {
    "command": (COMMAND, [": the chart is gone"], []),
    "no_log": ({**COMMAND, "no_log": True}, [], ["the chart is gone"]),
    "loop-no_log": ({**COMMAND, "no_log": "{{ said is defined }}", "loop": [SECRET]}, [], [SECRET]),
    "loop": ({**COMMAND, "loop": ["first", "second"]}, ["first: ", ": first; second: "], []),
    "raw": ({"ansible.builtin.raw": "echo gone >&2; exit 3"}, [": gone"], []),
    "until": ({"ansible.builtin.command": {"argv": ["true"]}, "register": "__said", "until": False, "retries": 1, "delay": 0}, ["the task until"], []),
    "undefined": ({"ansible.builtin.debug": {"msg": "{{ nothing_of_that_name }}"}}, ["nothing_of_that_name"], ["Task failed"]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where one run has written what it says of each."""
    path = tmp_path_factory.mktemp("failure")
    said = "{{ ansible_failed_result | fleetops.kubeproxy_free.failure(ansible_failed_task) }}"
    tasks = [
        {"block": [{"name": f"the task {name}", **task}], "rescue": [{"ansible.builtin.copy": {"content": said, "dest": f"{path}/{name}"}}]}
        for name, (task, _told, _silent) in CASES.items()
    ]
    (path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": {"said": "the chart is gone"}, "tasks": tasks}]))
    done = ansible_playbook("-i", "localhost,", "-c", "local", "play.yml", cwd=path, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.mark.parametrize("name", CASES)
def test_what_failed_is_told_and_what_is_secret_is_not(folder, name):
    _task, told, silent = CASES[name]
    said = (folder / name).read_text()
    assert said and all(words in said for words in told) and not any(words in said for words in silent), said

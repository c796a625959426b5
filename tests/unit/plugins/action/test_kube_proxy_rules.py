# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking away, connecting anew and confirming in one task: the order with a stand-in for the node, and all of it with the real ansible in a namespace."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import types

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.action.kube_proxy_rules import ActionModule
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

UNLINKED = {"changed": True, "armed": True, "clean": False, "found": {}, "removed": {"chains": 0, "jumps": 1}}
CONFIRMED = {"changed": True, "armed": False, "clean": True, "found": {}, "removed": {"chains": 2, "jumps": 0}}
PAIR = {"state": "absent", "confirm": True, "confirm_timeout": 120, "backup": False}


class Action(ActionModule):
    """What happens is written down instead of done; answers are what the node says, in turn."""

    def __init__(self, arguments, *answers, check_mode=False):
        self.said, self.answers = [], list(answers)
        self._task = types.SimpleNamespace(args=arguments, check_mode=check_mode, async_val=0)
        self._connection = types.SimpleNamespace(reset=lambda: self.said.append("reset"))

    def _execute_module(self, module_args=None, task_vars=None, **_unused):
        asked = self._task.args if module_args is None else module_args
        self.said.append((asked.get("confirm", False), asked.get("confirm_timeout", 0)))
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch):
    monkeypatch.setattr(ActionModule.__base__, "run", lambda self, tmp=None, task_vars=None: {})


def test_both_calls_with_a_new_connection_in_between():
    action = Action(PAIR, UNLINKED, CONFIRMED)
    result = action.run()
    assert action.said == [(False, 120), "reset", (True, 0)]
    assert (result["clean"], result["armed"], result["removed"]) == (True, False, {"chains": 2, "jumps": 1})


def test_a_dry_run_needs_none():
    action = Action(PAIR, UNLINKED, CONFIRMED, check_mode=True)
    assert action.run()["removed"] == {"chains": 2, "jumps": 1}
    assert action.said == [(False, 120), (True, 0)]


@pytest.mark.parametrize("first", [{"failed": True, "msg": "no"}, {**CONFIRMED, "changed": False}])
def test_there_is_nothing_to_confirm(first):
    action = Action(PAIR, first)
    assert action.run() == first and action.said == [(False, 120)]


@pytest.mark.parametrize("arguments", [
    {"state": "absent", "confirm_timeout": 120}, {"state": "absent", "confirm": True}, {"state": "absent", "confirm": "yes", "confirm_timeout": "0"},
    {"state": "inspected"}, {"state": "absent", "confirm": False, "confirm_timeout": 60},
])  # fmt: skip
def test_one_part_alone_is_one_call(arguments):
    action = Action(arguments, UNLINKED)
    assert action.run() == UNLINKED and len(action.said) == 1


@pytest.mark.usefixtures("own_network")
class TestWithAnsible:
    pytestmark = network.in_kernel

    @pytest.fixture
    def own_network(self):
        with network.new_network():
            yield

    def ansible(self, with_collection, tmp_path, *words):
        """ansible's only host is this one, with a /run of its own; returns the result and what it printed."""
        arguments = json.dumps({**PAIR, "kubelet_version": "v1.34.4"})
        command = [str(pathlib.Path(sys.executable).with_name("ansible")), "-i", "localhost,", "-c", "local", "-vvvv", *words, "localhost",
                   "-e", f"ansible_python_interpreter={sys.executable}", "-m", "fleetops.kubeproxy_free.kube_proxy_rules", "-a", arguments]  # fmt: skip
        environment = {**with_collection, "XTABLES_LOCKFILE": str(tmp_path / "lock"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(tmp_path)}
        done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh", *command],
                              text=True, capture_output=True, check=False, env=environment, cwd=tmp_path)  # fmt: skip
        assert "=> {" in done.stdout, done.stdout + done.stderr
        return json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("=> {") + 3 :])[0]

    def test_all_of_it(self, with_collection, tmp_path):
        network.load("nft", "ip", dumps.SMALL)
        would = self.ansible(with_collection, tmp_path, "--check")
        assert would["removed"]["chains"] == 2 and would["removed"]["jumps"] == 1 and not would["clean"]
        result = self.ansible(with_collection, tmp_path)
        assert (result["changed"], result["clean"], result["armed"]) == (True, True, False), result
        assert (result["removed"]["chains"], result["removed"]["jumps"]) == (2, 1)
        assert network.saved("nft", "ip") == network.of_others("nft", "ip", dumps.SMALL_AFTER)
        assert not self.ansible(with_collection, tmp_path)["changed"]

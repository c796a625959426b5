# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.failure import failure

# what ansible.builtin.command of ansible-core 2.21 and ansible.builtin.raw, as all commands before, say of a program that ends with another status than 0
NEW, OLD = "The command exited with a non-zero return code.", "non-zero return code"
COMMAND = {"changed": True, "failed": True, "rc": 1, "stderr": "Error: chart not found\n", "stdout": "looking"}
HELM = "Failure when executing Helm command. Exited 1.\nstdout: \nstderr: Error: no such chart\n"


@pytest.mark.parametrize(("result", "says"), [
    ({"msg": "no such thing"}, "no such thing"),
    ({"msg": "Task failed: Module failed: no such thing"}, "no such thing"),
    ({"msg": ["one", "two"]}, "one two"),
    ({**COMMAND, "msg": NEW}, "The command exited with a non-zero return code: Error: chart not found"),
    ({**COMMAND, "msg": OLD}, "non-zero return code: Error: chart not found"),
    ({**COMMAND, "msg": NEW, "stderr": ""}, "The command exited with a non-zero return code: looking"),
    ({**COMMAND, "msg": NEW, "stderr": "", "stdout": ""}, NEW),
    ({"msg": HELM, "stderr": "Error: no such chart\n", "rc": 1}, HELM.strip()),
    ({"msg": "Task failed: Action failed: it is not so.", "rc": 0, "stdout": "fine"}, "it is not so."),
    ({"msg": "", "rc": 0, "stdout": "not yet"}, "failed: not yet"),
    ({}, "failed: no reason was given"),
    ({"msg": "All items completed", "results": [
        {"ansible_loop_var": "item", "item": {"name": "shop"}, "failed": True, "url": "https://shop.example.net", "msg": "Status code was 503"},
        {"ansible_loop_var": "item", "item": {"name": "API"}, "failed": False, "msg": "fine"},
        {"ansible_loop_var": "one", "one": "DNS", "unreachable": True, "msg": "gone"},
        {"ansible_loop_var": "one", "one": "cmd", **COMMAND, "msg": OLD},
    ]}, "shop: https://shop.example.net: Status code was 503; DNS: gone; cmd: non-zero return code: Error: chart not found"),
])  # fmt: skip
def test_what_failed_is_named(result, says):
    assert failure(result) == says


def test_the_task_is_named_where_its_result_has_no_message():
    task = {"name": "read | Read the nodes", "no_log": False}
    assert failure({"msg": ""}, task) == "read | Read the nodes: no reason was given"
    assert failure({"msg": "gone"}, task) == "gone"


@pytest.mark.parametrize(("result", "says"), [
    ({**COMMAND, "msg": NEW, "stderr": "s3cret"}, NEW),
    ({**COMMAND, "msg": "", "stderr": "s3cret"}, "join: what it said is not shown"),
    ({"censored": "the output has been hidden", "failed": True}, "join: what it said is not shown"),
    ({"msg": "Status code was 403", "url": "https://user:s3cret@example.net"}, "Status code was 403"),
    ({"msg": "One or more items failed", "results": [{"item": "s3cret", **COMMAND, "msg": NEW, "stderr": "s3cret"}] * 2}, NEW),
    ({"msg": "One or more items failed", "results": [{"censored": "the output has been hidden", "failed": True}]}, "join: what it said is not shown"),
])  # fmt: skip
def test_of_a_task_under_no_log_only_messages_are_told(result, says):
    assert failure(result, {"name": "join", "no_log": True}) == says


def test_items_whose_name_is_censored_are_told_all_the_same():
    assert failure({"results": [{"censored": "the output has been hidden", "failed": True}]}) == "an item: failed: no reason was given"

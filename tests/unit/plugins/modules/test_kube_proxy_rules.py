# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: a program of its own, in a network namespace, with what is on this machine of programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

pytestmark = network.in_kernel

PROGRAM = """
import json, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import kube_proxy_rules
with patch_module_args(json.loads(sys.argv[1])):
    kube_proxy_rules.main()
"""
REFERENCE = [*dumps.SMALL[:-1], "-A MINE -p tcp -j KUBE-SERVICES", "COMMIT"]


@pytest.fixture
def node(tmp_path, with_collection):
    """Runs the module in a network of its own; /run is empty there, and gone with it."""

    class Node:
        def __init__(self):
            self.environment = {**with_collection, "XTABLES_LOCKFILE": str(tmp_path / "lock")}
            self.backup_dir = tmp_path / "backup"

        def __call__(self, *before, **arguments):
            arguments = {"kubelet_version": "v1.34.4", "backup_dir": str(self.backup_dir), **arguments}
            if arguments.get("state") == "present":
                del arguments["kubelet_version"]
            with_own_run = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh"]
            words = [*with_own_run, *before, sys.executable, "-c", PROGRAM, json.dumps(arguments)]
            done = subprocess.run(words, text=True, capture_output=True, check=False, env=self.environment)
            assert done.stdout, done.stderr
            assert "Traceback" not in done.stderr
            return json.loads(done.stdout)

    with network.new_network():
        yield Node()


def saved():
    return network.saved("nft", "ip")


def test_absent_and_again(node):
    network.load("nft", "ip", dumps.SMALL)
    would = node(state="absent", _ansible_check_mode=True, _ansible_diff=True)
    assert would["changed"] and would["diff"] and not node.backup_dir.exists()
    did = node(state="absent")
    assert did["changed"] and did["clean"] and would["removed"]["chains"] == did["removed"]["chains"] == 2
    assert os.listdir(node.backup_dir) == [did["backup"]["path"].rpartition("/")[2]]
    assert saved() == network.of_others("nft", "ip", dumps.SMALL_AFTER)
    again = node(state="absent")
    assert (again["changed"], again["clean"]) == (False, True)
    assert node(state="inspected")["clean"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("confirm_timeout", [0, 60])
def test_a_reference_is_refused_in_check_mode_too(node, check_mode, confirm_timeout):
    network.load("nft", "ip", REFERENCE)
    before = saved()
    result = node(state="absent", confirm_timeout=confirm_timeout, _ansible_check_mode=check_mode)
    assert result["failed"] and "chain MINE: a rule that is not kube-proxy's leads to its chain KUBE-SERVICES: -A MINE -p tcp" in result["msg"]
    assert saved() == before and not node.backup_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"state": "absent", "confirm_timeout": -1}, "confirm_timeout is -1; expected 0, or 10 to 3600"),
        ({"state": "absent", "confirm_timeout": 5}, "confirm_timeout is 5; expected 0, or 10 to 3600"),
        ({"state": "absent", "backup_keep": 0}, "backup_keep is 0; expected 1 or more"),
        ({"state": "present", "timeout": -1}, "timeout is -1; expected 0 or more"),
        ({"state": "present", "service": "kubernetes"}, "'kubernetes' is no Service; expected NAMESPACE/NAME"),
        ({"state": "present", "timeout": 0}, "rules in nft ip nat hold Service default/kubernetes, but after 0 s no kube-proxy that runs here has written"),
        ({"state": "present", "timeout": 0, "service": "a/b"}, "kube-proxy's rules do not hold Service a/b after 0 s; expected them to.*kubectl"),
        ({"state": "absent", "backup_dir": "/proc/nowhere"}, "no backup could be made in /proc/nowhere, so nothing was changed"),
        ({"state": "absent", "confirm": True}, "there is nothing to confirm.*nft ip nat"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(node, arguments, message):
    network.load("nft", "ip", dumps.SMALL)
    before = saved()
    result = node(**arguments)
    assert result["failed"]
    assert re.search(message, result["msg"]), result["msg"]
    assert saved() == before


def test_present_does_not_fail_in_check_mode(node):
    result = node(state="present", _ansible_check_mode=True)
    assert {key: result[key] for key in result if key != "invocation"} == {"changed": False, "served_by": None, "synced": False}


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
@pytest.mark.parametrize("state", ["inspected", "absent", "present"])
def test_without_roots_rights_nothing_is_taken_for_clean(node, state):
    """Root, but without any of its capabilities, as the kernel sees a user."""
    network.load("nft", "ip", dumps.SMALL)
    result = node("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", state=state, timeout=0)
    assert result["failed"] and "Operation not permitted" in result["msg"] and "Set become to true" in result["msg"]

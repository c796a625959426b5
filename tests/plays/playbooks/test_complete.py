# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that has failed before the first wave, in the real tasks/complete.yml of the role handover."""

from __future__ import annotations

import json
import os
import pathlib
import shutil

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("failing", "refused"), [([], False), (["a1"], True), (["a2"], True)])
def test_a_cluster_is_not_moved_without_a_node_that_failed_before(tmp_path, failing, refused):
    tasks = tmp_path / "complete.yml"
    shutil.copy(ROOT / "roles" / "handover" / "tasks" / "complete.yml", tasks)
    hosts = {name: {"kpr_node_name": f"node-{name}"} for name in ("a1", "a2")}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "kpr_cluster_hosts": list(hosts)}}}))
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False, "vars_files": [str(ROOT / "playbooks" / "vars" / "fleet.yml")],
        "tasks": [
            {"ansible.builtin.fail": {"msg": "as the test wants"}, "when": f"inventory_hostname in {failing}"},
            {"block": [{"ansible.builtin.include_tasks": str(tasks)}], "when": "inventory_hostname == kpr_speaker"},
        ],
    }]))  # fmt: skip
    (tmp_path / "ansible.cfg").touch()
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    said = " ".join((done.stdout + done.stderr).split())
    assert "PLAY RECAP" in said and (done.returncode != 0) is refused, said
    assert ("found 1 of the cluster's 2 nodes out of this run" in said) is refused, said
    assert (f"failed on them (node-{(failing or ['-'])[0]})" in said) is refused

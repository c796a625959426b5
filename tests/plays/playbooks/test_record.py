# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""record.yml where the cluster cannot be locked; there is no cluster."""

from __future__ import annotations

import json
import os
import pathlib

from playbook_run import ansible_playbook

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "playbooks"


def test_a_cluster_that_is_not_locked_is_left_alone_by_every_host(tmp_path):
    shared = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_kubeconfig": "/nowhere"}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": shared, "hosts": {"a": {}, "b": {}, "c": {}}}}), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", PLAYBOOKS / "record.yml", cwd=tmp_path, env=environment)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and said.count("FAILED!") == 1 and "/nowhere" in said, said
    assert "keep | Read the cluster's record" not in said and "unlock | " not in said, said

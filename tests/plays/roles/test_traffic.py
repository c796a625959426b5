# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real stop.yml of the role traffic, on this machine, where no prober is."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("cluster", ["prod", "prod (eu)", "site/" + 60 * "c"])
def test_a_cluster_of_any_name_can_be_watched(tmp_path, cluster):
    variables = {"ansible_connection": "local", "kpr_cluster": cluster, "kpr_leader": "a", "kpr_speaker": "a", "traffic_plans": {}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": {"a": {}}}}), encoding="utf-8")
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "a", "gather_facts": False, "tasks": [
        {"ansible.builtin.include_role": {"name": "fleetops.kubeproxy_free.traffic", "tasks_from": "stop"}}]}]), encoding="utf-8")  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
    assert done.returncode == 0 and "ok: [a -> localhost]" in done.stdout, done.stdout + done.stderr

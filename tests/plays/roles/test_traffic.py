# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real stop.yml and variables of the role traffic, on this machine, where no prober is."""

from __future__ import annotations

import json
import os
import pathlib
import re

import pytest
from playbook_run import ansible_playbook
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import probe_run

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def stop(tmp_path):
    """A function that ends the probers of a cluster of two nodes; returns the output."""
    def run(**variables):
        shared = {"ansible_connection": "local", "kpr_cluster": "demo", "kpr_leader": "a", "kpr_speaker": "a", "traffic_plans": {},
                  "kpr_wave_settings": {"sizes": [1, 5, "20%"]}, **variables}  # fmt: skip
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"vars": shared, "hosts": {"a": {}, "b": {}}}}), encoding="utf-8")
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
            {"ansible.builtin.include_role": {"name": "fleetops.kubeproxy_free.traffic", "tasks_from": "stop", "public": True}},
            {"ansible.builtin.debug": {"msg": "LASTS {{ __traffic_lasts }}"}}]}]), encoding="utf-8")  # fmt: skip
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = ansible_playbook("-i", "hosts.json", "play.yml", cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("cluster", ["prod", "prod (eu)", "site/" + 60 * "c"])
def test_a_cluster_of_any_name_can_be_watched(stop, cluster):
    assert "ok: [a -> localhost]" in stop(kpr_cluster=cluster)


@pytest.mark.parametrize(("settings", "seconds"), [
    ({"kpr_soak": "7200"}, 10800 + 2 * (900 + 7200) + 2 * 60),
    ({"kpr_soak": 1000000}, probe_run.LIMITS["max_duration"][1]),
    ({"traffic_max_duration": "600"}, 600),
])  # fmt: skip
def test_probers_last_as_long_as_the_run_may_take_and_no_longer_than_they_can(stop, settings, seconds):
    assert re.search(r"LASTS (\d+)", stop(**settings))[1] == str(seconds)

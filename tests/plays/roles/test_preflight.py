# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role preflight says where it stops, of a cluster that cannot be read; this machine stands in for its nodes."""

from __future__ import annotations

import json
import os
import pathlib

from playbook_run import ansible_playbook

ROOT = pathlib.Path(__file__).resolve().parents[3]
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def preflight(folder, hosts, *words):
    """(exit status, output) of the role on hosts: variables by name."""
    variables = {
        "ansible_connection": "local", "kpr_cluster": "demo", "kpr_cluster_hosts": list(hosts), "kpr_wave_hosts": list(hosts), "kpr_speaker": "n1",
        "kpr_leader": "n1", "kpr_kubeconfig": str(folder / "nowhere"), "kpr_artifacts_dir": "", "kpr_node_name": "{{ inventory_hostname }}",
    }  # fmt: skip
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": variables, "hosts": hosts}}))
    tasks = [{"ansible.builtin.import_role": {"name": "fleetops.kubeproxy_free.preflight"}}]
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "ignore_unreachable": True, "tasks": tasks}]))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = ansible_playbook("-i", folder / "hosts.json", folder / "play.yml", *words, cwd=ROOT, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_what_cannot_be_accepted_is_not_offered(tmp_path):
    code, output = preflight(tmp_path, {"n1": {}})
    assert code != 0 and "cluster-unreadable, cluster demo" in output and "nothing was changed" in output, output
    assert "kpr_accept_findings" not in output


def test_what_can_be_accepted_is_named(tmp_path):
    code, output = preflight(tmp_path, {"n1": {}, "n2": AWAY})
    assert code != 0 and "node-unreachable, node n2" in output, output
    assert "To go on in spite of node-unreachable: add its id to kpr_accept_findings" in output


def test_stop_as_text_is_read_as_what_it_says(tmp_path):
    code, output = preflight(tmp_path, {"n1": {}}, "-e", "preflight_stop=false")
    assert code == 0 and "cluster-unreadable" in output, output


def test_clusters_whose_names_read_the_same_write_to_folders_of_their_own(tmp_path):
    clusters = ["prod/eu", "prod_eu", ".."]
    for cluster in clusters:
        given = {"kpr_cluster": cluster, "kpr_artifacts_dir": str(tmp_path / "out"), "preflight_stop": False}
        code, output = preflight(tmp_path, {"n1": {}}, "-e", json.dumps(given))
        assert code == 0, output
    plans = list(tmp_path.glob("out/*/plan.json"))
    assert sorted(json.loads(plan.read_text())["cluster"] for plan in plans) == sorted(clusters), plans
    assert (tmp_path / "out" / "prod_eu").is_dir()

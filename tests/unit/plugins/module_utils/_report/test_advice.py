# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do next fits how the run ended."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.advice import next_steps

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[5] / "playbooks"


@pytest.fixture
def advice(told):
    def of(name, **changes):
        data = {**told(name), "findings": [], "traffic": {}, **changes}
        return "\n".join(next_steps(model.read(data)))

    return of


def node(*steps, **more):
    return {"steps": [{"name": name, "ok": ok} for name, ok in steps], **more}


def test_a_settled_cluster_is_proven_kept_and_can_go_back(advice):
    said = advice("migrate")
    assert [said.index(f"kubeproxy_free.{playbook}") for playbook in ("verify", "record", "rollback")] == sorted(
        said.index(f"kubeproxy_free.{playbook}") for playbook in ("verify", "record", "rollback"))  # fmt: skip
    assert "same command" not in said


def test_who_keeps_values_elsewhere_brings_the_new_ones_there_once_the_cluster_has_settled(advice):
    assert "helm get values" in advice("migrate")
    assert "helm get values" not in advice("migrate", state="prepared", waves=[]), "the next run goes on"
    assert "helm get values" not in advice("migrate", action="tune", waves=[])


def test_agents_that_a_changed_value_has_not_reached_are_named(advice):
    nodes = {"w1": node(("accept", True), drift=["bpf-lb-mode is configured as 'dsr' but the agent runs with 'snat'"]), "w2": node(("accept", True))}
    said = advice("migrate", waves=[], nodes=nodes)
    assert "The agents of w1 run otherwise than they are configured (bpf-lb-mode is configured as 'dsr' but" in said and "rollout restart" in said
    assert "otherwise" not in advice("migrate", state="prepared", waves=[], nodes=nodes), "while nodes move, some of them run otherwise"


def test_a_canary_waits_for_the_rest(advice):
    said = advice("migrate", state="prepared", waves=[], nodes={"w1": node(("accept", True)), "w2": node(), "w3": node()})
    assert "2 nodes are left (w2, w3)" in said and "run the same command again" in said and "rollback" in said
    assert "record" not in said


def test_a_halted_cluster_has_its_cause_looked_for(advice):
    said = advice("halted")
    assert said.startswith("Find the cause") and "run the same command again" in said and "rollback" not in said, "no node has moved"
    assert "rollback" in advice("halted", waves=[], nodes={"w1": node(("accept", True)), "w2": node(("prove", False), ("give_back", True), error="it broke")})
    said = advice("halted", waves=[], nodes={"w1": node(("prove", False), ("give_back", False), error="it broke")})
    assert "See to w1 first" in said


def test_a_dry_run_is_followed_by_a_real_one_or_by_another_dry_one(advice):
    assert advice("check") == "To do it, run the same command without --check."
    assert advice("check", state="halted") == "Mend what stopped the dry run, then run it again."


def test_a_rollback(advice):
    assert "see what is in the way: ansible-playbook -i INVENTORY fleetops.kubeproxy_free.plan" in advice("rollback")
    assert advice("rollback", state="returning") == "Some nodes are not back with kube-proxy yet. Run the rollback again, with all nodes."


def test_traffic_and_findings_are_pointed_at_where_there_is_something(advice, told):
    columns = ["second", "ok", "refused", "timed_out", "reset", "other", "slow"]
    path = {"name": "a", "ok": 9, "refused": 1, "timed_out": 2, "reset": 50, "slow": 7}
    said = advice("migrate", traffic={"paths": [path], "series_columns": columns}, findings=told("migrate")["findings"])
    assert said.startswith("See on which paths 3 requests got no answer"), "streams are reset by design, and slow is an answer"
    assert re.search(r"Read the plan's \d+ warnings", said)
    assert "got no answer" not in advice("migrate", traffic={"paths": [{**path, "refused": 0, "timed_out": 0}], "series_columns": columns})


@pytest.mark.parametrize("name", ["migrate", "halted", "check", "rollback"])
def test_every_playbook_that_is_named_exists(advice, name):
    for playbook in re.findall(r"fleetops\.kubeproxy_free\.(\w+)", advice(name)):
        assert (PLAYBOOKS / f"{playbook}.yml").exists()

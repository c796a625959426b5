# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data are read as documented, and nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Count


def node_named(report, name):
    return next(node for node in report.nodes if node.name == name)


def test_a_run_is_read(three_nodes):
    report = model.read(three_nodes)
    assert (report.cluster, report.action, report.check_mode, report.state, report.good) == ("lab", "migrate", False, "halted", False)
    assert report.seconds == pytest.approx(190.4)
    assert [(node.name, node.wave, node.outcome(report.action)) for node in report.nodes] == [
        ("worker-1", 1, "moved"), ("worker-2", 2, "given back"), ("control-1", 2, "untouched")]  # fmt: skip
    moved = node_named(report, "worker-1")
    assert moved.removed == Count(37, 84, 7)
    assert [(one.what, one.why) for one in moved.kept] == [("nft ipv6 mangle KUBE-IPTABLES-HINT", "it is kubelet's"), ("KUBE-LOOP", "something still uses it")]
    assert [finding.id for finding in report.findings if finding.accepted] == ["host-ports"]


def test_rules_are_counted_by_family_and_only_kube_proxys(three_nodes):
    found = node_named(model.read(three_nodes), "worker-1").found
    assert found.by_family() == {("nft", "ipv4"): Count(33, 78, 4), ("nft", "ipv6"): Count(4, 6, 3)}
    assert found.kube_proxy() == Count(37, 84, 7)


def test_a_number_that_nobody_counted_stays_unknown(three_nodes):
    node = three_nodes["nodes"]["worker-1"]
    node["found"]["nft"]["ipv4"]["nat"]["kube-proxy"]["rules"] = None
    node["removed"]["rules"] = None
    moved = node_named(model.read(three_nodes), "worker-1")
    assert moved.found.kube_proxy() == Count(37, None, 7)
    assert (moved.removed, str(moved.removed)) == (Count(37, None, 7), "37 chains, rules not counted")


def test_what_goes_beside_iptables_is_named(three_nodes):
    three_nodes["nodes"]["worker-1"]["removed"] = {
        "tables": ["ip kube-proxy"], "sets": ["KUBE-LOOP-BACK", "KUBE-CLUSTER-IP"], "virtual_servers": 7, "interface": True}  # fmt: skip
    moved = node_named(model.read(three_nodes), "worker-1")
    assert moved.extras_removed == ("table ip kube-proxy", "2 sets", "7 virtual servers", "interface kube-ipvs0")
    assert not moved.removed


@pytest.mark.parametrize(
    "steps, error, action, outcome",
    [
        ([("take_over", True)], "", "migrate", "moved"),
        ([("take_over", False)], "it broke", "migrate", "failed"),
        ([("take_over", False), ("give_back", True)], "it broke", "migrate", "given back"),
        ([("take_over", False), ("give_back", False)], "it broke", "migrate", "failed"),
        ([("give_back", True)], "", "rollback", "given back"),
        ([("give_back", True)], "it broke", "rollback", "failed"),
        ([("probe", True)], "", "verify", "done"),
        ([], "", "migrate", "untouched"),
        ([], "it cannot be reached", "migrate", "failed"),
    ],
)
def test_outcomes(steps, error, action, outcome):
    node = {"steps": [{"name": name, "seconds": 1, "ok": ok} for name, ok in steps], "error": error}
    report = model.read({"cluster": "lab", "nodes": {"n": node}})
    assert report.nodes[0].outcome(action) == outcome


def test_hardly_anything_is_enough():
    report = model.read({"cluster": "lab"})
    assert (report.nodes, report.traffic, report.seconds, report.good) == ((), None, None, True)


def _set(data, place, value):
    *way, last = place
    for key in way:
        data = data[key]
    data[last] = value


@pytest.mark.parametrize(
    "place, value, says",
    [
        (["cluster"], None, "data.cluster: found None, expected a text"),
        (["started"], "today", "data.started: found 'today', expected a number"),
        (["started"], True, "data.started: found True, expected a number"),
        (["colour"], "red", "data: found the key 'colour', expected one of action"),
        (["findings", 0, "severity"], "grave", "data.findings[0].severity: found 'grave', expected one of blocker, warning, note"),
        (["waves", 0, "nodes"], ["worker-9"], "data.waves: found 'worker-9', expected only names of data.nodes"),
        (["nodes", "worker-1", "steps", 1, "seconds"], [], "data.nodes.worker-1.steps[1].seconds: found [], expected a number"),
        (["nodes", "worker-1", "removed", "chains"], "many", "data.nodes.worker-1.removed.chains: found 'many', expected a number"),
        (["nodes", "worker-1", "found", "nft", "ipv4", "nat", "shared", "sets"], 1, "data.nodes.worker-1.found.nft.ipv4.nat.shared: found the key 'sets'"),
        (["nodes", "worker-1"], [], "data.nodes.worker-1: found [], expected a dictionary"),
        (["traffic", "paths", 0, "series", 1], [1, 2], "data.traffic.paths[0].series[1]: found [1, 2], expected 8 numbers (second, ok,"),
        (["traffic", "series_columns"], ["second", "ok"], "data.traffic.series_columns: 'max_ms' is missing"),
        (["next_steps"], "all", "data.next_steps: found 'all', expected a list"),
        (["next_steps"], [7], "data.next_steps[0]: found 7, expected a text"),
        (["check_mode"], "yes", "data.check_mode: found 'yes', expected true or false"),
    ],
)  # fmt: skip
def test_what_is_not_as_documented_is_refused_with_its_place(three_nodes, place, value, says):
    _set(three_nodes, place, value)
    with pytest.raises(model.DataError) as refused:
        model.read(three_nodes)
    assert str(refused.value).startswith(says)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data are read as documented, and nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report import model
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Count, total


def node_named(report, name):
    return next(node for node in report.nodes if node.name == name)


def test_rules_are_counted_by_family_and_only_kube_proxys(told):
    data = told("migrate")["nodes"]["worker1"]["found"]["nft"]
    found = node_named(model.read(told("migrate")), "worker1").found
    ours = {family: [owners[owner] for owners in tables.values() for owner in ("kube-proxy", "shared") if owner in owners] for family, tables in data.items()}
    assert {family: count.chains for (_backend, family), count in found.by_family().items()} == {
        family: sum(count["chains"] for count in counts) for family, counts in ours.items() if counts}  # fmt: skip
    assert total(found.by_family().values()) == found.kube_proxy()


def test_a_number_that_nobody_counted_stays_unknown(told):
    data = told("migrate")
    node = data["nodes"]["worker1"]
    node["found"]["nft"]["ip"]["nat"]["kube-proxy"]["rules"] = node["removed"]["rules"] = None
    moved = node_named(model.read(data), "worker1")
    assert moved.found.kube_proxy().rules is None
    assert moved.removed.rules is None and str(moved.removed) == f"{moved.removed.chains} chains, rules not counted"


def test_what_goes_beside_iptables_is_named(told):
    data = told("migrate")
    data["nodes"]["worker1"]["removed"] = {
        "tables": ["ip kube-proxy"], "sets": ["KUBE-LOOP-BACK", "KUBE-CLUSTER-IP"], "virtual_servers": 7, "interface": True}  # fmt: skip
    moved = node_named(model.read(data), "worker1")
    assert moved.extras_removed == ("table ip kube-proxy", "2 sets", "7 virtual servers", "interface kube-ipvs0")
    assert moved.removed == Count()


@pytest.mark.parametrize(
    "steps, error, action, dry, outcome",
    [
        ([("take_over", True)], "", "migrate", False, "moved"),
        ([("take_over", True)], "", "migrate", True, "would move"),
        ([("take_over", False)], "it broke", "migrate", False, "failed"),
        ([("take_over", False)], "it broke", "migrate", True, "failed"),
        ([("take_over", False), ("give_back", True)], "it broke", "migrate", False, "given back"),
        ([("take_over", False), ("give_back", False)], "it broke", "migrate", False, "failed"),
        ([("give_back", True)], "", "rollback", False, "given back"),
        ([("give_back", True)], "", "rollback", True, "would go back"),
        ([("give_back", True)], "it broke", "rollback", False, "failed"),
        ([("probe", True)], "", "verify", False, "done"),
        ([], "", "migrate", False, "untouched"),
        ([], "it cannot be reached", "migrate", False, "failed"),
    ],
)
def test_outcomes(steps, error, action, dry, outcome):
    node = {"steps": [{"name": name, "seconds": 1, "ok": ok} for name, ok in steps], "error": error}
    report = model.read({"cluster": "lab", "action": action, "check_mode": dry, "nodes": {"n": node}})
    assert report.outcome(report.nodes[0]) == outcome


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
        (["nodes", "worker1", "steps", 1, "seconds"], [], "data.nodes.worker1.steps[1].seconds: found [], expected a number"),
        (["nodes", "worker1", "removed", "chains"], "many", "data.nodes.worker1.removed.chains: found 'many', expected a number"),
        (["nodes", "worker1", "found", "nft", "ip", "nat", "shared", "sets"], 1, "data.nodes.worker1.found.nft.ip.nat.shared: found the key 'sets'"),
        (["nodes", "worker1", "clean"], "no", "data.nodes.worker1.clean: found 'no', expected true or false"),
        (["nodes", "worker1"], [], "data.nodes.worker1: found [], expected a dictionary"),
        (["steps", 1, "name"], None, "data.steps[1].name: found None, expected a text"),
        (["traffic", "series", 1], [1, 2], "data.traffic.series[1]: found [1, 2], expected 7 whole numbers (second, ok,"),
        (["traffic", "paths", 0, "series"], [[1, 2]], "data.traffic.paths[0].series[0]: found [1, 2], expected 7 whole numbers (second, ok,"),
        (["traffic", "series_columns"], ["second", "ok"], "data.traffic.series_columns: found ['second', 'ok'], expected second, ok,"),
        (["benchmark"], {"result": {}}, "data.benchmark.file: found None, expected a text"),
        (["benchmark"], {"file": "a", "result": []}, "data.benchmark.result: found [], expected a dictionary"),
        (["check_mode"], "yes", "data.check_mode: found 'yes', expected true or false"),
    ],
)  # fmt: skip
def test_what_is_not_as_documented_is_refused_with_its_place(told, place, value, says):
    data = told("migrate")
    _set(data, place, value)
    with pytest.raises(model.DataError) as refused:
        model.read(data)
    assert str(refused.value).startswith(says)

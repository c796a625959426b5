# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import keys, status
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune import plan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune.options import OPTIONS

STATUS = pathlib.Path(__file__).resolve().parents[1] / "_cilium" / "fixtures" / "status"


def agent(settings=None, features=None, error=None, configured=None):
    return {"settings": settings or {}, "features": features or {}, "error": error, "configured": configured}


@pytest.mark.parametrize("name", OPTIONS)
def test_charts_know_an_option_as_long_as_the_table_says(name):
    path = OPTIONS[name].path
    value = "x"
    for key in reversed(path.split(".")):
        value = {key: value}
    last = min(OPTIONS[name].last, 20)
    assert not list(keys.unknown(value, last)), f"{path} in 1.{last}"


def test_values_are_where_the_chart_has_them():
    options = {"mode": "dsr", "algorithm": "maglev", "maglev_table_size": 16381, "node_port_range": "30000-32000", "health_address": None}
    assert plan.values(options, "1.19.1") == {
        "loadBalancer": {"mode": "dsr", "algorithm": "maglev"}, "maglev": {"tableSize": 16381}, "nodePort": {"range": "30000,32000"}}  # fmt: skip


@pytest.mark.parametrize("said", ["30000-32000", "30000,32000", " 30000 , 32000 "])
def test_a_range_may_be_written_as_the_api_server_or_as_cilium_has_it(said):
    assert plan.given({"node_port_range": said}) == {"node_port_range": "30000-32000"}
    assert plan.values({"node_port_range": said}, "1.19.1") == {"nodePort": {"range": "30000,32000"}}
    runs = agent({"node-port-range": "30000,32000"}, {"node_port_range": "30000-32000"})
    assert plan.differences({"w1": runs}, {"node_port_range": said}) == {}


def test_extra_variables_and_surveys_give_text():
    assert plan.given({"bind_protection": "false", "maglev_table_size": "4093", "host_namespace_only": "True"}) == {
        "maglev_table_size": 4093, "bind_protection": False, "host_namespace_only": True}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "version", "says"),
    [
        ({"session_affinity": True}, "1.19.1", "session_affinity: found Cilium 1.19.1, expected 1.18"),
        ({"graceful_termination": False}, "1.18.0", "graceful_termination"),
        ({"session_affinity": False}, "1.17.4", "session_affinity: found false, expected true, which agents that replace kube-proxy run"),
        ({"maglevel": 1}, "1.19.1", "maglevel"),
        ({}, "", "version"),
        ({"node_port_range": "30000"}, "1.19.1", "node_port_range: found '30000', expected FIRST-LAST"),
        ({"node_port_range": "32767-30000"}, "1.19.1", "FIRST-LAST"),
        ({"bind_protection": "maybe"}, "1.19.1", "bind_protection: found 'maybe', expected true or false"),
        ({"maglev_table_size": "many"}, "1.19.1", "a number"),
    ],
)
def test_what_cannot_be_done_is_named(options, version, says):
    with pytest.raises(ValueError, match=says):
        plan.values(options, version)


def test_older_versions_have_what_later_ones_always_do():
    assert plan.values({"session_affinity": True, "graceful_termination": True}, "1.17.4") == {"sessionAffinity": True, "enableK8sTerminatingEndpoint": True}


def test_an_agent_runs_what_its_status_and_its_start_say():
    options = {"mode": "dsr", "node_port_range": "30000-32767", "host_namespace_only": True, "bind_protection": False}
    settings = {"bpf-lb-mode": "dsr", "node-port-range": "30000,32767", "bpf-lb-sock-hostns-only": "true", "node-port-bind-protection": "false"}
    features = {"mode": "dsr", "node_port_range": "30000-32767", "socket_lb_coverage": "hostns-only"}
    assert plan.differences({"w1": agent(settings, features)}, options) == {}
    assert plan.settings(options) == ["bpf-lb-mode", "node-port-range", "node-port-bind-protection", "bpf-lb-sock-hostns-only"]
    for key in settings:
        assert key in plan.differences({"w1": agent({**settings, key: "else"}, features)}, options)["w1"][0]
    for key in features:
        said = plan.differences({"w1": agent(settings, {**features, key: "else"})}, options)["w1"][0]
        assert "its status says else, expected" in said
    assert "not set" in plan.differences({"w1": agent({}, features)}, {"mode": "dsr"})["w1"][0]
    assert "gone" in plan.differences({"w1": agent(error="gone")}, options)["w1"][0]


@pytest.mark.parametrize("path", sorted(STATUS.glob("*-hybrid.json")), ids=lambda path: path.stem)
def test_the_table_of_maglev_and_the_way_of_dsr_are_read_back_where_the_status_tells_them(path):
    options = {"maglev_table_size": 16381, "dsr_dispatch": "opt"}
    features = status.from_json(json.loads(path.read_text(encoding="utf-8")))["features"]

    def differs(**wanted):
        wanted = {**options, **wanted}
        started = {"bpf-lb-maglev-table-size": str(wanted["maglev_table_size"]), "bpf-lb-dsr-dispatch": wanted["dsr_dispatch"]}
        return plan.differences({"w1": agent(started, features)}, wanted).get("w1", [])

    assert differs() == []
    assert differs(maglev_table_size=4093) == ["maglev_table_size: its status says 16381, expected 4093"]
    told = ["dsr_dispatch: its status says ip option/extension, expected geneve"] if int(path.name.split(".")[1].split("-")[0]) >= 15 else []
    assert differs(dsr_dispatch="geneve") == told


def test_an_agent_without_maglev_has_no_table_to_tell():
    features = status.from_json(json.loads((STATUS / "1.19-true.json").read_text(encoding="utf-8")))["features"]
    assert plan.differences({"w1": agent({"bpf-lb-maglev-table-size": "4093"}, features)}, {"maglev_table_size": 4093}) == {}


def test_an_address_can_be_taken_away_again():
    assert plan.differences({"w1": agent({"kube-proxy-replacement-healthz-bind-address": ""})}, {"health_address": ""}) == {}
    assert "expected empty" in plan.differences({"w1": agent({"kube-proxy-replacement-healthz-bind-address": ":1"})}, {"health_address": ""})["w1"][0]


def test_an_agent_that_has_started_with_something_else_than_its_next_pod_would_is_named():
    configured = {"settings": {"bpf-lb-mode": "snat", "bpf-lb-algorithm": "random", "routing-mode": "native"}}
    started = {"bpf-lb-mode": "snat", "bpf-lb-algorithm": "random"}
    assert plan.unapplied({"w1": agent(started, configured=configured)}) == {}
    changed = {"w1": agent({**started, "bpf-lb-algorithm": "maglev"}, configured=configured), "w2": agent({**started, "node-port-range": "1,2"},
               configured=configured), "w3": agent(error="gone"), "w4": agent(started)}  # fmt: skip
    said = plan.unapplied(changed)
    assert said["w1"] == ["started with bpf-lb-algorithm maglev, expected random"]
    assert said["w2"] == ["started with node-port-range 1,2, expected not set"]
    assert "gone" in said["w3"][0] and "could not be read" in said["w4"][0]

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.counters import service_counters
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import parse_paths

DUMP = (pathlib.Path(__file__).parent / "fixtures" / "nat_counters.txt").read_text()
PATHS = parse_paths(
    [
        dict(name="dns", kind="dns", address="10.96.0.10", port=53),
        dict(name="dns over tcp", kind="tcp", address="10.96.0.10", port=53),
        dict(name="node port", kind="http", address="192.0.2.11", port=30080),
        dict(name="external", kind="http", address="203.0.113.250", port=80),
        dict(name="elsewhere", kind="http", address="10.96.99.99", port=80),
        dict(name="v6", kind="dns", address="fd00::a", port=53),
    ]
)


def counters(dump=DUMP, name="iptables-nft ipv4"):
    return {(name, chain, rule): packets for (chain, rule), packets in service_counters(dump).items()}


def moved(before, after, paths=None):
    return [(entry["packets"], entry["targets"]) for entry in rules.compare(before, after, paths or PATHS)["moved"]]


def test_only_rules_of_the_probed_addresses_are_watched():
    assert rules.compare(counters(), counters(), PATHS) == {"watched": ["dns", "dns over tcp", "external", "node port"], "moved": []}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("[7:420] -A KUBE-SERVICES -d 10.96.0.10/32 -p udp", "[9:540] -A KUBE-SERVICES -d 10.96.0.10/32 -p udp", [(2, ["dns"])]),
        ("[5:300] -A KUBE-NODEPORTS", "[6:360] -A KUBE-NODEPORTS", [(1, ["node port"])]),
        ("[0:0] -A KUBE-SERVICES -d 203.0.113.250/32", "[3:180] -A KUBE-SERVICES -d 203.0.113.250/32", [(3, ["external"])]),
        ("[11:660] -A KUBE-SERVICES -d 10.96.0.1/32", "[99:660] -A KUBE-SERVICES -d 10.96.0.1/32", []),
        ("[7:420] -A KUBE-SEP", "[9:420] -A KUBE-SEP", []),
    ],
)
def test_a_counter_that_moved_is_told_with_its_targets(old, new, found):
    assert old in DUMP
    assert moved(counters(), counters(DUMP.replace(old, new))) == found


def test_a_counter_that_was_reset_shows_what_came_since():
    less = DUMP.replace("[7:420] -A KUBE-SERVICES -d 10.96.0.10/32 -p udp", "[2:120] -A KUBE-SERVICES -d 10.96.0.10/32 -p udp")
    assert moved(counters(), counters(less)) == [(2, ["dns"])]


def test_the_rules_of_one_family_do_not_speak_for_the_other():
    six = DUMP.replace("10.96.0.10/32", "fd00::a/128")
    paths = [path for path in PATHS if path.name in ("v6", "node port")]
    found = rules.compare({}, counters(six, "iptables-nft ipv6"), paths)
    assert found["watched"] == ["v6"]


@pytest.mark.parametrize(
    "rule", ["", "-A KUBE-SERVICES", "-A KUBE-SERVICES -p tcp --dport 80", "-A KUBE-SERVICES -d 10.0.0.1/32 -m 'open", "-A X -p tcp --dport x"]
)
def test_a_rule_that_is_not_about_one_port_of_one_address_is_not_watched(rule):
    assert rules.parse_entry("KUBE-SERVICES", rule) is None

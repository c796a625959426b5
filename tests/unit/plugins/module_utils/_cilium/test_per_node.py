# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.module_utils.common.dict_transformations import dict_merge
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import leaves, per_node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.values import check_values

MASQUERADE = {"bpf": {"masquerade": True, "lbMapMax": 131072}, "k8sServiceHost": "192.0.2.1", "k8sServicePort": 6443}
HEALTH = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10256"}
OWN = {"cni": {"chainingMode": "portmap"}, "waitForKubeProxy": True, "k8s": {"requireIPv4PodCIDR": True}}
LAID = {
    "k8sServiceHost": "192.0.2.1", "k8sServicePort": 6443, "kubeProxyReplacement": True, "waitForKubeProxy": False, "bpf": {"masquerade": True},
    "cni": {"chainingMode": "none"}, "k8s": {"apiServerURLs": "https://192.0.2.1:6443 https://192.0.2.2:6443"},
}  # fmt: skip


@pytest.mark.parametrize("version, values, moved", [
    ("1.18.2", {"bpf": {"masquerade": False}}, {"enable-bpf-masquerade": "true"}),
    ("1.13.0", {"bpf": {"masquerade": False}}, {"enable-bpf-masquerade": "true"}),
    ("1.19.1", {"bpf": {"masquerade": False}}, {"enable-bpf-masquerade": "true"}),
    ("", {"bpf": {"masquerade": False}}, {"enable-bpf-masquerade": "true"}),
])  # fmt: skip
def test_what_goes_only_with_the_replacement_is_told_to_moved_nodes(version, values, moved):
    assert per_node.split(MASQUERADE, version) == {"values": values, "moved": moved, "retired": {}}


def test_where_parts_of_the_replacement_serve_node_ports_already_masquerading_stays():
    assert per_node.split({**MASQUERADE, "nodePort": {"enabled": True}}, "1.18.2")["moved"] == {}


@pytest.mark.parametrize(("version", "own", "stays"), [
    ("1.19.1", MASQUERADE, True), ("1.19.1", {**MASQUERADE, "kubeProxyReplacement": True}, False), ("1.19.1", {}, False), ("1.18.2", MASQUERADE, False),
])  # fmt: skip
def test_an_owner_who_masquerades_by_ebpf_beside_kube_proxy_goes_on_doing_so(version, own, stays):
    assert (per_node.split(MASQUERADE, version, own=own)["values"] == {}) is stays
    back = per_node.on_the_way_back(dict_merge(MASQUERADE, {"kubeProxyReplacement": True}), leaves.former(own, LAID), version)
    kept = dict_merge(leaves.without(MASQUERADE, back["absent"]), back["values"])
    assert kept["bpf"].get("masquerade", False) is (stays or bool(own.get("kubeProxyReplacement")))


def test_who_wants_the_rules_of_ip_masq_agent_gets_masquerading_with_them_where_agents_take_it():
    assert per_node.split({**MASQUERADE, "ipMasqAgent": {"enabled": True}}, "1.19.1")["values"] == {}


def test_where_agents_replace_kube_proxy_beside_it_they_go_on_doing_so():
    assert per_node.split(MASQUERADE, "1.18.2", replaced=True) == {"values": {}, "moved": {}, "retired": {}}
    both = {**MASQUERADE, "kubeProxyReplacement": "strict"}
    assert per_node.on_the_way_back(both, leaves.former(both, {"kubeProxyReplacement": True}), "1.15.19") == {
        "values": {"kubeProxyReplacement": "strict"}, "absent": []}


@pytest.mark.parametrize("version", ["1.15.19", "1.18.2", "1.19.1"])
def test_the_release_is_valid_while_nodes_move(version):
    meanwhile = {**dict_merge(MASQUERADE, per_node.split(MASQUERADE, version)["values"]), "kubeProxyReplacement": False}
    assert [one for one in check_values(meanwhile, version) if one["severity"] == "blocker"] == []


def test_the_health_port_is_for_nodes_that_kube_proxy_has_left():
    assert per_node.split(HEALTH, "1.19.1")["retired"] == {"kube-proxy-replacement-healthz-bind-address": "0.0.0.0:10256"}


@pytest.mark.parametrize("version", ["1.18.2", "1.19.1"])
def test_on_the_way_back_agents_get_their_former_settings_and_moved_nodes_keep_what_they_need(version):
    release = dict_merge(OWN, LAID)
    back = per_node.on_the_way_back(release, leaves.former(OWN, LAID), version)
    now = dict_merge(leaves.without(release, back["absent"]), back["values"])
    assert now == {**OWN, "waitForKubeProxy": False, "k8sServiceHost": "192.0.2.1", "k8sServicePort": 6443, "k8s": {**OWN["k8s"], **LAID["k8s"]}}


@pytest.mark.parametrize("version", ["1.18.2", "1.19.1"])
def test_masquerading_that_came_after_the_migration_goes(version):
    former = leaves.former(OWN, {"kubeProxyReplacement": True})
    release = dict_merge(OWN, {"kubeProxyReplacement": True, "bpf": {"masquerade": True}})
    assert per_node.on_the_way_back(release, former, version)["values"] == {"bpf": {"masquerade": False}}


def blockers(values, version):
    return [one["name"] for one in check_values(values, version) if one["severity"] == "blocker"]


def returned(release, former, version):
    """The release's values after the way back has laid its own over them."""
    back = per_node.on_the_way_back(release, former, version)
    return dict_merge(leaves.without(release, back["absent"]), back["values"])


@pytest.mark.parametrize("word, version, now", [
    ("disabled", "1.16.9", False), ("partial", "1.19.1", False), ("strict", "1.16.9", True), ("Disabled", "1.19.1", False), ("disabled", "", False),
    ("disabled", "1.15.19", "disabled"), ("strict", "1.14.19", "strict"), ("partial", "1.13.18", "partial"),
    (False, "1.19.1", False), ("true", "1.19.1", "true"), (None, "1.19.1", None), ("maybe", "1.19.1", "maybe"),
])  # fmt: skip
def test_a_former_word_is_said_as_the_present_chart_says_it(word, version, now):
    former = {"values": {"kubeProxyReplacement": word, "bpf": {"masquerade": False}}, "absent": [["k8sServiceHost"]]}
    assert per_node.translated(former, version) == {**former, "values": {**former["values"], "kubeProxyReplacement": now}}
    assert former["values"]["kubeProxyReplacement"] is word


def test_where_nothing_was_said_nothing_is():
    former = {"values": {}, "absent": [["kubeProxyReplacement"]]}
    assert per_node.translated(former, "1.19.1") == former


@pytest.mark.parametrize("word, now", [("disabled", False), ("partial", False), ("strict", True)])
def test_a_release_with_a_word_that_its_chart_has_no_more_goes_back(word, now):
    own = {"kubeProxyReplacement": word}
    former = leaves.former(own, LAID)
    release = returned(dict_merge(own, LAID), former, "1.19.1")
    assert release["kubeProxyReplacement"] is now and blockers(release, "1.19.1") == []


@pytest.mark.parametrize("version, masquerade", [("1.18.2", False), ("1.19.1", True)])
def test_what_an_agent_takes_only_with_masquerading_by_ebpf_goes_with_it(version, masquerade):
    release = {**LAID, "ipMasqAgent": {"enabled": True, "config": {"masqLinkLocal": True}}}
    now = returned(release, leaves.former({}, {"kubeProxyReplacement": True}), version)
    assert (now["bpf"]["masquerade"], now["ipMasqAgent"]) == (masquerade, {"enabled": masquerade, "config": {"masqLinkLocal": True}})
    assert blockers(now, version) == []


@pytest.mark.parametrize("version", ["1.18.2", "1.19.1"])
@pytest.mark.parametrize("own, stays", [({"kubeProxyReplacement": True}, True), ({}, False)])
def test_what_an_agent_takes_only_with_the_replacement_goes_with_it(version, own, stays):
    release = {**LAID, "installNoConntrackIptablesRules": True}
    now = returned(release, leaves.former(own, {"kubeProxyReplacement": True}), version)
    assert now["installNoConntrackIptablesRules"] is stays and blockers(now, version) == []

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging Helm values."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import chart_keys, compat, keys, value_rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.values import FACTS, check_values
from hypothesis import given
from hypothesis import strategies as st

GOOD = {"kubeProxyReplacement": True, "k8sServiceHost": "api.example", "k8sServicePort": 6443, "bpf": {"masquerade": True}}
NATIVE = {"routingMode": "native", "ipv4NativeRoutingCIDR": "10.0.0.0/8"}
IPIP = {"loadBalancer__mode": "dsr", "loadBalancer__dsrDispatch": "ipip", "routingMode": "native", "ipv4NativeRoutingCIDR": "10.0.0.0/8"}
GENEVE = {"loadBalancer__mode": "dsr", "loadBalancer__dsrDispatch": "geneve", "tunnelProtocol": "geneve"}
XDP_OVER_IPV6 = {"loadBalancer__acceleration": "native", "underlayProtocol": "ipv6"}


def nested(path, value):
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def names(values, version="1.19.1", facts=None, least=("blocker", "warning")):
    return [one["name"] for one in check_values(values, version, facts) if one["severity"] in least]


def with_values(**changes):
    values = {key: dict(value) if isinstance(value, dict) else value for key, value in GOOD.items()}
    for path, value in changes.items():
        top, dot, below = path.replace("__", ".").partition(".")
        values.setdefault(top, {}).update({below: value}) if below else values.update({top: value})
    return values


@pytest.mark.parametrize("minor", range(14, 21))
def test_good_values_have_no_finding(minor):
    assert check_values(GOOD, f"1.{minor}.3") == []


def test_the_usual_guide_on_1_20():
    """What a command written for 1.9 does on 1.20: nearly nothing, and nobody says so."""
    guide = {
        "kubeProxyReplacement": "strict",
        "k8sServiceHost": "api.example",
        "k8sServicePort": 6443,
        "hostServices": {"enabled": True},
        "externalIPs": {"enabled": True},
        "nodePort": {"enabled": True},
        "hostPort": {"enabled": True},
        "sessionAffinity": True,
        "tunnel": "vxlan",
        "bpf": {"masquerade": True},
        "image": {"pullPolicy": "IfNotPresent"},
        "loadBalancer": {"standalone": True},
    }
    found = {one["key"]: (one["name"], one["severity"]) for one in check_values(guide, "1.20.2")}
    assert found == {
        "kubeProxyReplacement": ("kpr-word", "blocker"),
        "tunnel": ("value-refused", "blocker"),
        "hostServices": ("value-ignored", "warning"),
        "externalIPs": ("value-ignored", "warning"),
        "nodePort.enabled": ("value-ignored", "warning"),
        "hostPort": ("value-ignored", "warning"),
        "sessionAffinity": ("value-ignored", "warning"),
        "loadBalancer.standalone": ("value-ignored", "warning"),
    }


@pytest.mark.parametrize("rule", value_rules.DEAD, ids=lambda rule: f"{rule.path}-{rule.since}")
def test_dead_keys_are_named_from_their_minor_on_and_once(rule):
    for minor in range(13, 21):
        found = [one for one in check_values(nested(rule.path, "x"), f"1.{minor}") if one["key"] == rule.path]
        dead = [one for one in found if one["name"] == f"value-{rule.effect}"]
        later = max(other.since for other in value_rules.DEAD if other.path == rule.path)
        expected = minor >= rule.since and (rule.since == later or minor < later)
        assert len(dead) == (1 if expected else 0), minor
        assert len(found) <= 1
        assert all(rule.use in one["remedy"] for one in dead)


@pytest.mark.parametrize(
    ("minor", "word", "expected"),
    [
        (13, "strict", None),
        (13, "true", "kpr-word"),
        (13, True, "kpr-word"),
        (13, False, None),
        (13, "false", "kpr-word"),
        (13, "probe", "kpr-word"),
        (14, True, None),
        (14, "strict", "kpr-word-deprecated"),
        (15, "disabled", "kpr-word-deprecated"),
        (15, "probe", "kpr-word"),
        (16, "strict", "kpr-word"),
        (16, "true", None),
        (20, False, None),
        (20, "partial", "kpr-word"),
        (19, None, "kpr-not-given"),
        (19, "True", None),
    ],
)
def test_words_of_kube_proxy_replacement(minor, word, expected):
    found = [one for one in names(with_values(kubeProxyReplacement=word), f"1.{minor}") if one.startswith("kpr")]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("values", "version", "expected"),
    [
        ({"nodePrt": {}}, "1.19.1", ("value-unknown", "did you mean nodePort?")),
        ({"nodePort": {"rang": "1,2"}}, "1.19.1", ("value-unknown", "did you mean nodePort.range?")),
        ({"qwertz": 1}, "1.19.1", ("value-unknown", "remove it")),
        ({"k8sServiceHostRef": {"name": "x"}}, "1.17.1", ("value-later", "go to Cilium 1.18")),
        ({"sockops": {"enabled": True}}, "1.19.1", ("value-gone", "remove it")),
        ({"bpf": {"masquerade": None}}, "1.19.1", None),
        ({"extraConfig": {"anything": "goes"}, "nodeSelector": {"a": "b"}, "podAnnotations": {"c": "d"}, "global": {"e": 1}}, "1.19.1", None),
    ],
)
def test_unknown_keys(values, version, expected):
    found = [one for one in check_values({**GOOD, **values}, version) if one["name"] in ("value-unknown", "value-later", "value-gone")]
    assert len(found) == (1 if expected else 0)
    if expected:
        assert found[0]["name"] == expected[0] and expected[1] in found[0]["remedy"]


@pytest.mark.parametrize(
    ("changes", "version", "expected"),
    [
        ({"loadBalancer__mode": "dsr"}, "1.19", "dsr-vxlan"),
        ({"loadBalancer__mode": "hybrid", "tunnelProtocol": "vxlan"}, "1.19", "dsr-vxlan"),
        ({"loadBalancer__mode": "dsr", "tunnelProtocol": "geneve"}, "1.19", "dsr-dispatch"),
        ({"loadBalancer__mode": "dsr", "tunnelProtocol": "geneve", "loadBalancer__dsrDispatch": "geneve"}, "1.19", None),
        ({"loadBalancer__mode": "dsr", "routingMode": "native", "ipv4NativeRoutingCIDR": "10.0.0.0/8"}, "1.19", None),
        ({**NATIVE, "loadBalancer__mode": "hybrid", "socketLB__hostNamespaceOnly": True}, "1.19", "dsr-host-namespace-only"),
        ({**NATIVE, "loadBalancer__mode": "dsr", "socketLB__hostNamespaceOnly": True}, "1.19.2", "dsr-host-namespace-only"),
        ({**NATIVE, "loadBalancer__mode": "dsr", "socketLB__hostNamespaceOnly": True}, "1.19.3", None),
        ({**NATIVE, "loadBalancer__mode": "dsr", "socketLB__hostNamespaceOnly": True}, "1.20.0", None),
        ({**NATIVE, "socketLB__hostNamespaceOnly": True}, "1.19", None),
        (
            {"loadBalancer__mode": "dsr", "loadBalancer__dsrDispatch": "geneve", "routingMode": "native", "ipv4NativeRoutingCIDR": "10.0.0.0/8"},
            "1.19",
            "dsr-geneve",
        ),
        ({**IPIP, "loadBalancer__acceleration": "disabled"}, "1.18", "dsr-ipip"),
        (IPIP, "1.18", "dsr-ipip"),
        ({**IPIP, "loadBalancer__mode": "hybrid", "loadBalancer__acceleration": "native"}, "1.18", "dsr-ipip"),
        ({**IPIP, "loadBalancer__acceleration": "native"}, "1.18", None),
        (IPIP, "1.19", None),
        ({"loadBalancer__mode": "dsr", "kubeProxyReplacement": False, "bpf__masquerade": False}, "1.19", None),
        ({"loadBalancer__mode": "fast"}, "1.19", "value-word"),
        ({"loadBalancer__algorithm": "maglev", "maglev__tableSize": 65521}, "1.19", None),
        ({"maglev__tableSize": 65536}, "1.19", "maglev-size"),
        ({"loadBalancer__acceleration": "on"}, "1.19", "value-word"),
        ({"loadBalancer__acceleration": "best-effort"}, "1.14.19", "value-word"),
        ({"loadBalancer__acceleration": "best-effort"}, "1.15", None),
        ({**XDP_OVER_IPV6, "loadBalancer__acceleration": "native"}, "1.18", "xdp-underlay"),
        ({**XDP_OVER_IPV6, "loadBalancer__acceleration": "best-effort"}, "1.19.4", "xdp-underlay"),
        ({**XDP_OVER_IPV6, "loadBalancer__acceleration": "disabled"}, "1.19", None),
        ({**XDP_OVER_IPV6, "underlayProtocol": "ipv4"}, "1.19", None),
        ({**XDP_OVER_IPV6}, "1.17.16", None),
        ({**XDP_OVER_IPV6, **NATIVE}, "1.19", None),
        ({**XDP_OVER_IPV6, "kubeProxyReplacement": False}, "1.19", None),
        ({**XDP_OVER_IPV6, "underlayProtocol": "auto", "ipv4__enabled": False}, "1.20", "xdp-underlay"),
        ({**XDP_OVER_IPV6, "underlayProtocol": None, "ipv4__enabled": False}, "1.20", "xdp-underlay"),
        ({**XDP_OVER_IPV6, "underlayProtocol": None, "ipv4__enabled": False}, "1.19", None),
        ({**XDP_OVER_IPV6, "underlayProtocol": "auto"}, "1.20", None),
        ({"kubeProxyReplacement": False}, "1.18", "bpf-masquerade"),
        ({"kubeProxyReplacement": False}, "1.19", None),
        ({"bpf__masquerade": "true"}, "1.16", "value-type"),
        ({"bpf__masquerade": "true"}, "1.15", None),
        ({"bpf__masquerade": False, "ipMasqAgent__enabled": True}, "1.19", "ip-masq-agent"),
        ({"installNoConntrackIptablesRules": True}, "1.19", None),
        ({"installNoConntrackIptablesRules": True, "bpf__masquerade": False}, "1.19", "no-conntrack"),
        ({"installNoConntrackIptablesRules": True, "kubeProxyReplacement": False}, "1.19", "no-conntrack"),
        ({"k8sServiceHost": None}, "1.19", "api-address"),
        ({"k8sServiceHost": None, "k8s__apiServerURLs": "https://a:6443"}, "1.19", None),
        ({"k8sServiceHost": None, "k8s__apiServerURLs": ["https://a:6443"]}, "1.19", "value-type"),
        ({"k8s__apiServerURLs": ["https://a:6443"]}, "1.17", None),
        ({"k8sServiceHost": None, "k8sServiceHostRef__name": "x"}, "1.19", None),
        ({"k8sServiceHostRef__name": "x"}, "1.19", "api-address-twice"),
        ({"k8sServiceHostRef__name": "x"}, "1.17", None),
        ({"k8sServiceHost": "auto", "k8sServicePort": None}, "1.16", None),
        ({"k8sServiceHost": "auto"}, "1.15", "api-address-auto"),
        ({"k8sServicePort": None}, "1.19", "api-port"),
        ({"routingMode": "native"}, "1.19", "native-cidr"),
        ({"routingMode": "native", "enableIPv4Masquerade": False, "bpf__masquerade": False}, "1.19", None),
        ({"routingMode": "native", "ipam__mode": "eni"}, "1.19", None),
        ({"autoDirectNodeRoutes": True}, "1.19", "direct-routes"),
        ({"nodePort__range": "30000-32767"}, "1.19", "node-port-range"),
        ({"nodePort__range": "32767,30000"}, "1.19", "node-port-range"),
        ({"nodePort__range": "30000"}, "1.19", "node-port-range"),
        ({"nodePort__range": [30000, 32767]}, "1.19", "node-port-range"),
        ({"nodePort__range": "30000,31000"}, "1.19", None),
    ],
)
def test_values_together(changes, version, expected):
    assert names(with_values(**changes), version, least=("blocker",)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({**NATIVE, "loadBalancer__mode": "dsr"}, "dsr-option: and with each datagram, 8 bytes (24 with IPv6)", ""),
        ({**NATIVE, "loadBalancer__mode": "hybrid"}, "dsr-option: an IP option", "datagram"),
        ({**GENEVE, **NATIVE}, "dsr-geneve-room: a tunnel's header, 50 bytes, and each datagram gets 12 bytes (24 with IPv6) more than such", ""),
        ({**GENEVE, **NATIVE, "loadBalancer__mode": "hybrid"}, "dsr-geneve-room: 50 bytes, gets 12 bytes", "datagram"),
        (GENEVE, "dsr-geneve-room: and each datagram gets 12 bytes (24 with IPv6) more", "50"),
        ({**GENEVE, "loadBalancer__mode": "hybrid"}, "", ""),
        ({**GENEVE, "loadBalancer__mode": "snat"}, "", ""),
    ],
)
def test_room_that_dsr_takes_is_said(changes, said, unsaid):
    name, _colon, words = said.partition(": ")
    found = [one for one in check_values(with_values(**changes), "1.19.4") if one["name"].startswith("dsr")]
    assert [(one["name"], one["severity"]) for one in found] == ([(name, "note")] if name else [])
    assert all(part in one["why"] for one in found for part in words.split(", "))
    assert not unsaid or all(unsaid not in one["why"] for one in found)


def test_api_addresses_that_the_chart_ignores():
    found = names({"kubeProxyReplacement": True, "bpf": {"masquerade": True}, "k8s": {"apiServerURLs": "https://a:6443"}}, "1.17.1")
    assert found == ["value-later", "api-address-ignored"]


@pytest.mark.parametrize(
    ("facts", "changes", "expected"),
    [
        ({"control_planes": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}, {"k8sServiceHost": "10.0.0.2"}, "api-pinned"),
        ({"control_planes": ["10.0.0.1"]}, {"k8sServiceHost": "10.0.0.1"}, None),
        ({"control_planes": ["10.0.0.1", "10.0.0.2"]}, {}, None),
        ({"service_mesh": "Istio"}, {}, "service-mesh"),
        ({"service_mesh": "Istio"}, {"socketLB__hostNamespaceOnly": True}, None),
        ({"service_mesh": None}, {}, None),
        ({"service_node_port_range": "30000-32767"}, {}, None),
        ({"service_node_port_range": "20000-22767"}, {}, "node-port-range-differs"),
        ({"service_node_port_range": "20000-22767"}, {"nodePort__range": "20000,22767"}, None),
        ({"service_node_port_range": "20000-22767"}, {"nodePort__range": "20000,32767"}, None),
        ({"service_node_port_range": "20000+2768"}, {"nodePort__range": "20000,22767"}, "node-port-range-differs"),
        ({"service_node_port_range": "all"}, {}, None),
        ({"kube_proxy_serves": True}, {"k8sServiceHost": None}, None),
        ({"kube_proxy_serves": False}, {"k8sServiceHost": None}, "api-address"),
        ({"kubernetes_version": "v1.34.4"}, {}, None),
        ({"kubernetes_version": "1.36.0"}, {}, "kubernetes-version"),
        ({"kubernetes_version": "1.30.9"}, {}, "kubernetes-version"),
    ],
)
def test_values_and_the_cluster(facts, changes, expected):
    assert names(with_values(**changes), facts=facts) == ([expected] if expected else [])


def test_a_kubernetes_that_another_cilium_is_tested_with():
    found = check_values(GOOD, "1.19.1", {"kubernetes_version": "1.36.0"})
    assert found[0]["remedy"] == "choose Cilium 1.20"
    assert "no Cilium" in check_values(GOOD, "1.19.1", {"kubernetes_version": "1.37.0"})[0]["remedy"]


@pytest.mark.parametrize("version", ["1.12.19", "1.21.0", "3.0"])
def test_a_chart_that_no_table_knows_is_not_judged(version):
    assert [one["name"] for one in check_values({"hostServices": {}}, version)] == ["chart-version"]


@pytest.mark.parametrize(("version", "facts", "said"), [("latest", None, "expected a version"), ("1.19", {"controlplanes": []}, "facts has controlplanes")])
def test_what_cannot_be_judged_is_said(version, facts, said):
    with pytest.raises(ValueError, match=said):
        check_values(GOOD, version, facts)


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("1.16.19", "livenessProbe.requireK8sConnectivity"),
        ("1.17.16", "bpf.distributedLRU.enabled"),
        ("1.17.16", "tunnelSourcePortRange"),
        ("1.19.0", "enableTunnelBIGTCP"),
        ("1.19.4", "configDriftDetection.enabled"),
        ("1.19.4", "endpointPolicyUpdateTimeoutDuration"),
    ],
)
def test_keys_that_came_or_went_within_a_minor_are_known_in_it(version, path):
    assert not names({**GOOD, **nested(path, True)}, version)


def test_the_table_of_keys_covers_the_table_of_versions():
    assert {minor for major, minor in compat.MINORS} == set(range(chart_keys.FIRST, chart_keys.LAST + 1))
    assert len(keys.table()) > 700
    for path in (
        "kubeProxyReplacement",
        "k8sServiceHost",
        "bpf.masquerade",
        "nodePort.range",
        "socketLB.hostNamespaceOnly",
        "k8s.apiServerURLs",
        "tunnelProtocol",
        "devices",
        "kubeProxyReplacementHealthzBindAddr",
        "rollOutCiliumPods",
        "image.override",
        "ipv4NativeRoutingCIDR",
        "autoDirectNodeRoutes",
    ):
        assert path in keys.table(), path


def test_every_rule_is_about_a_key_that_some_chart_knew():
    gone_before_the_table = {"enableCnpStatusUpdates", "enableK8sEventHandover"}
    assert {rule.path for rule in value_rules.DEAD} - gone_before_the_table <= set(keys.table())
    assert set(value_rules.BOOLEANS) <= set(keys.table())


PATHS = st.sampled_from([*sorted(keys.table()), "unknown", "unknown.below"])


@given(
    st.dictionaries(PATHS, st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2), max_size=5),
    st.integers(13, 20),
    st.fixed_dictionaries({}, optional={name: st.none() | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=3) for name in sorted(FACTS)}),
)
def test_no_values_raise_and_every_finding_is_whole(flat, minor, facts):
    values = {}
    for path, value in flat.items():
        top, dot, below = path.partition(".")
        if below and isinstance(values.get(top, {}), dict):
            values.setdefault(top, {})[below] = value
        else:
            values[top] = value
    for one in check_values(values, f"1.{minor}", facts):
        assert one["severity"] in ("blocker", "warning", "note")
        assert all(isinstance(one[key], str) and one[key] for key in ("name", "key", "found", "why", "remedy"))


def test_a_secret_under_a_key_that_nobody_knows_is_not_shown():
    found = check_values({**GOOD, "clustermsh": {"tls": {"key": "c2VjcmV0"}}, "etcd": {"managed": True, "password": "geheim"}}, "1.19.1")
    assert "clustermsh" in {one["key"] for one in found} and not any(secret in str(found) for secret in ("c2VjcmV0", "geheim")), found

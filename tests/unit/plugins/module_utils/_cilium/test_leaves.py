# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import leaves

combine = pytest.importorskip("ansible.plugins.filter.core", reason="a node's Python has no filters of Ansible").combine

OWN = {
    "bpf": {"lbMapMax": 131072}, "cni": {"chainingMode": "portmap", "exclusive": False}, "devices": "eth0", "ipam": {"mode": "kubernetes"}, "tunnel": "vxlan",
}  # fmt: skip


@pytest.mark.parametrize("laid, values, absent", [
    ({"devices": ["eth1"]}, {"devices": "eth0"}, []),
    ({"bpf": {"masquerade": True}}, {}, [["bpf", "masquerade"]]),
    ({"bpf": {"lbMapMax": 65536, "masquerade": True}}, {"bpf": {"lbMapMax": 131072}}, [["bpf", "masquerade"]]),
    ({"socketLB": {"enabled": True}}, {}, [["socketLB", "enabled"]]),
    ({"tunnel": {"protocol": "geneve", "port": 1}}, {"tunnel": "vxlan"}, []),
    ({"cni": "none"}, {"cni": {"chainingMode": "portmap", "exclusive": False}}, []),
    ({"hubble": {}}, {}, [["hubble"]]),
])  # fmt: skip
def test_what_is_laid_over_can_be_put_back(laid, values, absent):
    found = leaves.former(OWN, laid)
    assert found == {"values": values, "absent": absent}
    before = copy.deepcopy(OWN)
    now = combine(OWN, laid, recursive=True)
    assert now != OWN == before
    assert combine(leaves.without(now, found["absent"]), found["values"], recursive=True) == OWN


def test_what_others_have_set_meanwhile_stays():
    now = {**combine(OWN, {"bpf": {"masquerade": True}}, recursive=True), "debug": {"enabled": True}}
    now["bpf"]["mapDynamicSizeRatio"] = 0.01
    back = leaves.without(now, leaves.former(OWN, {"bpf": {"masquerade": True}})["absent"])
    assert back == {**OWN, "bpf": {"lbMapMax": 131072, "mapDynamicSizeRatio": 0.01}, "debug": {"enabled": True}}


def test_what_was_kept_first_is_not_kept_again():
    """A second run lays more values over a release that has those of the first run."""
    first = leaves.former(OWN, {"devices": "eth1", "bpf": {"masquerade": True}})
    now = combine(OWN, {"devices": "eth1", "bpf": {"masquerade": True}}, recursive=True)
    second = leaves.former(now, {"devices": "eth2", "bpf": {"masquerade": False}, "cni": {"exclusive": True}, "debug": {"enabled": True}})
    assert leaves.known(first, second) == {
        "values": {"devices": "eth0", "cni": {"exclusive": False}},
        "absent": [["bpf", "masquerade"], ["debug", "enabled"]],
    }
    assert leaves.known(first, first) == first


def test_keys_may_be_named_as_text_or_as_a_path_and_may_have_dots():
    values = {"prometheus": {"enabled": True}, "nodeSelector": {"kubernetes.io/os": "linux", "zone": "a"}}
    paths = ["prometheus", "nobody", ["nodeSelector", "kubernetes.io/os"], ["nodeSelector", "zone", "deeper"]]
    assert leaves.without(values, paths) == {"nodeSelector": {"zone": "a"}}
    assert values["prometheus"] == {"enabled": True}


def test_secrets_are_not_kept():
    reference = {"k8sServiceHostRef": {"name": "api", "key": "host"}}
    own = {"hubble": {"tls": {"server": {"key": "c2VjcmV0"}}}, "extraEnv": [{"name": "API_TOKEN", "value": "x"}], **reference}
    laid = {"hubble": {"tls": {"server": {"key": "other"}}}, "extraEnv": [], "k8sServiceHostRef": {"name": "b", "key": "c"}}
    assert leaves.former(own, laid) == {"values": reference, "absent": []}


def test_only_what_changes_is_shown_and_no_secret():
    own = {**OWN, "clustermesh": {"useAPIServer": False, "apiserver": {"tls": {"server": {"key": "c2VjcmV0"}}}}}
    assert leaves.changed(own, combine(own, {"clustermesh": {"useAPIServer": True}, "devices": "eth0"}, recursive=True)) == {
        "before": {"clustermesh.useAPIServer": False}, "after": {"clustermesh.useAPIServer": True}}
    new = combine(own, {"clustermesh": {"apiserver": {"tls": {"server": {"key": "bmV3"}}}}, "etcd": {"password": "geheim"}}, recursive=True)
    assert leaves.changed(own, new) == {
        "before": {"clustermesh.apiserver.tls.server.key": "(hidden)"},
        "after": {"clustermesh.apiserver.tls.server.key": "(hidden, another one)", "etcd.password": "(hidden)"}}
    assert leaves.changed(own, own) == {"before": {}, "after": {}}


@pytest.mark.parametrize("values, shown", [
    ({"tls": {"ca": {"key": "x", "cert": "y"}}}, {"tls": {"ca": {"key": "(hidden)", "cert": "y"}}}),
    ({"extraEnv": [{"name": "HTTP_PROXY", "value": "p"}, {"name": "DB_PASSWORD", "value": "x"}]},
     {"extraEnv": [{"name": "HTTP_PROXY", "value": "p"}, {"name": "DB_PASSWORD", "value": "(hidden)"}]}),
    ({"automountServiceAccountToken": False, "maglev": {"hashSeed": "abc"}, "imagePullSecrets": ["pull"]},
     {"automountServiceAccountToken": False, "maglev": {"hashSeed": "abc"}, "imagePullSecrets": ["pull"]}),
    ({"sshKey": "x", "aws_token": "y", "clientSecret": "z", "key": ""}, {"sshKey": "(hidden)", "aws_token": "(hidden)", "clientSecret": "(hidden)", "key": ""}),
])  # fmt: skip
def test_masked(values, shown):
    assert leaves.masked(values) == shown

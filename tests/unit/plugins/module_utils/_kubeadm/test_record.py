# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's record: in which formats it can say that kube-proxy is not wanted, and which upgrades listen."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import record, versions

OFF = {"disabled": True}


def document(name, **more):
    return {"apiVersion": f"kubeadm.k8s.io/{name}", "kind": "ClusterConfiguration", **more}


TOLD = document("v1beta4", proxy=OFF)


@pytest.mark.parametrize("name, has", [("v1beta1", False), ("v1beta2", False), ("v1beta3", False), ("v1beta4", True), ("v1beta5", False), ("", False)])
def test_only_a_format_that_is_known_to_have_the_field_gets_it(name, has):
    """Into another one kubeadm would read it and drop it, or refuse the record."""
    given = document(name, networking={"podSubnet": "10.0.0.0/8"})
    assert record.has_field(f"kubeadm.k8s.io/{name}") is record.has_field(name) is has
    assert record.with_proxy(given, OFF) == ({**given, "proxy": OFF} if has else given)
    assert "proxy" not in given


@pytest.mark.parametrize("present, wanted", [({}, {}), (OFF, OFF), (None, {})])
def test_what_is_so_already_stays_as_it_is(present, wanted):
    given = document("v1beta4", proxy=present)
    assert record.with_proxy(given, wanted) is given
    assert record.with_proxy(document("v1beta4"), {}) == document("v1beta4")


def test_the_way_back_writes_what_was_there_before():
    assert record.with_proxy(TOLD, {})["proxy"] == {}


@pytest.mark.parametrize("told, server, wanted", [
    (document("v1beta2"), "v1.21.14", "1.22.17"), (document("v1beta3"), "v1.30.14", "1.31.0"), (document("v1beta3"), "v1.30.14", ""),
    (document("v1beta4"), "v1.31.1", "1.31.14"), (TOLD, "v1.31.4", "1.32.1"), (TOLD, "v1.31.4", "v1.32.10"), (TOLD, "v1.32.1", ""), (TOLD, "v1.33.0", "1.34"),
])  # fmt: skip
def test_an_upgrade_that_listens_to_what_there_is(told, server, wanted):
    found = record.outlook(told, server, wanted)
    assert found["leaves_out"] and found["says"].endswith(" leaves kube-proxy out.")


@pytest.mark.parametrize("name, proxy", [("v1beta3", None), ("v1beta2", OFF), ("v1beta3", OFF), ("v1beta5", OFF)])
def test_a_field_that_the_format_does_not_have_is_no_proof(name, proxy):
    found = record.outlook(document(name, proxy=proxy), "v1.31.4", "1.32.1")
    assert not found["leaves_out"] and f"found no proxy.disabled in ConfigMap kube-system/kubeadm-config (kubeadm.k8s.io/{name})" in found["says"]
    assert "looks at nothing else from 1.32 on" in found["says"]
    assert ("Upgrade to 1.31 first and run this again" in found["says"]) is (name != "v1beta5")


@pytest.mark.parametrize("told, remedy", [({}, "Bring that ConfigMap back"), (document("v1beta4"), "Set proxy.disabled: true there"),
                                          ({"kind": "ClusterConfiguration"}, "Correct its apiVersion (known are kubeadm.k8s.io/v1beta2, ")])  # fmt: skip
def test_what_to_do_follows_from_what_there_is(told, remedy):
    says = record.outlook(told, "v1.34.4")["says"]
    assert f". {remedy}" in says and says.startswith("an upgrade from v1.34.4 to 1.35 would bring kube-proxy back: found no ")
    assert "kubeadm upgrade apply v1.35.PATCH --skip-phases=addon/kube-proxy, and on every other control plane: kubeadm upgrade node --skip-phases=" in says


@pytest.mark.parametrize("server", ["v1.31.4", "v1.32.0"])
@pytest.mark.parametrize("wanted", ["1.32.0", "v1.32.0", "1.32.0-rc.1"])
def test_a_kubeadm_that_ignores_the_record_is_refused(server, wanted):
    found = record.outlook(TOLD, server, wanted)
    assert not found["leaves_out"]
    assert "found a kubeadm that ignores proxy.disabled, expected 1.32.1 or later. Upgrade to 1.32.1 or later, or upgrade with: " in found["says"]
    skip = "--skip-phases=addon/kube-proxy"
    assert f"kubeadm upgrade apply v{wanted.lstrip('v')} {skip}, and on every other control plane: kubeadm upgrade node {skip}" in found["says"]


@pytest.mark.parametrize("server, wanted", [("v1.31.4", "1.32"), ("v1.31.4", "v1.32"), ("v1.31.4", ""), ("v1.32.0", "1.32")])
def test_a_minor_is_told_which_of_its_patches_to_leave_out(server, wanted):
    found = record.outlook(TOLD, server, wanted)
    assert found["leaves_out"] and "but for 1.32.0, which brings it back. Upgrade to 1.32.1 or later." in found["says"]


@pytest.mark.parametrize("server, wanted", [("v1.34.4", "1.33.9"), ("v1.30.1", "1.3"), ("v1.34.4", "latest"), ("v1.17.0", "1.18.2"), ("", "")])
def test_what_cannot_be_upgraded_to_is_named(server, wanted):
    found = record.outlook(TOLD, server, wanted)
    assert not found["leaves_out"] and "as the version to upgrade to, expected one from " in found["says"] and "Correct kpr_upgrade_to" in found["says"]


@pytest.mark.parametrize("server, ahead", [("v1.30.9", []), ("v1.31.0", ["1.32.0"]), ("v1.32.0", ["1.32.0"]), ("v1.32.1", []), ("v1.33.0", []), ("", [])])
def test_the_next_upgrade_may_meet_a_fault(server, ahead):
    assert [str(one) for one in versions.faults_ahead(server)] == ahead


def test_a_fault_of_several_patches_names_the_first_and_the_last():
    assert str(versions.Fault((1, 40, 2), (1, 40, 5))) == "1.40.2 to 1.40.4"


def test_what_kubeadm_looks_at_is_known_by_version():
    looks = [versions.looks_at(version) for version in ("1.18.20", "1.19.0", "1.31.14", "1.32.0", "1.32.1", "1.32", "1.99", "latest")]
    assert looks == [None, versions.CONFIG_MAP, versions.CONFIG_MAP, versions.NOTHING, versions.FIELD, versions.FIELD, versions.FIELD, None]


def test_the_format_that_is_written_is_known_by_version():
    names = {(1, 15): "v1beta2", (1, 21): "v1beta2", (1, 22): "v1beta3", (1, 30): "v1beta3", (1, 31): "v1beta4", (1, 99): "v1beta4"}
    assert {minor: versions.written_by(minor).name for minor in names} == names and versions.written_by((1, 14)) is None

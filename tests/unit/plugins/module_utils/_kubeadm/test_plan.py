# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who begins, who joins, who is refused."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm.plan import plan


@pytest.fixture
def planned(cluster):
    """The plan for nodes; words of the settings replace the cluster's."""

    def make(*nodes, others=None, unread=(), **settings):
        return plan({**cluster, **settings}, nodes, [node["host"] for node in nodes] + list(unread), others or {})

    return make


@pytest.fixture
def bare(make_node):
    return [make_node("worker0"), make_node("cp1", True), make_node("cp2", True), make_node("worker1")]


def test_the_first_control_plane_begins_and_the_others_join(planned, bare):
    found = planned(*bare)
    assert (found["first"], found["begin"], found["problems"]) == ("cp1", True, {})
    assert found["joins"] == ["worker0", "cp2", "worker1"]


def test_a_new_first_control_plane_joins_the_cluster_that_is_there(planned, make_node, make_member):
    worker = make_node("worker1", member=make_member(control_plane=False, admin=False))
    found = planned(make_node("cp0", True), make_node("cp1", True, member=make_member(), api_server=True), worker)
    assert (found["first"], found["begin"], found["joins"], found["problems"]) == ("cp1", False, ["cp0"], {})


def test_a_member_out_of_this_run_lets_others_join(planned, make_node, make_member):
    found = planned(make_node("cp4", True), others={"cp1": {}, "cp2": make_node("cp2", member=make_member())["facts"]})
    assert (found["first"], found["begin"], found["joins"], found["problems"]) == ("cp2", False, ["cp4"], {})


def test_nobody_begins_where_others_cannot_be_asked(planned, make_node):
    found = planned(make_node("cp4", True), others={"cp1": {}})
    assert "cp1" in found["problems"]["cp4"][0] and "not in this run could not be read" in found["problems"]["cp4"][0]


def test_nobody_begins_where_an_api_server_answers(planned, bare):
    bare[1]["facts"]["api_server"] = True
    assert "Cluster prod: found an API server at api.example.net:6443 (asked from cp1)" in planned(*bare)["problems"]["worker0"][0]


def test_one_unfit_node_keeps_the_cluster_from_beginning(planned, bare):
    bare[3]["facts"]["swap"] = ["/dev/vdb"]
    problems = planned(*bare)["problems"]
    assert "swap: found /dev/vdb" in problems["worker1"][0]
    assert problems["cp1"] == ["Node cp1: nothing was done, because of worker1; see what is told there."] and len(problems) == 4


def test_one_unfit_node_does_not_keep_others_from_joining(planned, make_node, make_member):
    found = planned(make_node("cp1", True, member=make_member()), make_node("worker1", swap=["/dev/vdb"]), make_node("worker2"))
    assert list(found["problems"]) == ["worker1"]


@pytest.mark.parametrize("settings, words", [
    ({"version": ""}, "Set kpr_kubernetes_version"),
    ({"endpoint": ":6443"}, "found kpr_control_plane_endpoint :6443, expected HOST:PORT"),
    ({"endpoint": "fd00::1:6443"}, "an IPv6 address in brackets"),
    ({"kubeconfig_exists": True}, "found /home/ops/.kube/prod on the controller"),
    ({"networks": {"pods": ["10.0.0.0/8"], "Services": ["10.96.0.0/12"]}}, "overlaps"),
])  # fmt: skip
def test_what_is_wrong_with_the_whole_is_told_once(planned, bare, settings, words):
    problems = planned(*bare, **settings)["problems"]
    assert words in problems["worker0"][0]
    assert all(problems[host] == [f"Node {host}: nothing was done, because of worker0; see what is told there."] for host in ("cp1", "cp2", "worker1"))


def test_a_version_that_is_too_old_is_named(planned, bare):
    assert "expected a later version" in planned(*bare, version="1.21.0")["problems"]["worker0"][0]


def test_nobody_begins_while_a_node_cannot_be_read(planned, bare):
    assert "worker9 could not be read or failed" in planned(*bare, unread=["worker9"])["problems"]["worker0"][0]


def test_a_cluster_needs_a_control_plane(planned, make_node):
    assert "kpr_control_plane: true" in planned(make_node("worker1"))["problems"]["worker1"][0]


def test_a_kubeconfig_that_is_there_is_right_where_the_cluster_is(planned, make_node, make_member):
    assert planned(make_node("cp1", True, member=make_member()), kubeconfig_exists=True)["problems"] == {}


def test_a_member_of_another_cluster_is_refused(planned, make_node, make_member):
    found = planned(make_node("cp1", True, member=make_member()), make_node("worker1", member=make_member("https://api.example.net:6443", "B", False, False)))
    assert list(found["problems"]) == ["worker1"] and "whose certificate authority is another one" in found["problems"]["worker1"][0]


def test_a_foreign_control_plane_before_the_own_does_not_lead(planned, make_node, make_member):
    found = planned(make_node("cp0", True, member=make_member("https://other:6443", "B")), make_node("cp1", True, member=make_member()))
    assert found["first"] == "cp1" and list(found["problems"]) == ["cp0"]


def test_a_foreign_member_keeps_the_cluster_from_beginning(planned, make_node, make_member):
    found = planned(make_node("cp1", True), make_node("worker1", member=make_member("https://other:6443", "B", False, False)))
    assert found["begin"] is False and found["first"] == ""
    assert "of https://other:6443" in found["problems"]["cp1"][0]
    assert "found a member of the cluster at https://other:6443, expected none, or one of the cluster at https://api.example.net:6443" in str(found["problems"])


@pytest.mark.parametrize("server", ["https://api.example.net:6443", "https://192.0.2.100:6443"])
def test_the_endpoint_or_the_controllers_address_tell_the_cluster(planned, make_node, make_member, server):
    assert planned(make_node("cp1", True, member=make_member(server)))["first"] == "cp1"


@pytest.mark.parametrize("fault", ["Node cp2 has no label", "/var/lib/kubeproxy-free/kubeadm-init.yaml is still there"])
def test_a_half_made_control_plane_is_named_and_does_not_lead(planned, make_node, make_member, fault):
    found = planned(make_node("cp2", True, member=make_member(fault=fault)), make_node("cp1", True, member=make_member()), make_node("worker1"))
    assert found["first"] == "cp1" and list(found["problems"]) == ["cp2"]
    assert fault in found["problems"]["cp2"][0] and "kubeadm reset" in found["problems"]["cp2"][0]


def test_with_a_half_made_control_plane_alone_nobody_begins_or_joins(planned, make_node, make_member):
    found = planned(make_node("cp1", True, member=make_member(fault="it is half made")), make_node("cp2", True))
    assert (found["first"], found["begin"]) == ("", False) and set(found["problems"]) == {"cp1", "cp2"}
    assert "no whole control plane" in found["problems"]["cp1"][0] and "it is half made" in found["problems"]["cp1"][1]


def test_where_packages_are_to_come_what_they_bring_is_not_missing(planned, make_node):
    fresh = make_node("cp1", True, programs={}, sysctls={"net.ipv4.ip_forward": "0"})
    fresh["facts"]["runtime"] = {"path": "/run/containerd/containerd.sock", "error": "No such file or directory", "config": None}
    assert len(planned(fresh)["problems"]["cp1"]) == 4
    assert planned(fresh, installs=True)["problems"] == {}

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IPVS mode leaves, from texts as the kernel and ipset print them."""

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import ipvs
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.ipvs import Leftovers, Server
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps

PROC = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:01BB rr
  -> AC120002:192B      Masq    1      0          0
  -> AC120003:192B      Masq    1      0          0
UDP  [fd00:0010:0096:0000:0000:0000:0000:000a]:0035 rr
  -> [fd00:0010:0244:0000:0000:0000:0000:0005]:0035      Masq    1      0          0
SCTP C0A80005:7530 rr persistent 10800 FFFFFFFF
FWM  00000007 wlc
  -> 0A000001:0050      Route   1      0          0
"""
API, DNS, SCTP = Server("tcp", "10.96.0.1", 443), Server("udp", "fd00:10:96::a", 53), Server("sctp", "192.168.0.5", 30000)


def test_servers_and_how_many_backends_they_have() -> None:
    assert ipvs.read_servers(PROC) == {API: 2, DNS: 1, SCTP: 0}
    assert ipvs.read_servers("") == {}


def test_a_server_in_words_of_ipvsadm() -> None:
    assert (API.words, DNS.words, SCTP.words) == (["-t", "10.96.0.1:443"], ["-u", "[fd00:10:96::a]:53"], ["--sctp-service", "192.168.0.5:30000"])


@pytest.mark.parametrize(
    ("saved", "found"),
    [
        ("create KUBE-NODE-PORT-TCP bitmap:port range 0-65535\nadd KUBE-NODE-PORT-TCP 30080\nadd KUBE-NODE-PORT-TCP 30443\n", {("tcp", 30080), ("tcp", 30443)}),
        ("add KUBE-NODE-PORT-SCTP-HASH 192.168.0.5,sctp:30000\n", {("sctp", 30000)}),
        ("add KUBE-6-NODE-PORT-LOCAL-UDP 30053\n", {("udp", 30053)}),
        ("create KUBE-NODE-PORT-UDP bitmap:port range 0-65535\n", set()),
    ],
)
def test_node_ports(saved: str, found: set[tuple[str, int]]) -> None:
    assert ipvs.read_node_ports(saved) == found


def test_a_server_on_a_node_port_is_kube_proxys_only_at_an_address_of_the_node() -> None:
    node_port, floating, other = Server("tcp", "192.168.0.5", 30080), Server("tcp", "192.168.0.100", 30080), Server("udp", "192.168.0.5", 30080)
    ours, others = ipvs.sort_servers([API, node_port, floating, other], {"10.96.0.1"}, {"192.168.0.5", "127.0.0.1"}, {("tcp", 30080)})
    assert (ours, others) == ([API, node_port], [floating, other])


def test_names_of_sets_for_ipv6_are_cut_as_ipset_does() -> None:
    assert ipvs.ipv6_name("KUBE-LOAD-BALANCER-SOURCE-CIDR") == "KUBE-6-LOAD-BALANCER-SOURCE-CID"
    assert all(len(name) <= 31 for name in ipvs.SETS)


def test_sets_of_rules_that_stay_are_not_to_go() -> None:
    found = Leftovers(sets=["KUBE-LOOP-BACK", "KUBE-CLUSTER-IP"])
    rule = "-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE"
    found.keep_used([rule, "-A MINE -m set --match-set mine src -j DROP", "-A MINE -m comment --comment KUBE-CLUSTER-IP -j DROP"])
    assert found.sets == ["KUBE-CLUSTER-IP"]
    assert found.needed_sets == {"KUBE-LOOP-BACK": f"a rule that stays uses it: {rule}"}


def test_servers_and_interface_go_first_and_sets_last() -> None:
    found = Leftovers(True, ["10.96.0.1/32"], [API], ["KUBE-CLUSTER-IP"])
    assert found.only(unlink=True, remove=False) == Leftovers(True, ["10.96.0.1/32"], [API], [])
    assert found.only(unlink=False, remove=True) == Leftovers(sets=["KUBE-CLUSTER-IP"])
    assert found.only(unlink=True, remove=True) == found


def test_of_an_old_kubelets_node_only_the_set_of_its_rule_stays() -> None:
    dump = dumps.marked(dumps.FIXTURES / "ipvs-1.26-kubelet-1.26.marked")
    named = sorted({name for line in dump.before for name in ipvs.MATCHED.findall(line)})
    found = Leftovers(sets=named)
    found.keep_used(dump.after)
    assert set(found.needed_sets) == dump.noted("stays") and found.sets == [name for name in named if name not in dump.noted("stays")]

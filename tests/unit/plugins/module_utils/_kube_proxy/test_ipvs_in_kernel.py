# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPVS mode on a kernel that need not have it: ipsets and rules are real, the interface is a bridge instead of a dummy, and ipvsadm a stand-in with a file."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import cleanup, ipvs, present, relink, switch
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Refused
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

pytestmark = [*network.in_kernel, pytest.mark.usefixtures("own_network")]

#: Keeps its servers as ipvsadm -S prints them, and beside that as the kernel would.
IPVSADM = """#!{python}
import pathlib, sys
state, proc = pathlib.Path("{folder}/servers"), pathlib.Path("{folder}/ip_vs")
lines = state.read_text().splitlines()
if sys.argv[1] == "-S":
    print(*lines, sep="\\n")
elif sys.argv[1] == "-R":
    lines += [line for line in sys.stdin.read().splitlines() if line and line not in lines]
else:
    assert sys.argv[1] == "-D" and any(line.split()[1:3] == sys.argv[2:4] for line in lines), sys.argv
    lines = [line for line in lines if line.split()[1:3] != sys.argv[2:4]]
state.write_text("".join(line + "\\n" for line in lines))
text = ""
for words in map(str.split, lines):
    address, port = words[2 if words[0] == "-A" else 4].rsplit(":", 1)
    number = "".join("%02X" % int(part) for part in address.split(".")) + ":%04X" % int(port)
    text += ("%-4s %s rr\\n" % ({{"-t": "TCP", "-u": "UDP"}}[words[1]], number)) if words[0] == "-A" else "  -> %s Masq 1 0 0\\n" % number
proc.write_text("IP Virtual Server version 1.2.1 (size=4096)\\n" + text)
"""
SERVERS = """\
-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 192.0.2.2:6443 -m -w 1
-A -u 10.96.0.10:53 -s rr --ops
-A -t 192.0.2.7:30080 -s rr
-A -t 192.0.2.99:30080 -s wlc
"""
FOREIGN = "-A -t 192.0.2.99:30080 -s wlc\n"
RULES = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    ":KUBE-MARK-MASQ - [0:0]",
    ":KUBE-POSTROUTING - [0:0]",
    ":KUBE-SERVICES - [0:0]",
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE",
    "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ",
    "COMMIT",
]
CONFIRM_LATER = {"confirm_timeout": 60}


@pytest.fixture
def programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Comes before all others in the search path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(tools, "SEARCH_PATH", f"{folder}:{tools.SEARCH_PATH}")
    monkeypatch.setattr(ipvs, "SERVERS", str(folder / "ip_vs"))
    monkeypatch.setattr(ipvs, "KIND", "bridge")
    monkeypatch.setattr(switch, "RELINK_DIR", str(tmp_path / "relink"))
    monkeypatch.setattr(switch, "_has_systemd", lambda: False)
    return folder


@pytest.fixture
def node(programs: pathlib.Path) -> pathlib.Path:
    """A node of IPVS mode: sets, interface, servers, one of which is not kube-proxy's, and rules. Returns the file of the servers."""
    for name, kind, *more in (
        ("KUBE-CLUSTER-IP", "hash:ip,port"),
        ("KUBE-LOOP-BACK", "hash:ip,port,ip"),
        ("KUBE-NODE-PORT-TCP", "bitmap:port", "range", "0-65535"),
        ("KUBE-6-LOAD-BALANCER-SOURCE-CID", "hash:ip,port,net", "family", "inet6"),
        ("KUBE-SRC-AAAA", "hash:ip"),
        ("mine", "hash:ip"),
    ):
        network.sh("ipset", "create", name, kind, *more)
    network.sh("ipset", "add", "KUBE-NODE-PORT-TCP", "30080")
    network.load("nft", "ip", RULES)
    for name, *addresses in (("kube-ipvs0", "10.96.0.1/32", "10.96.0.10/32"), ("eth7", "192.0.2.7/24")):
        network.sh("ip", "link", "add", name, "type", "bridge")
        for address in addresses:
            network.sh("ip", "addr", "add", address, "dev", name)
    (programs / "ipvsadm").write_text(IPVSADM.format(python=os.path.realpath("/usr/bin/python3"), folder=programs))
    (programs / "ipvsadm").chmod(0o755)
    (programs / "servers").write_text("")
    network.sh(str(programs / "ipvsadm"), "-R", stdin=SERVERS)
    return programs / "servers"


def addresses() -> set[str]:
    return {line.split()[3] for line in network.sh("ip", "-o", "addr", "show").splitlines() if " kube-ipvs0 " in line}


def sets() -> list[str]:
    return sorted(network.sh("ipset", "list", "-n").split())


def test_all_of_it_goes_and_what_is_of_others_stays(node: pathlib.Path, settings: cleanup.Settings) -> None:
    would = cleanup.Cleanup(settings._replace(check_mode=True, diff_mode=True)).absent()
    lines = would["diff"][-1]["before"].splitlines()
    assert "virtual server tcp 10.96.0.1:443" in lines and "interface kube-ipvs0 10.96.0.1/32 10.96.0.10/32" in lines and "set KUBE-LOOP-BACK" in lines
    result = cleanup.Cleanup(settings).absent()
    assert result["ipvs"]["foreign_servers"] == ["tcp 192.0.2.99:30080"]
    assert (result["removed"]["virtual_servers"], result["removed"]["interface"], result["clean"]) == (3, True, True)
    assert would["removed"]["sets"] == result["removed"]["sets"]
    assert sets() == ["KUBE-SRC-AAAA", "mine"]
    assert addresses() == set() and node.read_text() == FOREIGN
    again = cleanup.Cleanup(settings).absent()
    assert (again["changed"], again["clean"], "backup" in again) == (False, True, False)


def test_unlinked_nothing_serves_and_confirmed_the_rest_goes(node: pathlib.Path, settings: cleanup.Settings) -> None:
    first = cleanup.Cleanup(settings._replace(**CONFIRM_LATER)).absent()
    assert (first["armed"], first["removed"]["virtual_servers"], first["removed"]["interface"], first["removed"]["sets"]) == (True, 3, True, [])
    assert addresses() == set() and node.read_text() == FOREIGN and "KUBE-LOOP-BACK" in sets()
    second = cleanup.Cleanup(settings).confirm()
    assert (second["clean"], second["removed"]["virtual_servers"], sets()) == (True, 0, ["KUBE-SRC-AAAA", "mine"])
    assert "backup" in first and "backup" not in second


def test_unconfirmed_it_serves_again(node: pathlib.Path, settings: cleanup.Settings) -> None:
    rules = sorted(network.saved("nft", "ip"))
    cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
    assert node.read_text() == FOREIGN
    deadline = time.monotonic() + 15
    while node.read_text() == FOREIGN:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert sorted(node.read_text().splitlines()) == sorted(SERVERS.splitlines())
    assert addresses() == {"10.96.0.1/32", "10.96.0.10/32"} and sorted(network.saved("nft", "ip")) == rules
    with pytest.raises(switch.NotConfirmed, match=r"linked them again\. Find"):
        cleanup.Cleanup(settings).confirm()


def test_servers_go_before_the_rules_that_masquerade_for_them(node: pathlib.Path, settings: cleanup.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_unused: object) -> None:
        assert node.read_text() == FOREIGN and addresses() == set()
        raise KeyboardInterrupt

    monkeypatch.setattr(cleanup, "apply", forbidden)
    with pytest.raises(KeyboardInterrupt):
        cleanup.Cleanup(settings._replace(**CONFIRM_LATER)).absent()
    # what was taken away until then comes back too
    assert switch.armed() == relink.Pending(
        [relink.Link("nft", "ip", "nat", RULES[6]), relink.Link("nft", "ip", "nat", RULES[7])], [], ["10.96.0.1/32", "10.96.0.10/32"], SERVERS.splitlines()[:4]
    )


@pytest.mark.parametrize("kubelet", ["v1.26.15", "v1.24.17"])
def test_with_an_old_kubelet_the_set_of_its_rule_stays_and_the_node_is_clean(node: pathlib.Path, settings: cleanup.Settings, kubelet: str) -> None:
    result = cleanup.Cleanup(settings._replace(kubelet_version=kubelet)).absent()
    assert result["clean"] and sets() == ["KUBE-LOOP-BACK", "KUBE-SRC-AAAA", "mine"]
    assert "KUBE-LOOP-BACK" not in result["removed"]["sets"]
    assert [one["why"] for one in result["kept"] if one.get("set") == "KUBE-LOOP-BACK"] == [f"a rule that stays uses it: {RULES[9]}"]
    again = cleanup.Cleanup(settings._replace(kubelet_version=kubelet)).absent()
    assert (again["changed"], again["clean"], "backup" in again) == (False, True, False)


def test_a_set_that_a_rule_of_others_uses_stays(settings: cleanup.Settings) -> None:
    network.sh("ipset", "create", "KUBE-CLUSTER-IP", "hash:ip,port")
    network.load("legacy", "ip", [*dumps.SMALL[:-1], "-A MINE -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN", "COMMIT"])
    result = cleanup.Cleanup(settings).absent()
    assert [entry["set"] for entry in result["kept"] if "set" in entry] == ["KUBE-CLUSTER-IP"]
    assert result["removed"]["sets"] == [] and result["clean"]


def test_a_set_is_given_time_until_the_kernel_lets_go_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    network.sh("ipset", "create", "KUBE-CLUSTER-IP", "hash:ip,port")
    network.load("legacy", "ip", ["*raw", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -m set --match-set KUBE-CLUSTER-IP dst,dst -j DROP", "COMMIT"])
    monkeypatch.setattr(ipvs, "LETTING_GO", 0.3)
    assert "in use" in ipvs.remove_sets(["KUBE-CLUSTER-IP"])["KUBE-CLUSTER-IP"]
    monkeypatch.setattr(ipvs, "LETTING_GO", 20)
    # ends the use from within this namespace, and in a while
    later = subprocess.Popen(["sh", "-c", "sleep 0.7; iptables-legacy -t raw -F"], env=os.environ)
    assert ipvs.remove_sets(["KUBE-CLUSTER-IP"]) == {}
    assert later.wait() == 0 and sets() == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_without_ipvsadm_nothing_is_changed(node: pathlib.Path, settings: cleanup.Settings, check_mode: bool) -> None:
    (node.parent / "ipvsadm").unlink()
    before = network.saved("nft", "ip")
    with pytest.raises(Refused, match="3 virtual servers of IPVS: this host has no program ipvsadm.*install it"):
        cleanup.Cleanup(settings._replace(check_mode=check_mode)).absent()
    assert network.saved("nft", "ip") == before and node.read_text() == SERVERS


def test_present_finds_a_service_by_its_address(node: pathlib.Path) -> None:
    assert present.served_by(present.parse("10.96.0.1:443/tcp")) == "ipvs"
    # no backend, no such server, not an address of kube-proxy's interface
    assert [present.served_by(present.parse(text)) for text in ("10.96.0.10:53/udp", "10.96.0.1:80/tcp", "192.0.2.99:30080/tcp")] == [None] * 3
    nothing = present.Found(None, True)
    assert "give service as ADDRESS:PORT/PROTOCOL" in present.complaint("default/kubernetes", nothing, 1)
    assert "ADDRESS" not in present.complaint("10.96.0.1:443/tcp", nothing, 1)

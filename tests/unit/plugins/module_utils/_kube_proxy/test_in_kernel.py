# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clean-up on real rules, in network namespaces."""

from __future__ import annotations

import fcntl
import pathlib
import time
from typing import Iterator

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import apply as apply_module
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup, cleanup, switch
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Differs, Refused, apply
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import Step
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

pytestmark = network.in_kernel

EVERYTHING = Step(unlink=True, remove=True)
REAL = {family: dumps.marked(dumps.FIXTURES / f"iptables-1.34-nft-ipv{version}.marked") for family, version in (("ip", 4), ("ip6", 6))}
SMALL = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-SVC-UCJAHX4E4XCGRRJS - [0:0]",
    ":MINE - [0:0]",
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A PREROUTING -p udp -j MINE",
    '-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-UCJAHX4E4XCGRRJS',
    "-A MINE -p udp -m udp --dport 53 -j RETURN",
    "COMMIT",
]
OTHERS = [line for line in SMALL if "KUBE-" not in line]


@pytest.fixture(autouse=True)
def network_of_its_own(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(legacy, "LOCK", str(tmp_path / "xtables.lock"))
    monkeypatch.setenv("XTABLES_LOCKFILE", str(tmp_path / "xtables.lock"))
    with network.new_network():
        yield


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> cleanup.Settings:
    return cleanup.Settings(kubelet_version="v1.34.4", backup=True, backup_dir=str(tmp_path / "backup"), backup_keep=2, check_mode=False)


def of_others(backend: str, family: str, lines: list[str]) -> list[str]:
    """How the programs print the lines when they are all there is."""
    with network.new_network():
        network.load(backend, family, lines)
        return network.saved(backend, family)


def clean(kubelet: str = "v1.34.4") -> None:
    node = Node(kubelet)
    apply(node, node.survey(), EVERYTHING, lambda plans: None)


@pytest.mark.parametrize("start", range(0, 240, 8))
def test_made_up_rules(start: int) -> None:
    """Both backends and families filled at once, with rules of their own each; two rounds of four."""
    for first in (start, start + 4):
        with network.new_network():
            kubelet, expected = "v1.24.17", {}
            for seed, (backend, family) in enumerate([("nft", "ip"), ("legacy", "ip"), ("nft", "ip6"), ("legacy", "ip6")], first):
                # Every dump of this test is one of the same kubelet.
                while dumps.made_up(seed).kubelet != kubelet:
                    seed += 1000
                dump = dumps.made_up(seed)
                before, after = [[line.replace("192.0.2.0/24", "2001:db8::/32") if family == "ip6" else line for line in part] for part in dump[1:3]]
                expected[backend, family] = of_others(backend, family, after)
                network.load(backend, family, before)
            clean(kubelet)
            for place, lines in expected.items():
                assert network.saved(*place) == lines, (first, place)
            assert all(made.empty for made in Node(kubelet).survey())


@pytest.mark.parametrize("backends", [["nft"], ["legacy"], ["nft", "legacy"]], ids="+".join)
def test_what_the_real_kube_proxy_made(backends: list[str], settings: cleanup.Settings) -> None:
    for backend in backends:
        for family, dump in REAL.items():
            network.load(backend, family, without_nfacct(dump.before))
    result = cleanup.Cleanup(settings).absent()
    assert result["changed"] and result["clean"]
    for backend in backends:
        for family, dump in REAL.items():
            assert network.saved(backend, family) == of_others(backend, family, without_nfacct(dump.after))
        gone = [line for line in REAL["ip"].before if line.startswith(":") and line not in REAL["ip"].after]
        assert sum(result["removed"]["by_table"][f"{backend} ip {table}"]["chains"] for table in ("nat", "filter", "mangle")) == len(gone)
        # Rules are counted although those of nft were not read: the backup has them.
        assert result["removed"]["by_table"][f"{backend} ip mangle"] == {"chains": 1, "jumps": 0, "rules": 0}
        rules = [line for line in REAL["ip"].before if line.startswith("-A KUBE-") and line not in REAL["ip"].after]
        assert sum(result["removed"]["by_table"][f"{backend} ip {table}"]["rules"] for table in ("nat", "filter")) == len(rules)
    again = cleanup.Cleanup(settings).absent()
    assert (again["changed"], again["clean"]) == (False, True)


def without_nfacct(lines: list[str]) -> list[str]:
    """The kernel takes such a rule only where kube-proxy has made the object; see the tests in the lab."""
    return [dumps.NFACCT.sub("", line) for line in lines]


def test_looking_makes_nothing() -> None:
    result = cleanup.Cleanup(cleanup.Settings()).inspected()
    assert (result["found"], result["clean"], result["changed"]) == ({}, True, False)
    assert network.sh("nft", "list", "ruleset") == ""
    assert legacy.existing("ip") == legacy.existing("ip6") == []


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_check_mode_tells_what_would_go_and_lets_it_be(backend: str, settings: cleanup.Settings) -> None:
    network.load(backend, "ip", SMALL)
    before = network.saved(backend, "ip")
    would = cleanup.Cleanup(settings._replace(check_mode=True, diff_mode=True)).absent()
    assert network.saved(backend, "ip") == before
    assert not pathlib.Path(settings.backup_dir).exists()
    assert [part["before_header"] for part in would["diff"]] == [f"{backend} ip nat: kube-proxy"]
    assert sorted(would["diff"][0]["before"].splitlines()) == sorted(set(SMALL) - set(OTHERS))
    did = cleanup.Cleanup(settings).absent()
    assert would["changed"] and did["changed"]
    assert (would["removed"]["chains"], would["removed"]["jumps"]) == (did["removed"]["chains"], did["removed"]["jumps"]) == (2, 1)
    assert not cleanup.Cleanup(settings._replace(check_mode=True)).absent()["changed"]


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_a_rule_of_others_that_leads_there_forbids_all_of_it(backend: str, settings: cleanup.Settings) -> None:
    network.load(backend, "ip", [*SMALL[:-1], "-A MINE -p tcp -j KUBE-SERVICES", "COMMIT"])
    network.load("nft" if backend == "legacy" else "legacy", "ip6", SMALL[:3] + [SMALL[5], "COMMIT"])
    before = [network.saved(kind, family) for kind in ("nft", "legacy") for family in ("ip", "ip6")]
    with pytest.raises(Refused, match=r"chain MINE.*KUBE-SERVICES: -A MINE -p tcp -j KUBE-SERVICES \(1 such"):
        cleanup.Cleanup(settings).absent()
    assert [network.saved(kind, family) for kind in ("nft", "legacy") for family in ("ip", "ip6")] == before


def test_so_does_a_map_of_nft(settings: cleanup.Settings) -> None:
    network.load("nft", "ip", SMALL)
    network.sh("nft", "add map ip nat mine { type ipv4_addr : verdict; elements = { 192.0.2.1 : jump KUBE-SERVICES } }")
    with pytest.raises(Refused, match="chain map mine.*element c0000201 : KUBE-SERVICES"):
        cleanup.Cleanup(settings).absent()


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_counters_of_others_go_on(backend: str) -> None:
    counted = [f"[{number}:{number * 60}] {line}" if line.startswith("-A") else line for number, line in enumerate(SMALL, 1)]
    network.load(backend, "ip", counted, "-c")
    before = network.saved(backend, "ip", counters=True)
    clean()
    assert network.saved(backend, "ip", counters=True) == [line.replace("PREROUTING 3", "PREROUTING 2") for line in before if "KUBE-" not in line]


def test_whoever_comes_in_between_on_nft_makes_it_begin_again() -> None:
    network.load("nft", "ip", SMALL)
    node, calls = Node("v1.34.4"), []

    def come_in_between(_plans: object) -> None:
        calls.append(1)
        if len(calls) < 3:
            network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")

    apply(node, node.survey(), EVERYTHING, come_in_between)
    assert len(calls) == 3
    assert network.saved("nft", "ip") == of_others("nft", "ip", [*OTHERS[:-1], "-A MINE -j ACCEPT", "-A MINE -j ACCEPT", "COMMIT"])


def test_whoever_does_not_stop_on_nft_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_module, "ATTEMPTS", 3)
    network.load("nft", "ip", SMALL)
    node = Node("v1.34.4")
    with pytest.raises(Refused, match="nft monitor"):
        apply(node, node.survey(), EVERYTHING, lambda plans: network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT") and None)
    assert "KUBE-SERVICES" in "".join(network.saved("nft", "ip"))


def test_whoever_ignores_the_lock_of_legacy_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    network.load("legacy", "ip", SMALL)
    node = Node("v1.34.4")

    def ignore(_plans: object) -> None:
        monkeypatch.setenv("XTABLES_LOCKFILE", "/dev/null")
        network.sh("iptables-legacy", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")

    with pytest.raises(Differs, match="legacy ip nat: .*chain MINE: new: -A MINE -j ACCEPT"):
        apply(node, node.survey(), EVERYTHING, ignore)
    assert "-A MINE -j ACCEPT" in "".join(network.saved("legacy", "ip"))


def test_the_lock_of_legacy_is_waited_for_and_then_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    network.load("legacy", "ip", SMALL)
    monkeypatch.setattr(legacy, "LOCK_SECONDS", 1)
    with open(legacy.LOCK, "a", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(legacy.LockHeld, match="fuser"):
            clean()
    clean()
    assert network.saved("legacy", "ip") == of_others("legacy", "ip", OTHERS)


def interrupted(*_unused: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_killed_half_way_and_run_again(backend: str, settings: cleanup.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    network.load(backend, "ip", SMALL)
    kind = type(Node(None).backends[0 if backend == "nft" else 1])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(kind, "remove", interrupted)
        cleanup.Cleanup(settings).absent()
    assert "KUBE-SERVICES" in "".join(network.saved(backend, "ip"))
    assert cleanup.Cleanup(settings).absent()["clean"]
    assert network.saved(backend, "ip") == of_others(backend, "ip", OTHERS)


def test_without_a_backup_nothing_is_changed(settings: cleanup.Settings, tmp_path: pathlib.Path) -> None:
    network.load("nft", "ip", SMALL)
    before = network.saved("nft", "ip")
    (tmp_path / "file").write_text("")
    with pytest.raises(backup.BackupFailed, match="nothing was changed"):
        cleanup.Cleanup(settings._replace(backup_dir=str(tmp_path / "file" / "backup"))).absent()
    assert network.saved("nft", "ip") == before


def test_sets_and_the_interface_of_ipvs_mode(settings: cleanup.Settings) -> None:
    """The interface is a bridge here: kube-proxy makes a dummy, which not every kernel has."""
    for name, kind in (
        ("KUBE-CLUSTER-IP", "hash:ip,port"),
        ("KUBE-6-LOAD-BALANCER-SOURCE-CID", "hash:ip,port,net"),
        ("KUBE-SRC-AAAA", "hash:ip"),
        ("mine", "hash:ip"),
    ):
        network.sh("ipset", "create", name, kind, *(["family", "inet6"] if "-6-" in name else []))
    network.load("nft", "ip", [*SMALL[:-1], "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN", "COMMIT"])
    network.sh("ip", "link", "add", "kube-ipvs0", "type", "bridge")
    network.sh("ip", "addr", "add", "10.96.0.1/32", "dev", "kube-ipvs0")
    result = cleanup.Cleanup(settings).absent()
    assert result["ipvs"]["addresses"] == ["10.96.0.1"]
    assert sorted(result["removed"]["sets"]) == ["KUBE-6-LOAD-BALANCER-SOURCE-CID", "KUBE-CLUSTER-IP"] and result["removed"]["interface"]
    assert sorted(network.sh("ipset", "list", "-n").split()) == ["KUBE-SRC-AAAA", "mine"]
    assert "kube-ipvs0" not in network.sh("ip", "link") and result["clean"]


def test_a_set_that_a_rule_of_others_uses_stays(settings: cleanup.Settings) -> None:
    network.sh("ipset", "create", "KUBE-CLUSTER-IP", "hash:ip,port")
    network.load("legacy", "ip", [*SMALL[:-1], "-A MINE -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN", "COMMIT"])
    result = cleanup.Cleanup(settings).absent()
    assert [entry["set"] for entry in result["kept"] if "set" in entry] == ["KUBE-CLUSTER-IP"]
    assert result["removed"]["sets"] == [] and not result["clean"]


class TestSwitch:
    """Where systemd runs, it keeps the time; in a namespace of a test, or without systemd, a process does."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
        monkeypatch.setattr(switch, "RELINK_DIR", str(tmp_path / "relink"))
        monkeypatch.setattr(switch, "_has_systemd", lambda: False)
        return tmp_path / "relink"

    @pytest.fixture
    def rules(self) -> dict[tuple[str, str], list[str]]:
        for backend in ("nft", "legacy"):
            network.load(backend, "ip", without_nfacct(REAL["ip"].before))
        network.load("nft", "ip6", without_nfacct(REAL["ip6"].before))
        network.sh("nft", "-f", "-", stdin="table ip kube-proxy { chain services { type nat hook prerouting priority -100; }; }")
        return self.now()

    @staticmethod
    def now() -> dict[tuple[str, str], list[str]]:
        """Chains with their rules, for rules that are linked again go to the front."""
        return {
            (backend, family): sorted(line.split(" ", 3)[3] for line in network.saved(backend, family))
            for backend in ("nft", "legacy")
            for family in ("ip", "ip6")
        }

    @staticmethod
    def sees_packets() -> bool:
        """kube-proxy's own table of nftables mode. (nft 1.0.6 breaks down when it has to print a dormant one as JSON.)"""
        return "dormant" not in network.sh("nft", "list", "table", "ip", "kube-proxy")

    def test_unconfirmed_it_links_everything_again(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        result = cleanup.Cleanup(settings._replace(confirm_timeout=2)).absent()
        assert (result["changed"], result["armed"], result["clean"], result["removed"]["chains"]) == (True, True, False, 0)
        assert not any(made.jumps for made in Node("v1.34.4").survey()) and not self.sees_packets()
        wait_for(folder / "fired")
        time.sleep(0.5)
        assert self.now() == rules and self.sees_packets()
        with pytest.raises(switch.NotConfirmed, match="linked them again"):
            cleanup.Cleanup(settings).confirm()
        assert self.now() == rules

    def test_linked_again_they_are_in_the_order_in_which_they_were(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        before = [line for line in network.saved("nft", "ip") if "-A FORWARD" in line]
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_for(folder / "fired")
        time.sleep(0.5)
        assert [line for line in network.saved("nft", "ip") if "-A FORWARD" in line] == before

    def test_confirmed_the_rest_goes_and_nothing_comes_back(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        cleanup.Cleanup(settings._replace(confirm_timeout=2)).absent()
        result = cleanup.Cleanup(settings).confirm()
        assert result["changed"] and result["clean"] and result["removed"]["tables"] == ["ip kube-proxy"]
        assert not folder.exists()
        time.sleep(2.5)
        assert "KUBE-SERVICES" not in str(self.now())
        assert not cleanup.Cleanup(settings).confirm()["changed"]

    def test_interrupted_between_the_two_and_begun_again(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        cleanup.Cleanup(settings._replace(confirm_timeout=60)).absent()
        again = cleanup.Cleanup(settings._replace(confirm_timeout=2)).absent()
        assert (again["changed"], again["armed"]) == (False, True)
        wait_for(folder / "fired")
        time.sleep(0.5)
        assert self.now() == rules

    def test_after_it_has_fired_one_can_begin_anew(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_for(folder / "fired")
        time.sleep(0.5)
        assert cleanup.Cleanup(settings._replace(confirm_timeout=60)).absent()["changed"]
        assert cleanup.Cleanup(settings).confirm()["clean"]

    def test_there_is_nothing_to_confirm_while_packets_come_there(self, rules: dict, settings: cleanup.Settings) -> None:
        with pytest.raises(Refused, match="nothing to confirm.*state=absent"):
            cleanup.Cleanup(settings).confirm()
        assert self.now() == rules


def wait_for(path: pathlib.Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clean-up on real rules, in network namespaces."""

from __future__ import annotations

import errno
import fcntl
import pathlib
import shutil
from typing import Callable

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, nft, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import apply as apply_module
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup, cleanup, hostports, present
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Busy, Differs, Refused, apply
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import Step, TablePlan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

pytestmark = [*network.in_kernel, pytest.mark.usefixtures("own_network")]

EVERYTHING = Step(unlink=True, remove=True)


def clean(kubelet: str = "v1.34.4") -> None:
    node = Node(kubelet)
    apply(node, node.survey(), EVERYTHING, lambda plans: None)


@pytest.mark.parametrize("start", range(0, 240, 8))
def test_made_up_rules(start: int) -> None:
    """Both backends and families filled at once, with rules of their own each; two rounds of four."""
    for first in (start, start + 4):
        with network.new_network():
            # one node, one kubelet
            kubelet, expected = dumps.KUBELETS[first // 4 % len(dumps.KUBELETS)], {}
            for seed, (backend, family) in enumerate([("nft", "ip"), ("legacy", "ip"), ("nft", "ip6"), ("legacy", "ip6")], first):
                dump = dumps.made_up(seed, kubelet_version=kubelet)
                before, after = [[line.replace("192.0.2.0/24", "2001:db8::/32") if family == "ip6" else line for line in part] for part in dump[1:3]]
                expected[backend, family] = network.of_others(backend, family, after)
                network.load(backend, family, before)
            clean(kubelet)
            for place, lines in expected.items():
                assert network.saved(*place) == lines, (first, place)
            assert all(made.empty for made in Node(kubelet).survey())


@pytest.mark.parametrize("backends", [["nft"], ["legacy"], ["nft", "legacy"]], ids="+".join)
def test_what_the_real_kube_proxy_made(backends: list[str], settings: cleanup.Settings) -> None:
    for backend in backends:
        for family, dump in dumps.REAL.items():
            network.load(backend, family, dumps.without_nfacct(dump.before))
    result = cleanup.Cleanup(settings).absent()
    assert result["changed"] and result["clean"]
    for backend in backends:
        for family, dump in dumps.REAL.items():
            assert network.saved(backend, family) == network.of_others(backend, family, dumps.without_nfacct(dump.after))
        gone = [line for line in dumps.REAL["ip"].before if line.startswith(":") and line not in dumps.REAL["ip"].after]
        assert sum(result["removed"]["by_table"][f"{backend} ip {table}"]["chains"] for table in ("nat", "filter", "mangle")) == len(gone)
        # Rules are counted although those of nft were not read: the backup has them.
        assert result["removed"]["by_table"][f"{backend} ip mangle"] == {"chains": 1, "jumps": 0, "rules": 0}
        rules = [line for line in dumps.REAL["ip"].before if line.startswith("-A KUBE-") and line not in dumps.REAL["ip"].after]
        assert sum(result["removed"]["by_table"][f"{backend} ip {table}"]["rules"] for table in ("nat", "filter")) == len(rules)
    again = cleanup.Cleanup(settings).absent()
    assert (again["changed"], again["clean"]) == (False, True)


def test_looking_makes_nothing() -> None:
    result = cleanup.Cleanup(cleanup.Settings()).inspected()
    assert (result["found"], result["clean"], result["changed"]) == ({}, True, False)
    assert network.sh("nft", "list", "ruleset") == ""
    assert legacy.existing("ip") == legacy.existing("ip6") == []


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_check_mode_tells_what_would_go_and_lets_it_be(backend: str, settings: cleanup.Settings) -> None:
    network.load(backend, "ip", dumps.SMALL)
    before = network.saved(backend, "ip")
    would = cleanup.Cleanup(settings._replace(check_mode=True, diff_mode=True)).absent()
    assert network.saved(backend, "ip") == before
    assert not pathlib.Path(settings.backup_dir).exists()
    assert [part["before_header"] for part in would["diff"]] == [f"{backend} ip nat: kube-proxy"]
    assert sorted(would["diff"][0]["before"].splitlines()) == sorted(set(dumps.SMALL) - set(dumps.SMALL_AFTER))
    did = cleanup.Cleanup(settings).absent()
    assert would["changed"] and did["changed"]
    assert (would["removed"]["chains"], would["removed"]["jumps"]) == (did["removed"]["chains"], did["removed"]["jumps"]) == (2, 1)
    assert not cleanup.Cleanup(settings._replace(check_mode=True)).absent()["changed"]


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_a_rule_of_others_that_leads_there_forbids_all_of_it(backend: str, settings: cleanup.Settings) -> None:
    network.load(backend, "ip", [*dumps.SMALL[:-1], "-A MINE -p tcp -j KUBE-SERVICES", "COMMIT"])
    network.load("nft" if backend == "legacy" else "legacy", "ip6", dumps.SMALL[:3] + [dumps.SMALL[5], "COMMIT"])
    before = [network.saved(kind, family) for kind in ("nft", "legacy") for family in ("ip", "ip6")]
    with pytest.raises(Refused, match=r"chain MINE.*KUBE-SERVICES: -A MINE -p tcp -j KUBE-SERVICES \(1 such"):
        cleanup.Cleanup(settings).absent()
    assert [network.saved(kind, family) for kind in ("nft", "legacy") for family in ("ip", "ip6")] == before


def test_so_does_a_map_of_nft(settings: cleanup.Settings) -> None:
    network.load("nft", "ip", dumps.SMALL)
    network.sh("nft", "add map ip nat mine { type ipv4_addr : verdict; elements = { 192.0.2.1 : jump KUBE-SERVICES } }")
    with pytest.raises(Refused, match="chain map mine.*element c0000201 : KUBE-SERVICES"):
        cleanup.Cleanup(settings).absent()


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_counters_of_others_go_on(backend: str) -> None:
    counted = [f"[{number}:{number * 60}] {line}" if line.startswith("-A") else line for number, line in enumerate(dumps.SMALL, 1)]
    network.load(backend, "ip", counted, "-c")
    before = network.saved(backend, "ip", counters=True)
    clean()
    assert network.saved(backend, "ip", counters=True) == [line.replace("PREROUTING 3", "PREROUTING 2") for line in before if "KUBE-" not in line]


def test_whoever_comes_in_between_on_nft_makes_it_begin_again() -> None:
    network.load("nft", "ip", dumps.SMALL)
    node, calls = Node("v1.34.4"), []

    def come_in_between(_plans: object) -> None:
        calls.append(1)
        if len(calls) < 3:
            network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")

    apply(node, node.survey(), EVERYTHING, come_in_between)
    assert len(calls) == 3
    assert network.saved("nft", "ip") == network.of_others("nft", "ip", [*dumps.SMALL_AFTER[:-1], "-A MINE -j ACCEPT", "-A MINE -j ACCEPT", "COMMIT"])


def test_whoever_came_between_the_look_and_the_work_on_nft_makes_it_look_again() -> None:
    network.load("nft", "ip", dumps.SMALL)
    node = Node("v1.34.4")
    plans = node.survey()
    network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")
    apply(node, plans, EVERYTHING, lambda _plans: None)
    assert network.saved("nft", "ip") == network.of_others("nft", "ip", [*dumps.SMALL_AFTER[:-1], "-A MINE -j ACCEPT", "COMMIT"])


def test_whoever_does_not_stop_on_nft_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_module, "PATIENCE", 0.1)
    network.load("nft", "ip", dumps.SMALL)
    node = Node("v1.34.4")
    with pytest.raises(Busy, match="nft monitor.*No rule has been taken away"):
        apply(node, node.survey(), EVERYTHING, lambda plans: network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT") and None)
    assert "KUBE-SERVICES" in "".join(network.saved("nft", "ip"))


def test_whoever_ignores_the_lock_of_legacy_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    network.load("legacy", "ip", dumps.SMALL)
    node = Node("v1.34.4")

    def ignore(_plans: object) -> None:
        monkeypatch.setenv("XTABLES_LOCKFILE", "/dev/null")
        network.sh("iptables-legacy", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")

    with pytest.raises(Differs, match="legacy ip nat: .*chain MINE: new: -A MINE -j ACCEPT"):
        apply(node, node.survey(), EVERYTHING, ignore)
    assert "-A MINE -j ACCEPT" in "".join(network.saved("legacy", "ip"))


def test_the_lock_of_legacy_is_waited_for_and_then_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    network.load("legacy", "ip", dumps.SMALL)
    monkeypatch.setattr(legacy, "LOCK_SECONDS", 1)
    with open(legacy.LOCK, "a", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(legacy.LockHeld, match="fuser"):
            clean()
    clean()
    assert network.saved("legacy", "ip") == network.of_others("legacy", "ip", dumps.SMALL_AFTER)


def interrupted(*_unused: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("backend", ["nft", "legacy"])
def test_killed_half_way_and_run_again(backend: str, settings: cleanup.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    network.load(backend, "ip", dumps.SMALL)
    kind = type(Node(None).backends[0 if backend == "nft" else 1])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(kind, "remove", interrupted)
        cleanup.Cleanup(settings).absent()
    assert "KUBE-SERVICES" in "".join(network.saved(backend, "ip"))
    assert cleanup.Cleanup(settings).absent()["clean"]
    assert network.saved(backend, "ip") == network.of_others(backend, "ip", dumps.SMALL_AFTER)


def test_without_a_backup_nothing_is_changed(settings: cleanup.Settings, tmp_path: pathlib.Path) -> None:
    network.load("nft", "ip", dumps.SMALL)
    before = network.saved("nft", "ip")
    (tmp_path / "file").write_text("")
    with pytest.raises(backup.BackupFailed, match="nothing was changed"):
        cleanup.Cleanup(settings._replace(backup_dir=str(tmp_path / "file" / "backup"))).absent()
    assert network.saved("nft", "ip") == before


@pytest.fixture
def only_programs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on the host has these programs alone, beside the shell's."""

    def only(*names: str) -> None:
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        for name in ("cat", "grep", "ip", *names):
            (folder / name).symlink_to(shutil.which(name) or name)
        monkeypatch.setattr(tools, "SEARCH_PATH", str(folder))

    return only


LEGACY = ("iptables-legacy", "iptables-legacy-save", "iptables-legacy-restore")
NFT = ("iptables-nft", "iptables-nft-save", "iptables-nft-restore")


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_host_without_iptables_of_nft_is_told_to_get_it(settings: cleanup.Settings, only_programs: Callable[..., None], check_mode: bool) -> None:
    network.load("nft", "ip", dumps.SMALL)
    before = network.saved("nft", "ip")
    only_programs(*LEGACY)
    with pytest.raises(Refused, match=r"nft ip nat, rules of chain PREROUTING: this host has no iptables program of the nft backend.*install it"):
        cleanup.Cleanup(settings._replace(check_mode=check_mode)).absent()
    found = cleanup.Cleanup(settings._replace(check_mode=True)).inspected()
    assert (found["foreign_references"], found["unread"], found["clean"]) == ([], [], False)
    assert network.saved("nft", "ip") == before


def test_without_the_program_no_backup_is_made_that_lacks_rules(settings: cleanup.Settings, only_programs: Callable[..., None]) -> None:
    """Chains that nothing leads to any more can be told from others without it."""
    network.load("nft", "ip", [line for line in dumps.SMALL if line != dumps.SMALL[5]])
    only_programs(*LEGACY)
    with pytest.raises(backup.BackupFailed, match="nothing was changed: this host has no iptables program of the nft backend.*kube_proxy_cleanup_backup. set"):
        cleanup.Cleanup(settings).absent()
    assert cleanup.Cleanup(settings._replace(backup=False)).absent()["clean"]
    assert network.saved("nft", "ip") == network.of_others("nft", "ip", dumps.SMALL_AFTER)


def test_tables_of_legacy_without_rules_need_no_program(settings: cleanup.Settings, only_programs: Callable[..., None]) -> None:
    for family in ("iptables", "ip6tables"):
        network.sh(f"{family}-legacy", "-t", "nat", "-L", "-n")
        network.sh(f"{family}-legacy", "-P", "FORWARD", "DROP")
    network.load("nft", "ip", dumps.SMALL)
    only_programs(*NFT)
    assert legacy.existing("ip") and legacy.in_use("ip") == legacy.in_use("ip6") == []
    assert cleanup.Cleanup(settings).absent()["clean"]


@pytest.mark.parametrize("what", [("-N", "MINE"), ("-A", "OUTPUT", "-j", "ACCEPT")])
@pytest.mark.parametrize("family", ["ip", "ip6"])
def test_with_rules_or_chains_they_do_and_nothing_is_changed(
    settings: cleanup.Settings, only_programs: Callable[..., None], family: str, what: tuple[str, ...]
) -> None:
    network.sh(f"{network.COMMAND[family]}-legacy", "-t", "nat", *what)
    network.load("nft", "ip", dumps.SMALL)
    before = network.saved("nft", "ip")
    only_programs(*NFT)
    with pytest.raises(Refused, match=f"legacy {family}: the kernel has rules in nat, and this host has no iptables program of the legacy backend"):
        cleanup.Cleanup(settings).absent()
    assert network.saved("nft", "ip") == before


def test_a_kernel_without_nf_tables_has_nothing_there_and_one_that_forbids_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(code: int) -> None:
        def fails(_self: object) -> int:
            raise OSError(code, "no")

        monkeypatch.setattr(nft.Nftables, "generation", fails)

    for code in nft.NOT_THERE:
        says(code)
        assert Node(None).session is None
    says(errno.EPERM)
    with pytest.raises(PermissionError):
        Node(None)


def test_a_jump_out_of_a_chain_that_stays_forbids_all_of_it(settings: cleanup.Settings) -> None:
    network.load("nft", "ip", [*dumps.SMALL[:-1], ":KUBE-POSTROUTING - [0:0]", "-A KUBE-POSTROUTING -j KUBE-SVC-UCJAHX4E4XCGRRJS", "COMMIT"])
    with pytest.raises(Refused, match="chain KUBE-POSTROUTING.*KUBE-SVC-UCJAHX4E4XCGRRJS"):
        cleanup.Cleanup(settings._replace(kubelet_version="v1.26.1")).absent()
    assert cleanup.Cleanup(settings).absent()["clean"]


def test_a_cni_that_marks_by_kube_proxys_chain_keeps_both(settings: cleanup.Settings, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "10-net.conflist").write_text('{"plugins": [{"type": "portmap", "externalSetMarkChain": "KUBE-MARK-MASQ"}]}')
    monkeypatch.setattr(hostports, "FOLDER", str(tmp_path))
    network.load("nft", "ip", dumps.without_nfacct(dumps.REAL["ip"].before))
    result = cleanup.Cleanup(settings).absent()
    assert result["clean"]
    assert {one["chain"] for one in result["kept"] if "10-net.conflist" in one["why"]} == {"KUBE-MARK-MASQ", "KUBE-POSTROUTING"}
    assert "-j KUBE-POSTROUTING" in "".join(network.saved("nft", "ip"))


def test_a_kube_proxy_that_comes_back_meanwhile_is_noticed(settings: cleanup.Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    network.load("nft", "ip", dumps.SMALL)
    before = network.saved("nft", "ip")
    made = cleanup.Cleanup(settings)
    monkeypatch.setattr(cleanup.processes, "kube_proxy", lambda patience=0: "process 7")
    with pytest.raises(Refused, match=r"kube-proxy still runs here \(process 7\)"):
        made.absent()
    assert network.saved("nft", "ip") == before
    assert cleanup.Cleanup(settings._replace(check_mode=True)).absent()["running"] == "process 7"


def test_who_does_not_stop_is_told_what_was_done_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_module, "PATIENCE", 0.1)
    network.load("nft", "ip", dumps.SMALL)
    network.load("nft", "ip6", dumps.SMALL[:3] + [dumps.SMALL[5], "COMMIT"])
    node, real = Node("v1.34.4"), apply_module._apply_to_table

    def come_in_between(node: Node, made: TablePlan, done: list[TablePlan]) -> None:
        if made.table.family == "ip6":
            network.sh("iptables-nft", "-t", "nat", "-A", "MINE", "-j", "ACCEPT")
        real(node, made, done)

    monkeypatch.setattr(apply_module, "_apply_to_table", come_in_between)
    with pytest.raises(Busy, match="Until now something was taken away in nft ip nat$"):
        apply(node, node.survey(), EVERYTHING, lambda plans: None)


def test_what_the_real_kube_proxy_made_in_nftables_mode(settings: cleanup.Settings) -> None:
    for version in (4, 6):
        network.sh("nft", "-f", str(dumps.FIXTURES / f"nftables-1.34-ipv{version}.nft"))
    others = "table inet mine { chain kube-proxy { type filter hook input priority 0; tcp dport 22 accept; }; }"
    network.sh("nft", "-f", "-", stdin=others)
    mine = network.sh("nft", "list", "table", "inet", "mine")
    for service in ("default/kubernetes", "10.96.0.1:443/tcp", "default/dns"):
        assert present.served_by(present.parse(service)) == "nft ip kube-proxy"
    assert present.served_by(present.parse("default/empty")) is None
    would = cleanup.Cleanup(settings._replace(check_mode=True, diff_mode=True)).absent()
    assert would["diff"][0]["before"].splitlines() == ["table ip kube-proxy", "table ip6 kube-proxy"]
    result = cleanup.Cleanup(settings).absent()
    assert result["clean"] and result["removed"]["tables"] == ["ip kube-proxy", "ip6 kube-proxy"]
    assert {"ip-kube-proxy.gz", "ip6-kube-proxy.gz"} <= {path.name for path in pathlib.Path(result["backup"]["path"]).iterdir()}
    assert network.sh("nft", "list", "tables").split("\n")[:-1] == ["table inet mine"]
    assert network.sh("nft", "list", "table", "inet", "mine") == mine

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch on real rules, in network namespaces."""

from __future__ import annotations

import fcntl
import pathlib
import time
from typing import Callable, Optional

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import cleanup, relink, switch
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Refused
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import dumps, network

pytestmark = [*network.in_kernel, pytest.mark.usefixtures("own_network")]


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
            network.load(backend, "ip", dumps.without_nfacct(dumps.REAL["ip"].before))
        network.load("nft", "ip6", dumps.without_nfacct(dumps.REAL["ip6"].before))
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
        wait_until_it_has_fired(folder)
        assert self.now() == rules and self.sees_packets()
        with pytest.raises(switch.NotConfirmed, match="linked them again"):
            cleanup.Cleanup(settings).confirm()
        assert self.now() == rules

    def test_linked_again_they_are_in_the_order_in_which_they_were(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        before = [line for line in network.saved("nft", "ip") if "-A FORWARD" in line]
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_until_it_has_fired(folder)
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
        wait_until_it_has_fired(folder)
        assert self.now() == rules

    def test_after_it_has_fired_one_can_begin_anew(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_until_it_has_fired(folder)
        assert cleanup.Cleanup(settings._replace(confirm_timeout=60)).absent()["changed"]
        assert cleanup.Cleanup(settings).confirm()["clean"]

    def test_there_is_nothing_to_confirm_while_packets_come_there(self, rules: dict, settings: cleanup.Settings) -> None:
        with pytest.raises(Refused, match="nothing to confirm.*state=absent"):
            cleanup.Cleanup(settings).confirm()
        assert self.now() == rules

    def test_armed_again_it_does_not_link_more_than_there_was(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        """A run that was killed when it had armed the switch and not yet unlinked anything, and its successor."""
        node = cleanup.Cleanup(settings)
        switch.arm(relink.pending(node.plans, ["ip"], node.ipvs), 60)
        cleanup.Cleanup(settings._replace(confirm_timeout=2)).absent()
        wait_until_it_has_fired(folder)
        assert self.now() == rules

    def test_rules_that_were_there_twice_are_there_twice_again(self, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        network.load("legacy", "ip", [*dumps.SMALL[:6], *dumps.SMALL[5:]])
        before = self.now()
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_until_it_has_fired(folder)
        assert self.now() == before

    def test_what_was_not_unlinked_by_it_is_saved_before_it_goes(self, settings: cleanup.Settings) -> None:
        network.load("nft", "ip", [line for line in dumps.SMALL if line != dumps.SMALL[5]])
        result = cleanup.Cleanup(settings).confirm()
        assert result["clean"] and pathlib.Path(result["backup"]["path"]).is_dir()

    def test_if_it_fires_before_all_is_unlinked_the_truth_is_told(
        self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slowly(*arguments: object, real: Callable[..., object] = cleanup.apply) -> object:
            done = real(*arguments)
            wait_for(folder / "fired")
            return done

        monkeypatch.setattr(cleanup, "apply", slowly)
        with pytest.raises(switch.NotConfirmed, match="linked them again"):
            cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()

    def test_a_program_that_others_keep_from_its_work_tries_again(self, settings: cleanup.Settings, folder: pathlib.Path) -> None:
        """It waits for the lock of legacy no longer than it must, and comes back."""
        network.load("legacy", "ip", dumps.SMALL)
        before = self.now()
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        script = next(folder.glob("relink-*.sh"))
        script.write_text(script.read_text().replace("-w 30", "-w 1").replace("sleep 3", "sleep 0.1"))
        with open(legacy.LOCK, "a", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            wait_for(folder / "fired")
            time.sleep(1.5)
            assert self.now() != before
        wait_until_it_has_fired(folder)
        assert self.now() == before
        assert "lock" in (folder / "log").read_text()

    def test_it_needs_no_nft_to_wake_a_table(self, settings: cleanup.Settings, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network.sh("nft", "-f", "-", stdin="table ip kube-proxy { chain services { type nat hook prerouting priority -100; }; }")
        monkeypatch.setattr(tools, "SEARCH_PATH", "/nowhere")
        cleanup.Cleanup(settings._replace(confirm_timeout=1, backup=False)).absent()
        assert not self.sees_packets()
        wait_until_it_has_fired(folder)
        assert self.sees_packets() and (folder / "log").read_text() == ""

    def test_programs_that_do_not_take_the_lock_are_run_with_it(self) -> None:
        old = tools.Programs(("sh", "-c", "echo iptables v1.6.1"), ("save",), ("restore",))
        assert relink._restore("legacy", old)[1:] == ["-w", "30", legacy.LOCK, "restore", "--noflush"]
        assert relink._restore("nft", old) == ["restore", "--noflush"]

    def test_a_systemd_that_cannot_be_asked_is_done_without(self, rules: dict, settings: cleanup.Settings, folder: pathlib.Path, tmp_path, monkeypatch) -> None:
        (tmp_path / "systemd-run").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2; exit 1\n")
        (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n")
        for name in ("systemd-run", "systemctl"):
            (tmp_path / name).chmod(0o755)
        monkeypatch.setattr(tools, "SEARCH_PATH", f"{tmp_path}:{tools.SEARCH_PATH}")
        monkeypatch.setattr(switch, "_has_systemd", lambda: True)
        cleanup.Cleanup(settings._replace(confirm_timeout=1)).absent()
        wait_until_it_has_fired(folder)
        assert self.now() == rules

    def test_it_has_fired_and_nothing_else_is_known(self, folder: pathlib.Path) -> None:
        folder.mkdir()
        (folder / "fired").touch()
        with pytest.raises(switch.NotConfirmed, match="linked them again. Find out why.*kube_proxy_cleanup_confirm_timeout"):
            switch.confirm()


def wait_for(path: pathlib.Path, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)


def wait_until_it_has_fired(folder: pathlib.Path) -> None:
    """And has done what it does then, of which it keeps a log."""
    log = folder / "log"
    wait_for(log)
    deadline = time.monotonic() + 30
    while log in map(output_of, pathlib.Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < deadline, f"what writes to {log} did not end"
        time.sleep(0.05)


def output_of(process: pathlib.Path) -> Optional[pathlib.Path]:
    try:
        return (process / "fd" / "1").readlink()
    except OSError:  # it has ended meanwhile
        return None

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dead man's switch on real rules, in network namespaces."""

from __future__ import annotations

import pathlib
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import cleanup, switch
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

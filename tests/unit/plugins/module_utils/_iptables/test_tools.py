# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the programs: stand-ins that print what iptables of several ages prints."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, tools


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch):
    """Puts programs on an empty host; each prints the version when it is asked."""
    monkeypatch.setattr(tools, "SEARCH_PATH", str(tmp_path))

    def has(version: str, *names: str) -> pathlib.Path:
        for name in names:
            (tmp_path / name).write_text(f"#!/bin/sh\necho '{version}'\n")
            (tmp_path / name).chmod(0o755)
        return tmp_path

    return has


def plain(family: str = "iptables") -> list[str]:
    return [family, f"{family}-save", f"{family}-restore"]


def test_before_1_8_there_is_one_set_and_it_is_legacy(host) -> None:
    folder = host("iptables v1.6.1", *plain())
    found = tools.find("legacy", "ip")
    assert found == tools.Programs((f"{folder}/iptables",), (f"{folder}/iptables-save",), (f"{folder}/iptables-restore",))
    assert found.version == (1, 6, 1)
    assert tools.find("nft", "ip") is None and tools.find("legacy", "ip6") is None


def test_the_plain_names_are_of_the_backend_that_they_say(host) -> None:
    host("ip6tables v1.8.9 (nf_tables)", *plain("ip6tables"))
    assert tools.find("nft", "ip6") and tools.find("legacy", "ip6") is None


def test_names_with_the_backend_win(host) -> None:
    folder = host("iptables v1.8.4 (nf_tables)", *plain(), "iptables-legacy", "iptables-legacy-save", "iptables-legacy-restore")
    assert tools.find("legacy", "ip").save == (f"{folder}/iptables-legacy-save",)


def test_the_one_program_for_all_will_do(host) -> None:
    folder = host("iptables v1.8.9 (nf_tables)", "xtables-nft-multi")
    assert tools.find("nft", "ip6").restore == (f"{folder}/xtables-nft-multi", "ip6tables-restore")


def test_what_is_missing_is_named(host) -> None:
    host("")
    with pytest.raises(tools.Missing, match=r"no iptables program of the legacy backend \(ip6tables-legacy or xtables-legacy-multi.*install it"):
        tools.need_all("legacy", "ip6")
    with pytest.raises(tools.Missing, match="no program ipset.*install it"):
        tools.need("ipset")


@pytest.mark.parametrize(
    ("version", "all_the_time", "instead"),
    [("v1.6.1", True, True), ("v1.6.2", False, False), ("v1.8.5", False, False), ("v1.8.6", True, True), ("v1.8.13", True, True)],
)
def test_the_lock_is_held_where_the_programs_leave_it_to_us(
    host, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, version: str, all_the_time: bool, instead: bool
) -> None:
    """Between the two versions they take it by themselves, for each change, and would wait for us without end."""
    host(f"iptables {version}", *plain())
    monkeypatch.setattr(legacy, "LOCK", str(tmp_path / "lock"))
    monkeypatch.delenv("XTABLES_LOCKFILE", raising=False)
    lock = legacy.Lock(tools.need_all("legacy", "ip"))
    with lock.hold():
        assert (tmp_path / "lock").exists() is all_the_time
        assert bool(lock.instead) is instead
    if all_the_time:
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600

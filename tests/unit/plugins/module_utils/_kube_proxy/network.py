# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace for a test, and the programs of iptables in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
from typing import Iterator

import pytest

CLONE_NEWNET = 0x40000000
COUNTERS = re.compile(r"\[\d+:\d+\]")
PROGRAMS = [f"{family}-{backend}" for family in ("iptables", "ip6tables") for backend in ("nft", "legacy")]
COMMAND = {"ip": "iptables", "ip6": "ip6tables"}

#: Rules in a real kernel; the machine's own are out of reach.
in_kernel = [
    pytest.mark.netns,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root"),
    pytest.mark.skipif(not all(map(shutil.which, [*PROGRAMS, "nft", "ip"])), reason="needs iptables of both backends, nft and ip"),
]


@contextlib.contextmanager
def new_network() -> Iterator[None]:
    """This thread, and what it starts, is in a network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET):
        os.close(home)
        pytest.skip(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        assert libc.setns(home, CLONE_NEWNET) == 0
        os.close(home)


def sh(*argv: str, stdin: str = "") -> str:
    done = subprocess.run(argv, input=stdin, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (argv, done.stderr)
    return done.stdout


def load(backend: str, family: str, lines: list[str], *options: str) -> None:
    sh(f"{COMMAND[family]}-{backend}-restore", *options, stdin="\n".join([*lines, ""]))


def saved(backend: str, family: str, counters: bool = False) -> list[str]:
    """All rules. Sorted, for iptables-nft-save does not always give chains in the same order; a chain's rules are numbered to keep theirs."""
    lines = sh(f"{COMMAND[family]}-{backend}-save", *(["-c"] if counters else [])).splitlines()
    found, table, number = [], "", {}
    for line in lines:
        if line.startswith("*"):
            table = line
        elif line.startswith((":", "-", "[")):
            chain = re.search(r"-A (\S+)|:(\S+)", line)
            name = (chain[1] or chain[2]) if chain else ""
            number[table, name] = number.get((table, name), 0) + 1
            found.append(f"{table} {name} {number[table, name]} {line if counters and not line.startswith(':') else COUNTERS.sub('', line)}")
    return sorted(found)


def of_others(backend: str, family: str, lines: list[str]) -> list[str]:
    """How the programs print the lines when they are all there is."""
    with new_network():
        load(backend, family, lines)
        return saved(backend, family)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legacy backend: the kernel's ip_tables, through the programs. It reads and writes a table as a whole, at any size in about a second."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import tempfile
import time
from typing import Iterable, Iterator, Optional, TextIO

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import save, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import Interest, Placed, Table

# The tables that exist in this network namespace.
NAMES = {"ip": "/proc/net/ip_tables_names", "ip6": "/proc/net/ip6_tables_names"}
LOCK = "/run/xtables.lock"
LOCK_SECONDS = 30
# iptables-restore takes the lock by itself from the first version on, and can be told another lock from the second one on.
TAKES_LOCK = (1, 6, 2)
OTHER_LOCK = (1, 8, 6)
# linux/netfilter_ipv4/ip_tables.h and ip6_tables.h: what the kernel says of a table
LEVEL = {"ip": (socket.AF_INET, socket.IPPROTO_IP), "ip6": (socket.AF_INET6, socket.IPPROTO_IPV6)}
GET_INFO = 64
INFO = struct.Struct("=32sI20s20sII")


def existing(family: str) -> list[str]:
    try:
        with open(NAMES[family], encoding="utf-8") as names:
            return names.read().split()
    except FileNotFoundError:
        return []


def in_use(family: str) -> list[str]:
    """Of the existing tables those with rules or chains, as the kernel says without any program."""
    return [name for name in existing(family) if not _is_empty(family, name)]


def _is_empty(family: str, table: str) -> bool:
    """Has it nothing but one entry for each of its hooks, and the one at the end?"""
    domain, level = LEVEL[family]
    answer, size = ctypes.create_string_buffer(table.encode(), INFO.size), ctypes.c_uint32(INFO.size)
    # socket.getsockopt cannot tell the kernel which table
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(domain, socket.SOCK_RAW, socket.IPPROTO_RAW) as kernel:
        if libc.getsockopt(kernel.fileno(), level, GET_INFO, answer, ctypes.byref(size)):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"legacy table {table}")
    _name, hooks, _entries, _underflows, entries, _size = INFO.unpack(answer.raw)
    return bool(entries == bin(hooks).count("1") + 1)


class LockHeld(Exception):
    """Another program does not let go of the lock."""


class Lock:
    """The lock that all users of the legacy backend share, for all tables of both families."""

    def __init__(self, programs: tools.Programs) -> None:
        self._programs = programs
        # while we hold the lock, our own programs are given another one
        self.instead: Optional[str] = None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Nobody else who honours the lock changes a table meanwhile; with programs between the two versions, only within each change."""
        if TAKES_LOCK <= self._programs.version < OTHER_LOCK:
            yield
            return
        with _open_lock() as lock, tempfile.NamedTemporaryFile(prefix="xtables-") as own:
            _acquire(lock.fileno(), lock.name)
            self.instead = own.name
            try:
                yield
            finally:
                self.instead = None


def _open_lock() -> TextIO:
    """As iptables does: whoever may read it could hold it."""
    return open(os.environ.get("XTABLES_LOCKFILE", LOCK), "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600))


def _acquire(lock: int, name: str) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LockHeld(f"another program has held {name} for {LOCK_SECONDS} s, expected it to let go. See which: fuser -v {name}") from None
            time.sleep(0.1)


class Legacy:
    name = "legacy"

    def __init__(self, family: str, programs: tools.Programs, lock: Lock) -> None:
        self.family = family
        self.programs = programs
        self.lock = lock

    def tables(self) -> list[str]:
        return existing(self.family)

    def read(self, name: str, interest: Interest) -> Table:
        return save.read(self.dump(name), self.name, self.family, interest)[name]

    def dump(self, name: str) -> list[str]:
        """The table's text, with every rule. Only of a table that exists: asking for another one would make it."""
        return tools.run([*self.programs.save, "-t", name]).splitlines()

    def chain(self, table: str, name: str) -> list[str]:
        """The text of the chain's rules."""
        return [line for line in self.dump(table) if line.startswith(f"-A {name} ")]

    def unlink(self, table: Table, rules: Iterable[Placed]) -> None:
        self._restore(table, [f"-D {(rule.text or '')[3:]}" for _chain, rule in rules])

    def remove(self, table: Table, chains: Iterable[str]) -> None:
        names = list(chains)
        self._restore(table, [f":{name} - [0:0]" for name in names] + [f"-X {name}" for name in names])

    def _restore(self, table: Table, lines: list[str]) -> None:
        text = "\n".join([f"*{table.name}", *lines, "COMMIT", ""])
        if self.lock.instead:
            tools.run([*self.programs.restore, "--noflush"], stdin=text, extra={"XTABLES_LOCKFILE": self.lock.instead})
        else:
            tools.run([*self.programs.restore, "--noflush", "-w", str(LOCK_SECONDS)], stdin=text)

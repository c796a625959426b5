# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The iptables programs of this host: which there are, of which backend and version, and running them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Mapping, NamedTuple, Optional, Sequence

SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"])
COMMAND = {"ip": "iptables", "ip6": "ip6tables"}
VERSION = re.compile(r"v(\d+(?:\.\d+)*)")


class ToolFailed(Exception):
    """A program said no. The message has its words."""

    def __init__(self, argv: Sequence[str], rc: int, stderr: str) -> None:
        super().__init__(f"'{' '.join(argv)}' ended with {rc}, expected 0: {stderr.strip() or 'it said nothing'}. Run that command by hand to see more")
        self.rc = rc
        self.stderr = stderr


class Missing(Exception):
    """A program that is needed is not on this host."""


class Programs(NamedTuple):
    """The beginnings of three command lines."""

    iptables: tuple[str, ...]
    save: tuple[str, ...]
    restore: tuple[str, ...]

    @property
    def version(self) -> tuple[int, ...]:
        match = VERSION.search(run([*self.iptables, "-V"]))
        return tuple(int(part) for part in match[1].split(".")) if match else ()


def which(name: str) -> Optional[str]:
    return shutil.which(name, path=SEARCH_PATH)


def need(name: str) -> str:
    """The program's path. Raises Missing."""
    path = which(name)
    if path is None:
        raise Missing(f"this host has no program {name} (looked for in {SEARCH_PATH}); install it, then run this again")
    return path


def environment(extra: Optional[Mapping[str, str]] = None) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "PATH": SEARCH_PATH, **(extra or {})}


def run(argv: Sequence[str], stdin: str = "", extra: Optional[Mapping[str, str]] = None) -> str:
    """What the program printed. Raises ToolFailed."""
    # Rules may hold bytes that are no UTF-8, and there is no module object here.
    done = subprocess.run(  # pylint: disable=ansible-bad-function
        argv, input=stdin, capture_output=True, check=False, env=environment(extra), encoding="utf-8", errors="surrogateescape"
    )
    if done.returncode:
        raise ToolFailed(argv, done.returncode, done.stderr)
    return done.stdout


def need_all(backend: str, family: str) -> Programs:
    """The programs for that backend and family. Raises Missing."""
    found = find(backend, family)
    if found is None:
        name = f"{COMMAND[family]}-{backend}"
        raise Missing(
            f"this host has no iptables program of the {backend} backend ({name} or xtables-{backend}-multi, looked for in {SEARCH_PATH}); "
            "install it (Debian: iptables; Red Hat: iptables-nft or iptables-legacy), then run this again"
        )
    return found


def find(backend: str, family: str) -> Optional[Programs]:
    """The programs for that backend and family. Before 1.8 there is one set, without a backend in its names, and it is legacy."""
    name = COMMAND[family]
    parts = ("", "-save", "-restore")
    named = [which(f"{name}-{backend}{part}") for part in parts]
    if all(named):
        return Programs(*((path,) for path in named))
    multi = which(f"xtables-{backend}-multi")
    if multi:
        return Programs(*((multi, f"{name}{part}") for part in parts))
    plain = [which(f"{name}{part}") for part in parts]
    if all(plain) and ("nf_tables" in run([plain[0], "-V"])) == (backend == "nft"):
        return Programs(*((path,) for path in plain))
    return None

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of what was there: raw dumps in a folder per backup, with checksums.

It is not the way back. The way back is kube-proxy itself, which makes its rules anew from the cluster as it is then; a dump would
bring back endpoints that are gone.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import time
from typing import NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools

RULE = re.compile(rb"^(?:\[\d+:\d+\] )?-A (\S+)|^\*(\S+)", re.MULTILINE)
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
SUMS = "SHA256SUMS"


class Source(NamedTuple):
    """A file of the backup and the command that prints it."""

    file: str
    argv: list[str]


class BackupFailed(Exception):
    """There is no backup, so nothing may be changed."""


class Backup(NamedTuple):
    path: str
    sha256: str
    # file -> (table, chain) -> rules
    rules: dict[str, dict[tuple[str, str], int]]


def make(folder: str, keep: int, sources: list[Source]) -> Backup:
    """A new backup in the folder; of older ones the newest stay, so that there are keep. Raises BackupFailed."""
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    partial = os.path.join(folder, f".{name}.partial")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.mkdir(partial, mode=0o700)
        try:
            rules, sums = {}, {}
            for source in sources:
                rules[source.file], sums[f"{source.file}.gz"] = _write(partial, source)
            sha256 = _write_sums(partial, sums)
            path = _publish(partial, os.path.join(folder, name))
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _forget_oldest(folder, keep)
    except (OSError, tools.ToolFailed) as error:
        raise BackupFailed(f"no backup could be made in {folder}, so nothing was changed: {error}. Make room there, or give another backup_dir") from error
    return Backup(path, sha256, rules)


def _write(folder: str, source: Source) -> tuple[dict[tuple[str, str], int], str]:
    # The bytes as they are; run_command decodes them.
    done = subprocess.run(source.argv, capture_output=True, check=False, env=tools.environment())  # pylint: disable=ansible-bad-function
    if done.returncode:
        raise tools.ToolFailed(source.argv, done.returncode, done.stderr.decode(errors="replace"))
    path = os.path.join(folder, f"{source.file}.gz")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        data = gzip.compress(done.stdout, compresslevel=1, mtime=0)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return _count_rules(done.stdout), hashlib.sha256(data).hexdigest()


def _count_rules(dump: bytes) -> dict[tuple[str, str], int]:
    found: dict[bytes, dict[bytes, int]] = {}
    table: dict[bytes, int] = {}
    for match in RULE.finditer(dump):
        chain, name = match.groups()
        if name:
            table = found.setdefault(name, {})
        else:
            table[chain] = table.get(chain, 0) + 1
    return {(name.decode(), chain.decode(errors="surrogateescape")): count for name, chains in found.items() for chain, count in chains.items()}


def _write_sums(folder: str, sums: dict[str, str]) -> str:
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
    with open(os.open(os.path.join(folder, SUMS), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(text).hexdigest()


def _publish(partial: str, path: str) -> str:
    """Gives the finished folder its name, or that name with a number if there is one already."""
    number = 1
    while os.path.exists(path if number == 1 else f"{path}-{number}"):
        number += 1
    final = path if number == 1 else f"{path}-{number}"
    os.rename(partial, final)
    return final


def _forget_oldest(folder: str, keep: int) -> None:
    names = sorted((name for name in os.listdir(folder) if NAME.fullmatch(name)), key=lambda name: (name[:16], len(name), name))
    for name in names[:-keep]:
        shutil.rmtree(os.path.join(folder, name))

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of what was there: raw dumps in a folder per backup, with checksums.

It is not the way back. The way back is kube-proxy itself, which makes its rules anew from the cluster as it is then; a dump would
bring back endpoints that are gone.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import zlib
from typing import IO, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools

RULE = re.compile(rb"^(?:\[\d+:\d+\] )?-A (\S+)|^\*(\S+)", re.MULTILINE)
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
SUMS = "SHA256SUMS"
# what a backup is called until it is whole, and after how many seconds one was surely left behind by a run that was killed
PARTIAL = re.compile(r"\.\d{8}T\d{6}Z\.\d+\.partial")
LEFT_BEHIND = 3600
CHUNK = 1 << 18
GZIP = 16 + zlib.MAX_WBITS
# gains half of what the best level does, in a third of the time
LEVEL = 1

# (table, chain) -> rules
Rules = dict[tuple[str, str], int]


class Source(NamedTuple):
    """A file of the backup and the command that prints it."""

    file: str
    argv: list[str]


class BackupFailed(Exception):
    """There is no backup, so nothing may be changed."""


class Backup(NamedTuple):
    path: str
    sha256: str
    # by file
    rules: dict[str, Rules]


def make(folder: str, keep: int, sources: list[Source]) -> Backup:
    """A new backup in the folder; of older ones the newest stay, so that there are keep, and the first of all. Raises BackupFailed."""
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    partial = os.path.join(folder, f".{name}.{os.getpid()}.partial")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _sweep(folder)
        os.mkdir(partial, mode=0o700)
        try:
            with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
                written = dict(zip((source.file for source in sources), pool.map(lambda source: _write(partial, source), sources)))
            sha256 = _write_sums(partial, {f"{file}.gz": digest for file, (_rules, digest) in written.items()})
            path = _publish(partial, os.path.join(folder, name))
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        _forget_oldest(folder, keep)
    except (OSError, tools.ToolFailed) as error:
        raise BackupFailed(
            f"no backup could be made in {folder}, so nothing was changed: {error}. Make room there, or give another backup_dir "
            "(kube_proxy_cleanup_backup_dir)"
        ) from error
    return Backup(path, sha256, {file: rules for file, (rules, _digest) in written.items()})


def _write(folder: str, source: Source) -> tuple[Rules, str]:
    """What the command prints, compressed while it prints it: its rules, and the checksum of the file."""
    found: dict[bytes, dict[bytes, int]] = {}
    with tempfile.TemporaryFile() as faults, open(
        os.open(os.path.join(folder, f"{source.file}.gz"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as file:
        # The bytes as they are; run_command decodes them and keeps them all.
        command = subprocess.Popen(source.argv, stdout=subprocess.PIPE, stderr=faults, env=tools.environment())  # pylint: disable=ansible-bad-function
        with command:
            digest = _compress(command.stdout, file, found) if command.stdout else ""
        if command.returncode:
            faults.seek(0)
            raise tools.ToolFailed(source.argv, command.returncode, faults.read().decode(errors="replace"))
        file.flush()
        os.fsync(file.fileno())
    return {(name.decode(), chain.decode(errors="surrogateescape")): count for name, chains in found.items() for chain, count in chains.items()}, digest


def _compress(source: IO[bytes], file: IO[bytes], found: dict[bytes, dict[bytes, int]]) -> str:
    """The checksum of what it wrote into the file; found gets table -> chain -> rules."""
    packer, digest = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP), hashlib.sha256()
    table: dict[bytes, int] = {}
    begun = b""
    for chunk in iter(lambda: source.read(CHUNK), b""):
        packed = packer.compress(chunk)
        digest.update(packed)
        file.write(packed)
        whole, line_end, begun = (begun + chunk).rpartition(b"\n")
        for chain, name in RULE.findall(whole + line_end):
            if name:
                table = found.setdefault(name, {})
            else:
                table[chain] = table.get(chain, 0) + 1
    packed = packer.flush()
    digest.update(packed)
    file.write(packed)
    return digest.hexdigest()


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
    """All but the newest, and the first, which shows the node before anything was taken from it."""
    names = sorted((name for name in os.listdir(folder) if NAME.fullmatch(name)), key=lambda name: (name[:16], len(name), name))
    for name in names[1:-keep]:
        shutil.rmtree(os.path.join(folder, name))


def _sweep(folder: str) -> None:
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if PARTIAL.fullmatch(name) and time.time() - os.stat(path).st_mtime > LEFT_BEHIND:
            shutil.rmtree(path)

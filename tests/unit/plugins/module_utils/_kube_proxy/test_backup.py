# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups: what is in them, who may read them, how many there are, and what a full disk does."""

from __future__ import annotations

import gzip
import hashlib
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.backup import Source
from ansible_collections.fleetops.kubeproxy_free.tests.unit.plugins.module_utils._kube_proxy import network

DUMP = b"*nat\n:A - [0:0]\n[1:2] -A A -j RETURN\n-A A -j B\n-A B\nCOMMIT\n*filter\n-A A\nCOMMIT\n\xff no UTF-8\n"


def of(folder: pathlib.Path, keep: int = 5, data: bytes = DUMP) -> backup.Backup:
    with tempfile.NamedTemporaryFile() as source:
        source.write(data)
        source.flush()
        return backup.make(str(folder), keep, [Source("ip-nft", ["cat", source.name]), Source("other", ["echo", "hello"])])


def test_what_a_backup_is(tmp_path: pathlib.Path) -> None:
    made = of(tmp_path / "backup")
    path = pathlib.Path(made.path)
    assert gzip.decompress((path / "ip-nft.gz").read_bytes()) == DUMP
    assert gzip.decompress((path / "other.gz").read_bytes()) == b"hello\n"
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=path, check=True, capture_output=True)
    assert sorted((path / "SHA256SUMS").read_text().split()[1::2]) == ["ip-nft.gz", "other.gz"]
    assert made.sha256 == hashlib.sha256((path / "SHA256SUMS").read_bytes()).hexdigest()
    assert made.rules == {"ip-nft": {("nat", "A"): 2, ("nat", "B"): 1, ("filter", "A"): 1}, "other": {}}
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)] == [0o700, 0o700]
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.iterdir()} == {0o600}


def test_a_dump_that_comes_in_pieces_is_counted_and_compressed_whole(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "CHUNK", 7)
    text = b"*nat\n" + b"".join(b"[12:3456] -A CHAIN-%d -j RETURN\n" % (number % 10) for number in range(1000)) + b"COMMIT\n"
    made = of(tmp_path / "backup", data=text)
    assert made.rules["ip-nft"] == {("nat", f"CHAIN-{number}"): 100 for number in range(10)}
    assert gzip.decompress((pathlib.Path(made.path) / "ip-nft.gz").read_bytes()) == text


def test_a_large_dump_is_not_held_in_memory(tmp_path: pathlib.Path, with_collection: dict[str, str]) -> None:
    """64 MiB of rules; what Python itself holds meanwhile is far less."""
    program = """
import resource, sys
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
script = "yes -- '-A KUBE-SEP-AAAAAAAAAAAAAAAA -j DNAT' | head -c 67108864"
backup.make(sys.argv[1], 1, [backup.Source("ip-nft", ["sh", "-c", script])])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    said = subprocess.run([sys.executable, "-c", program, str(tmp_path / "backup")],
                          text=True, capture_output=True, check=False, env=with_collection)
    assert said.returncode == 0, said.stderr
    assert int(said.stdout) < 20


def test_the_newest_stay_and_the_first(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "backup"
    names = [f"2026010{day}T000000Z" for day in range(1, 7)]
    for name in names:
        monkeypatch.setattr(backup.time, "strftime", lambda *_unused, name=name: name)
        of(folder, keep=2)
    assert sorted(os.listdir(folder)) == [names[0], *names[-2:]]
    # a second one in the same second
    of(folder, keep=2)
    assert sorted(os.listdir(folder)) == [names[0], names[-1], f"{names[-1]}-2"]


def test_what_a_killed_run_left_is_swept_and_what_a_present_one_makes_is_not(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "backup"
    old, present, others = folder / ".20260101T000000Z.7.partial", folder / ".20260102T000000Z.8.partial", folder / ".mine"
    for one in (old, present, others):
        one.mkdir(parents=True)
    for one in (old, others):
        os.utime(one, (time.time() - 2 * backup.LEFT_BEHIND,) * 2)
    of(folder)
    assert [one.exists() for one in (old, present, others)] == [False, True, True]


def test_a_command_that_fails_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "backup"
    with pytest.raises(backup.BackupFailed, match=r"nothing was changed: .*ended with 3, expected 0: no rules today.*kube_proxy_cleanup_backup_dir"):
        backup.make(str(folder), 5, [Source("fine", ["echo"]), Source("broken", ["sh", "-c", "echo no rules today >&2; exit 3"])])
    assert os.listdir(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk: needs root")
def test_a_full_disk_leaves_nothing_behind(tmp_path: pathlib.Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        network.sh("mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk))
    except AssertionError as error:
        pytest.skip(f"cannot mount: {error}")
    try:
        with pytest.raises(backup.BackupFailed, match="No space left on device.*Make room there"):
            of(disk / "backup", data=os.urandom(1 << 20))
        assert os.listdir(disk / "backup") == []
    finally:
        network.sh("umount", str(disk))

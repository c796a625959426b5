# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to support: masked, for its owner only, and not more of it than wanted."""

from __future__ import annotations

import json
import os
import tarfile
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import evidence, mask

TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize("said, secret", [
    (f"level=info msg=\"request\" authorization=\"Bearer {TOKEN}\"", TOKEN), (f"Authorization: Bearer {TOKEN}", TOKEN), (f"found {TOKEN} there", TOKEN),
    ("join --token abcdef.0123456789abcdef", "0123456789abcdef"), ("etcd https://root:hunter2@10.0.0.1:2379", "hunter2"),
    ("password=hunter2 user=x", "hunter2"),
    ("password: 'hunter 2'", "hunter 2"), ('{"clientSecret": "hunter2"}', "hunter2"), ('"{\\"api-key\\":\\"hunter2\\"}"', "hunter2"),
    ("BASIC aHVudGVyMg==", "aHVudGVyMg"),
    ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\nafter", "hunter2"), ("-----BEGIN PRIVATE KEY-----\nhunter2", "hunter2"),
])  # fmt: skip
def test_what_looks_like_a_secret_is_masked(said, secret):
    masked = mask.text(said)
    assert secret not in masked and mask.MASKED in masked


@pytest.mark.parametrize("said", [
    'time=2026-01-31T12:00:00Z level=info msg="Reconciled service" k8sSvcName=web backends=3', "10.96.0.8:80/TCP on w1 is not in the kernel's map",
    "kubectl -n kube-system get secrets", "Service shop/token-issuer", "https://10.0.0.1:6443/readyz",
])  # fmt: skip
def test_what_does_not_is_not(said):
    assert mask.text(said) == said


def test_a_long_word_takes_no_time():
    began = time.process_time()
    mask.text("a" * 200_000 + " " + "token" * 20_000)
    assert time.process_time() - began < 2


def test_settings_keep_what_is_no_secret():
    settings = {"enable-k8s-secrets-sync": "true", "routing-mode": "native", "kvstore-password": "hunter2",
                "kvstore-opt": "{\"etcd.token\": \"hunter2\"}", "n": 3}
    assert mask.document({"settings": settings, "list": [{"token": "hunter2"}]}) == {
        "settings": {**settings, "kvstore-password": mask.MASKED, "kvstore-opt": f'{{"etcd.token": {mask.MASKED}}}'},
        "list": [{"token": mask.MASKED}]}  # fmt: skip


def test_an_archive_has_everything_and_only_its_owner_reads_it(tmp_path, monkeypatch):
    folder, dest = tmp_path / "folder", tmp_path / "a" / "dest"
    os.umask(0o022)
    evidence.write(folder, "agents/w1/log.txt", f"token={TOKEN}")
    evidence.write(folder, evidence.FACTS, {"services": {"shop/web": {"port": 80}}})
    assert evidence.facts(folder) == {"services": {"shop/web": {"port": 80}}}
    monkeypatch.setattr(evidence.time, "gmtime", lambda: time.struct_time((2026, 1, 31, 12, 0, 0, 0, 0, 0)))
    path = evidence.pack(folder, str(dest), 3)
    assert path == f"{dest}/diagnosis-20260131T120000Z.tar.gz" and os.stat(path).st_mode & 0o777 == 0o600 and dest.stat().st_mode & 0o777 == 0o700
    with tarfile.open(path) as archive:
        files = {member.name.partition("/")[2]: (member.mode, archive.extractfile(member).read().decode()) for member in archive if member.isfile()}
    assert {name: mode for name, (mode, _text) in files.items()} == {"agents/w1/log.txt": 0o600, "facts.json": 0o600}
    assert files["agents/w1/log.txt"][1] == f"token={mask.MASKED}" and json.loads(files["facts.json"][1])["services"]["shop/web"]["port"] == 80
    assert os.listdir(dest) == ["diagnosis-20260131T120000Z.tar.gz"]


def test_only_the_newest_archives_stay(tmp_path):
    kept = ["diagnosis-20250101T000000Z.tar.gz", "diagnosis-20250102T000000Z.tar.gz", "diagnosis-20250103T000000Z.tar.gz"]
    for name in (*kept, "diagnosis.json", "other-20240101T000000Z.tar.gz"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    made = os.path.basename(evidence.pack(str(tmp_path / "folder"), str(tmp_path), 2))
    assert sorted(os.listdir(tmp_path)) == sorted(["folder", "diagnosis.json", "other-20240101T000000Z.tar.gz", kept[2], made])

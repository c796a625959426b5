# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder for what was read, and the archive for support that is made of it. What is written there is masked first."""

from __future__ import annotations

import json
import os
import pathlib
import re
import tarfile
import time
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import mask

FACTS, FINDINGS = "facts.json", "diagnosis.json"
ARCHIVE = re.compile(r"diagnosis-\d{8}T\d{6}Z\.tar\.gz")


def write(folder: str, name: str, what: Any) -> None:
    """A text as it is, all else as JSON; name may have folders before it."""
    path = pathlib.Path(folder, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = mask.text(what) if isinstance(what, str) else json.dumps(mask.document(what), indent=1) + "\n"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)


def facts(folder: str) -> dict[str, Any]:
    """What cilium_services has written."""
    return json.loads(pathlib.Path(folder, FACTS).read_text(encoding="utf-8"))


def pack(folder: str, place: str, keep: int) -> str:
    """Make an archive of the folder in another one, and remove the oldest there, so that there are so many at most; return its path."""
    os.makedirs(place, mode=0o700, exist_ok=True)
    name = time.strftime("diagnosis-%Y%m%dT%H%M%SZ", time.gmtime())
    path = os.path.join(place, f"{name}.tar.gz")
    draft = os.path.join(place, f".{name}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
        archive.add(folder, arcname=name, filter=_nobodys)
    os.replace(draft, path)
    for old in sorted(one for one in os.listdir(place) if ARCHIVE.fullmatch(one))[: -max(keep, 1)]:
        os.unlink(os.path.join(place, old))
    return path


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member

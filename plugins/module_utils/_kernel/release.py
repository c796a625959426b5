# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the names that kernels give themselves. Pure."""

from __future__ import annotations

import dataclasses
import re

NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
# What follows the version in uname -r -> the family whose kernel it is, first match wins.
FAMILIES = (
    ("elrepo", re.compile(r"\.elrepo\b")),
    ("uek", re.compile(r"\.el\d+uek\b")),
    ("el", re.compile(r"-(?P<build>[\d.]+?)(?:\.rt[\d.]+)?\.el(?P<major>\d+)(?:_(?P<minor>\d+))?\b")),
    ("amazon", re.compile(r"\.amzn(?P<major>\d+)\b")),
    ("fedora", re.compile(r"\.fc(?P<major>\d+)\b")),
    ("flatcar", re.compile(r"-flatcar\b")),
    ("talos", re.compile(r"-talos\b")),
    ("photon", re.compile(r"\.ph(?P<major>\d+)\b")),
    ("suse", re.compile(r"-(?P<build>\d+(?:\.\d+)*)-default\b|-(?P<other_build>\d+(?:\.\d+)+)-(?:azure|rt|preempt|64kb)\b")),
    ("debian", re.compile(r"-(?:cloud-)?(?:rt-)?(?:amd64|arm64|armmp|686(?:-pae)?|s390x|powerpc64le)\b|\+deb\d+|\+bpo")),
    ("ubuntu", re.compile(r"-(?P<build>\d+)-(?P<flavour>[a-z][a-z0-9-]*)$")),
    ("cos", re.compile(r"^\+$")),
)
# uname -r of Debian says 4.19.0-27-amd64 for a 4.19.316; uname -v and Ubuntu's /proc/version_signature say the true one.
TRUE_VERSION = (re.compile(r"\bDebian (\d+\.\d+\.\d+)"), re.compile(r"^Ubuntu \S+ (\d+\.\d+\.\d+)"))


@dataclasses.dataclass(frozen=True)
class Release:
    """version is upstream's, as a tuple of three, None if it cannot be read; build and distribution are numbers of the family's own."""

    text: str
    version: tuple | None
    family: str = "other"
    build: tuple = ()
    distribution: tuple = ()
    flavour: str = ""


def parse(release, version_text="", signature=""):
    """The Release from uname -r, uname -v and /proc/version_signature."""
    match = NUMBERS.match(release)
    if not match:
        return Release(release, None)
    version = _numbers(f"{match[1]}.{match[2]}.{match[3] or 0}")
    for text in (version_text, signature):
        for pattern in TRUE_VERSION:
            true = pattern.search(text)
            if true and _numbers(true[1])[:2] == version[:2]:
                version = _numbers(true[1])
    rest = release[match.end():]
    for family, pattern in FAMILIES:
        found = pattern.search(rest)
        if found:
            named = found.groupdict()
            distribution = _numbers(".".join(part for part in (named.get("major"), named.get("minor")) if part))
            return Release(release, version, family, _numbers(named.get("build") or named.get("other_build") or ""), distribution, named.get("flavour") or "")
    return Release(release, version)


def _numbers(text):
    return tuple(int(part) for part in text.split(".") if part)

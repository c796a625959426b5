# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's folders, files and probers are named. Pure; private to this collection."""

from __future__ import annotations

import hashlib
import re

#: What remains of the 63 that a prober's name may have when roles put a word of their own before it.
LONGEST = 56
PLAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


def file_name(cluster: str) -> str:
    """The cluster's own name where that will do; else what can be read of it, with a sum that tells it from others that read the same."""
    if PLAIN.fullmatch(cluster) and len(cluster) <= LONGEST:
        return cluster
    digest = hashlib.sha256(cluster.encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "_", cluster).strip("_.-")[: LONGEST - len(digest) - 1]
    return f"{readable}-{digest}" if readable else digest

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading below a root."""

from __future__ import annotations

import glob
import os
from typing import Optional


def read(root: str, path: str) -> Optional[str]:
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def names(root: str, pattern: str) -> list[str]:
    """Paths below the root that a pattern fits."""
    return sorted(os.path.relpath(path, root) for path in glob.glob(os.path.join(root, pattern)))

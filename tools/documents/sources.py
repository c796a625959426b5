# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own modules, from the collections path that setup has made."""

from __future__ import annotations

import importlib
import pathlib
import sys
from types import ModuleType

PATH = pathlib.Path(__file__).resolve().parents[2] / ".work"


def module(name: str) -> ModuleType:
    """_kernel.rules and the like."""
    if str(PATH) not in sys.path and PATH.exists():
        sys.path.insert(0, str(PATH))
    return importlib.import_module(f"ansible_collections.fleetops.kubeproxy_free.plugins.module_utils.{name}")

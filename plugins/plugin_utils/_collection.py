# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This collection, as a folder on the controller; private to it."""

from __future__ import annotations

import json
import pathlib

import yaml

NAME = ("fleetops", "kubeproxy_free")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def version(root: pathlib.Path = ROOT) -> str:
    """As installed, else as in a checkout; empty if this collection is not there."""
    manifest, source = root / "MANIFEST.json", root / "galaxy.yml"
    if manifest.exists():
        found = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
    elif source.exists():
        found = yaml.safe_load(source.read_text(encoding="utf-8"))
    else:
        return ""
    return found["version"] if (found["namespace"], found["name"]) == NAME else ""

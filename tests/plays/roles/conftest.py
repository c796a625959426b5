# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles' tasks run against the same stand-in for the API server as the plugins."""

from __future__ import annotations

import importlib.util
import pathlib

_spec = importlib.util.spec_from_file_location("stand_in", pathlib.Path(__file__).resolve().parents[2] / "unit" / "plugins" / "conftest.py")
stand_in = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_in)
fake_api = stand_in.fake_api

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection knows its version, as installed and in a checkout."""

from __future__ import annotations

import json
import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.collection import version


def test_the_version_of_this_collection():
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version())


def test_an_installed_collection_has_a_manifest_and_no_galaxy_file(tmp_path):
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3")
    assert version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": "4.5.6"}}))
    assert version(tmp_path) == "4.5.6"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

from ansible_collections.fleetops.kubeproxy_free.plugins.lookup.version import LookupModule
from ansible_collections.fleetops.kubeproxy_free.plugins.plugin_utils._collection import version

OURS = {"namespace": "fleetops", "name": "kubeproxy_free"}


def test_the_version_of_this_collection():
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version())
    assert LookupModule().run([]) == [version()]


def test_an_installed_collection_has_a_manifest_that_counts_before_a_galaxy_file(tmp_path):
    assert version(tmp_path) == ""
    (tmp_path / "galaxy.yml").write_text(json.dumps({**OURS, "version": "1.2.3"}))
    assert version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"collection_info": {**OURS, "version": "4.5.6"}}))
    assert version(tmp_path) == "4.5.6"
    assert LookupModule().run([str(tmp_path)]) == ["4.5.6"]


def test_another_collection_has_no_version_of_ours(tmp_path):
    (tmp_path / "galaxy.yml").write_text(json.dumps({**OURS, "name": "other", "version": "1.2.3"}))
    assert version(tmp_path) == ""

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.lookup import version


@pytest.fixture
def collection(tmp_path, monkeypatch):
    monkeypatch.setattr(version, "COLLECTION", tmp_path)
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n")
    return tmp_path


def test_a_checkout_has_the_version_that_it_would_be_built_with(collection):
    assert version.LookupModule().run([]) == ["1.2.3"]


def test_an_installed_collection_has_that_of_its_manifest(collection):
    (collection / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": "1.2.4"}}))
    assert version.LookupModule().run([]) == ["1.2.4"]

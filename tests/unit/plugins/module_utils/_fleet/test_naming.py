# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.naming import file_name
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.files import RunFiles


@pytest.mark.parametrize("cluster", ["prod-eu-1", "prod_eu.1", "7", "c" * 56])
def test_the_name_of_a_cluster_is_kept(cluster):
    assert file_name(cluster) == cluster


@pytest.mark.parametrize(("cluster", "readable"), [
    ("prod (eu)", "prod_eu-"), ("site/prod", "site_prod-"), ("-prod-", "prod-"), ("..", ""), ("c" * 57, "c" * 47 + "-"), ("東京", "")])
def test_any_other_becomes_one_that_files_and_probers_may_have(cluster, readable):
    found = file_name(cluster)
    assert found.startswith(readable) and len(found) == len(readable) + 8
    for name in (found, f"verify-{found}"):
        assert RunFiles("/nowhere", name).folder == f"/nowhere/{name}"


def test_two_that_read_the_same_have_names_of_their_own():
    assert len({file_name(name) for name in ("prod/eu", "prod eu", "prod_eu", "c" * 60, "c" * 61)}) == 5

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums and order of what connections saw."""

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import Traffic
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.series import SERIES_COLUMNS


def read(*paths):
    return Traffic.read(Reader({"paths": [{"name": "one", **path} for path in paths], "series_columns": list(SERIES_COLUMNS)}, "traffic"))


def test_counts_and_order():
    traffic = read({"ok": 5, "service": "quiet"}, {"ok": 3, "refused": 1, "service": "worse"}, {"ok": 8, "slow": 2},
                   {"ok": 4, "timed_out": 2, "service": "worst"})
    assert (traffic.requests, traffic.failed, traffic.counts["slow"], traffic.share_slow) == (23, 3, 2, pytest.approx(10.0))
    assert [path.service for path in traffic.worst_first()] == ["worst", "worse", ""]


def test_paths_that_never_answered_come_last_and_are_counted_by_place():
    traffic = read({"timed_out": 90, "from": "outside"}, {"timed_out": 90, "from": "outside"}, {"ok": 8, "refused": 1, "from": "w1"},
                   {"refused": 7, "from": "w2"}, {"from": "w3"})  # fmt: skip
    assert [path.origin for path in traffic.worst_first()] == ["w1", "outside", "outside", "w2"]
    assert traffic.unanswered == {"outside": 2, "w2": 1}


def test_no_answer_at_all_is_no_division_by_zero():
    assert read({"refused": 5}).share_slow == 0.0

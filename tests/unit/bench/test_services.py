# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from bench.services.__main__ import judgement


def row(before, after, apart, test="request"):
    figure = {"before": before, "after": after, "ratio": round(after / before, 2), "apart": apart}
    return {"services": 10, "test": test, "way": "x", "node": "n1", "p50_ms": figure}


def test_the_page_counts_what_is_really_faster_and_what_is_slower():
    rows = [row(1.0, 0.5, True), row(1.0, 0.8, False), row(1.0, 3.0, True), {**row(1, 1, False), "p50_ms": None}, row(2.0, 1.0, True, "netperf TCP_RR")]
    assert judgement({"compared": rows}).splitlines() == [
        "- netperf TCP_RR: of 1 medians 1 are lower after the migration and 0 higher, with ranges that do not meet; "
        "after to before is 0.5 to 0.5, in the middle 0.5.",
        "- request: of 3 medians 1 are lower after the migration and 1 higher, with ranges that do not meet; after to before is 0.5 to 3.0, in the middle 0.8.",
    ]

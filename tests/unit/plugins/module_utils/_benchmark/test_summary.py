# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import summary

SETTINGS = {
    "cluster": "a", "served_by": "cilium", "nodes": ["n1"], "services": [10], "rounds": 3, "requests": 10, "seconds": 1, "replicas": 3, "image": "x",
    "netperf_image": "", "outside_host": "", "kubernetes": "v1.34.4", "cilium": "1.19.1", "kernels": ["6.1"], "encryption": "none", "existing_services": 100,
}  # fmt: skip
WAY = "pod to ClusterIP"


def entry(samples=(), failed=0, way=WAY, node="n1", **more):
    return {"node": node, "way": way, "test": "request", "requests": len(samples) + failed, "failed": failed, "samples_us": sorted(samples), **more}


def measured(*rounds, services=10, **more):
    """Each round's samples in microseconds."""
    return [{"services": services, "round": number, "measured": [entry(samples, **more)]} for number, samples in enumerate(rounds)]


def result(*rounds, **changes):
    return {"settings": {**SETTINGS, **changes}, "rows": summary.rows(measured(*rounds))}


def test_a_row_has_mean_median_p99_and_rate_of_the_rounds_and_their_range():
    (row,) = summary.rows(measured([1000, 2000, 6000], [1000] * 3, [4000] * 3))
    assert row["mean_ms"] == {"median": 3.0, "least": 1.0, "most": 4.0} and row["p50_ms"] == {"median": 2.0, "least": 1.0, "most": 4.0}
    assert row["p99_ms"]["median"] == 4.0 and row["p99_ms"]["most"] == 6.0 and row["rate"]["most"] == 1000.0 and row["rate"]["least"] == 250.0
    assert (row["rounds"], row["requests"], row["failed"]) == (3, 9, 0)


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (99, 99), (100, 100)])
def test_percentiles_are_samples_and_no_buckets(percent, expected):
    assert summary.percentile(list(range(1, 101)), percent) == expected


def test_values_that_lie_closer_than_five_percent_are_told_apart():
    rows = summary.rows(measured([1000], [1010], [1020]))
    assert rows[0]["p50_ms"] == {"median": 1.01, "least": 1.0, "most": 1.02}


def test_ways_nodes_and_numbers_of_services_are_kept_apart():
    found = summary.rows(measured([1], services=1000) + measured([1]) + measured([1], way="pod to own NodePort") + measured([1], node="n2"))
    assert [(row["services"], row["way"], row["node"]) for row in found] == [
        (10, WAY, "n1"), (10, WAY, "n2"), (10, "pod to own NodePort", "n1"), (1000, WAY, "n1")]  # fmt: skip


def test_several_servers_of_one_round_are_one_round():
    both = [{"services": 10, "round": 0, "measured": [entry([1000]), entry([3000])]}]
    (row,) = summary.rows(both)
    assert row["rounds"] == 1 and row["mean_ms"]["median"] == 2.0
    figures = {"test": "netperf TCP_RR", "way": WAY, "node": "n1", "requests": 5, "failed": 0, "mean_ms": 0.1, "p50_ms": 0.1, "p99_ms": 0.2, "rate": 100.0}
    (row,) = summary.rows([{"services": 10, "round": 0, "measured": [figures, {**figures, "mean_ms": 0.3, "rate": 300.0}]}])
    assert row["mean_ms"]["median"] == 0.2 and row["rate"]["median"] == 200.0 and row["requests"] == 10


def test_a_netperf_that_failed_is_told_with_its_words_and_is_part_of_no_figure():
    good = {"test": "netperf TCP_CRR", "way": WAY, "node": "n1", "requests": 5, "failed": 0, "mean_ms": 0.1, "p50_ms": 0.1, "p99_ms": 0.2, "rate": 100.0}
    bad = {"test": "netperf TCP_CRR", "way": WAY, "node": "n1", "requests": 1, "failed": 1, "error": "netperf ended with 1"}
    rounds = [{"services": 10, "round": number, "measured": found} for number, found in enumerate(([good, bad], [bad]))]
    made = {"settings": SETTINGS, "rows": summary.rows(rounds)}
    (row,) = made["rows"]
    assert row["mean_ms"] == {"median": 0.1, "least": 0.1, "most": 0.1} and (row["failed"], row["requests"], row["rounds"]) == (2, 7, 2)
    page = summary.lines(made)
    assert "| 2 of 7 |" in page and f"\n- 10, {WAY}, n1, netperf TCP_CRR: `netperf ended with 1`\n" in page
    assert "Failed" not in summary.lines(result([1]))


@pytest.mark.parametrize(("now", "apart"), [((500, 600, 700), True), ((900, 1050, 1300), False), ((1200, 1300, 1400), False), ((2000, 2100, 2200), True)])
def test_a_difference_counts_where_ranges_do_not_meet(now, apart):
    judged = summary.compared(result([1000], [1100], [1200]), result(*([one] for one in now)))[0]["p50_ms"]
    assert judged["apart"] is apart and judged["ratio"] == round(now[1] / 1100, 2)


def test_with_two_rounds_nothing_is_called_a_difference():
    assert not summary.compared(result([1000], [1001]), result([9000], [9001]))[0]["p50_ms"]["apart"]
    page = summary.lines({**result([1], rounds=2), "compared": summary.compared(result([1]), result([1])), "compared_with": "x"})
    assert "no difference is called one" in page


@pytest.mark.parametrize("name", summary.SETTINGS)
def test_other_settings_are_not_comparable(name):
    (said,) = summary.differences(SETTINGS, {**SETTINGS, name: "other"})
    assert said == f"{name}: found {SETTINGS[name]!r} before and 'other' now"


@pytest.mark.parametrize(("before", "now", "fine"), [(100, 110, True), (100, 111, False), (100, 89, False), (3, 8, True), (3, 9, False)])
def test_services_of_users_may_come_and_go_within_a_tenth(before, now, fine):
    found = summary.differences({**SETTINGS, "existing_services": before}, {**SETTINGS, "existing_services": now})
    assert (found == []) is fine
    assert summary.differences({**SETTINGS, "served_by": "kube-proxy", "services": [5]}, SETTINGS) == []


def test_a_result_of_an_older_version_is_told_and_no_error():
    assert "kubernetes: found None before and 'v1.34.4' now" in summary.differences({"cluster": "a"}, SETTINGS)


def test_the_page_has_every_row_and_says_what_chance_does():
    made = result([1000], [2000], [3000])
    made.update(compared=summary.compared(result([5000], [6000], [7000], served_by="kube-proxy"), made), compared_with="kube-proxy")
    page = summary.lines(made)
    assert "| 10 | pod to ClusterIP | n1 | request | 2 (1 to 3) | 2 (1 to 3) | 2 (1 to 3) | 500 (333 to 1,000) | 0 of 3 |" in page
    assert "**6 to 2, x 0.33**" in page and "chance alone does that to one figure in 10." in page and "netperf" not in page
    assert "`netperf`: 1 s" in summary.lines(result([1], netperf_image="image"))


def test_what_never_answered_is_said_and_not_counted():
    silent = {"settings": SETTINGS, "rows": summary.rows(measured([], [], failed=10))}
    assert silent["rows"][0]["p50_ms"] is None and "| no answer | no answer | no answer | no answer | 20 of 20 |" in summary.lines(silent)
    assert summary.compared(result([1000]), silent)[0]["p50_ms"] is None
    assert summary.rows(measured([2000], []))[0]["p50_ms"]["median"] == 2.0


def test_a_new_service_has_times_and_no_rate():
    made = {"settings": SETTINGS, "rows": summary.rows(measured([5000], way=summary.NEW_SERVICE))}
    assert made["rows"][0]["rate"] is None and made["rows"][0]["p50_ms"]["median"] == 5.0
    assert "| 5 (5 to 5) | - | 0 of 1 |" in summary.lines(made)
    made.update(compared=summary.compared(made, made), compared_with="x")
    assert summary.lines(made).rstrip().endswith("| - |")

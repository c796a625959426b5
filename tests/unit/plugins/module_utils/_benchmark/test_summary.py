# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import summary

SETTINGS = {"cluster": "a", "served_by": "cilium", "nodes": ["n1"], "rounds": 3, "requests": 10, "replicas": 3, "image": "x"}


def measured(*medians, services=10, name="pod to ns/echo:http ClusterIP 10.96.0.7:80", failed=0):
    return [
        {"services": services, "targets": [{"name": name, "requests": 10, "failed": failed, "latency": {"p50_ms": value, "p99_ms": value and 2 * value}}]}
        for value in medians
    ]


def result(*medians, **changes):
    return {"settings": {**SETTINGS, **changes}, "rows": summary.rows(measured(*medians))}


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("host to ns/echo:http ClusterIP 10.96.0.7:80", "host to ClusterIP"),
        ("host to ns/echo:http NodePort 127.0.0.1:30080", "host to NodePort on 127.0.0.1"),
        ("pod to ns/echo:http NodePort [fd00::1]:30080", "pod to NodePort"),
        ("pod to pods of ns/echo:http endpoint 10.244.0.9:8080", "pod to pod"),
        ("new Service to NodePort of worker1", "new Service until its NodePort answers"),
        ("outside to ns/echo:http NodePort 192.0.2.1:30080", None),
        ("host to ns/echo:http external IP 192.0.2.1:80", None),
    ],
)
def test_ways(name, way):
    assert summary.path(name) == way


def test_a_row_has_the_median_of_the_rounds_and_their_range():
    row = summary.rows(measured(3.0, 1.0, 2.0, failed=1))[0]
    assert row["p50_ms"] == {"median": 2.0, "least": 1.0, "most": 3.0} and row["p99_ms"]["median"] == 4.0
    assert (row["rounds"], row["requests"], row["failed"]) == (3, 30, 3)


def test_numbers_of_services_are_kept_apart():
    assert [row["services"] for row in summary.rows(measured(1.0, services=1000) + measured(1.0))] == [10, 1000]


@pytest.mark.parametrize(("now", "apart"), [((0.5, 0.6, 0.7), True), ((0.9, 1.05, 1.3), False), ((2.0, 2.1, 2.2), True)])
def test_a_difference_counts_where_ranges_do_not_meet(now, apart):
    judged = summary.compared(result(1.0, 1.1, 1.2), result(*now))[0]["p50_ms"]
    assert judged["apart"] is apart and judged["ratio"] == round(sorted(now)[1] / 1.1, 2)


@pytest.mark.parametrize("name", summary.SETTINGS)
def test_other_settings_are_not_compared(name):
    with pytest.raises(ValueError, match=name):
        summary.compared(result(1.0), result(1.0, **{name: "other"}))


def test_the_page_has_every_row():
    made = result(1.0, 2.0, 3.0)
    made.update(compared=summary.compared(result(5.0, 6.0, 7.0, served_by="kube-proxy"), made), compared_with="kube-proxy")
    page = summary.lines(made)
    assert "| 10 | pod to ClusterIP | 2.0 (1.0 to 3.0) |" in page and "| 10 | pod to ClusterIP | 6.0 to 2.0, x 0.33, apart |" in page


def test_fillers_are_as_many_as_wanted_and_the_same_ones_again():
    assert [one["metadata"]["name"] for one in summary.fillers(3, "ns", {"a": "b"})] == ["filler-0", "filler-1", "filler-2"]


def test_what_never_answered_is_said_and_not_counted():
    silent = {"settings": SETTINGS, "rows": summary.rows(measured(None, None, failed=10))}
    assert silent["rows"][0]["p50_ms"] is None and "| no answer | no answer | 20 of 20 |" in summary.lines({**silent, "settings": SETTINGS})
    assert summary.compared(result(1.0), silent)[0]["p50_ms"] is None
    assert summary.rows(measured(2.0, None))[0]["p50_ms"]["median"] == 2.0

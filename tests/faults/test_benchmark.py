# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark with kube-proxy and with its replacement, on one cluster, and the comparison. What it shows is not judged here."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
SHORT = {"benchmark_services": [10, 300], "benchmark_rounds": 3, "benchmark_requests": 60, "benchmark_new_services": 3}
WAYS = {
    "host to ClusterIP", "host to NodePort", "host to NodePort on 127.0.0.1", "host to pod", "pod to ClusterIP", "pod to NodePort", "pod to pod",
    "new Service until its NodePort answers",
}  # fmt: skip


def measured(lab, **more):
    """The newest result, and its picture."""
    status, output = lab.run("benchmark", "-e", json.dumps({**SHORT, **more}))
    assert status == 0, output[-4000:]
    assert "changed=0" in output.split("PLAY RECAP")[1]
    newest = max((lab.reports / "fault").glob("benchmark-*.json"))
    return json.loads(newest.read_text(encoding="utf-8")), ET.parse(newest.with_suffix(".svg")).getroot(), newest


def test_before_and_after(untouched):
    lab = untouched
    before, _picture, path = measured(lab)
    assert before["settings"]["served_by"] == "kube-proxy"
    assert {(row["services"], row["path"]) for row in before["rows"]} >= {(count, way) for count in (10, 300) for way in WAYS}
    assert sum(row["failed"] for row in before["rows"]) == 0
    assert lab.run("migrate")[0] == 0
    after, picture, _path = measured(lab, benchmark_compare=str(path))
    assert after["settings"]["served_by"] == "cilium" and after["compared_with"] == "kube-proxy"
    assert len(after["compared"]) == len(after["rows"]) and all(row["p50_ms"]["ratio"] > 0 for row in after["compared"])
    text = "".join(picture.itertext())
    assert "kube-proxy, before" in text and all(way in text for way in WAYS)
    assert "kubeproxy-free-verify" not in lab.kubectl("get", "namespaces", "-o", "name")
    other = lab.run("benchmark", "-e", json.dumps({**SHORT, "benchmark_rounds": 1, "benchmark_services": [10], "benchmark_compare": str(path)}))
    assert other[0] != 0 and "rounds: found 3 before and 1 now" in other[1]

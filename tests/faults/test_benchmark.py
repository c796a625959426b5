# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark with kube-proxy and with its replacement, on one cluster, and the comparison. What it shows is not judged here."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from lab import netperf
from lab.settings import load

pytestmark = [pytest.mark.lab, pytest.mark.slow]
SHORT = {"benchmark_services": [10, 300], "benchmark_rounds": 3, "benchmark_requests": 60, "benchmark_new_services": 3, "benchmark_outside_host": "localhost"}
OWN = {
    "host to ClusterIP", "host to own NodePort", "host to another node's NodePort", "host to NodePort on 127.0.0.1", "host to pod", "pod to ClusterIP",
    "pod to own NodePort", "pod to another node's NodePort", "pod to pod", "outside to NodePort",
}  # fmt: skip
NETPERF = {"host to ClusterIP", "pod to ClusterIP", "pod to pod", "outside to NodePort"}
ROWS = {
    *(("request over a new connection", way) for way in OWN), ("seen from the controller", "new Service until its NodePort answers"),
    *((f"netperf {test}", way) for test in ("TCP_RR", "TCP_CRR") for way in NETPERF),
}  # fmt: skip


@pytest.fixture
def tools(lab):
    """netperf as an image on the nodes and as a program outside."""
    settings = load({key: value for key, value in lab.environment.items() if key.startswith("KPR_LAB_")})
    return {"benchmark_netperf_image": netperf.put_on_nodes(settings), "benchmark_netperf_program": str(netperf.program(settings))}


def results(lab):
    return {path for path in (lab.reports / "fault").glob("benchmark-*.json") if not path.stem.endswith("-samples")}


def measured(lab, **more):
    """The newest result, and its picture."""
    status, output = lab.run("benchmark", "-e", json.dumps({**SHORT, **more}))
    assert status == 0, output[-4000:]
    assert output.split("PLAY RECAP")[1].count("changed=0") == len(lab.hosts)
    newest = max(results(lab))
    samples = json.loads(newest.with_name(f"{newest.stem}-samples.json").read_text(encoding="utf-8"))
    assert {len(entry["samples_us"]) for one in samples["measured"] for entry in one["measured"] if "samples_us" in entry} == {60, 3}
    return json.loads(newest.read_text(encoding="utf-8")), ET.parse(newest.with_suffix(".svg")).getroot(), newest


def test_before_and_after(untouched, tools):
    lab = untouched
    before, _picture, path = measured(lab, **tools)
    assert before["settings"]["served_by"] == "kube-proxy" and before["settings"]["cilium"] == lab.variables["kpr_cilium_version"]
    nodes = before["settings"]["nodes"]
    assert {(row["services"], row["test"], row["way"], row["node"]) for row in before["rows"]} == {
        (count, *row, node) for count in (10, 300) for row in ROWS for node in nodes}  # fmt: skip
    assert sum(row["failed"] for row in before["rows"]) == 0 and "demo" not in json.dumps(before["rows"])
    assert all(row["mean_ms"]["median"] > 0 and (row["rate"] is None) == row["way"].startswith("new") for row in before["rows"])
    assert lab.run("migrate")[0] == 0
    after, picture, _path = measured(lab, benchmark_compare=str(path), **tools)
    assert after["settings"]["served_by"] == "cilium" and after["compared_with"] == "kube-proxy"
    assert len(after["compared"]) == len(after["rows"]) and all(row["p50_ms"]["ratio"] > 0 for row in after["compared"])
    text = "".join(picture.itertext())
    assert "kube-proxy, before" in text and all(way in text for way in OWN)
    refused(lab, "rounds: found 3 before and 1 now", benchmark_rounds=1, benchmark_compare=str(path), **tools)


def refused(lab, why, **more):
    """It says why, has created nothing and kept nothing, and lets go of the cluster."""
    there = results(lab)
    status, output = lab.run("benchmark", "-e", json.dumps({**SHORT, **more}))
    assert status != 0 and why in " ".join(output.split()) and "Create the objects" not in output
    assert results(lab) == there
    assert "kubeproxy-free-verify" not in lab.kubectl("get", "namespaces", "-o", "name")
    assert "kubeproxy-free" not in lab.kubectl("-n", "kube-system", "get", "leases", "-o", "name")


def test_what_cannot_be_measured_is_refused_before_anything_is_created(lab):
    refused(lab, "benchmark_services is [300, 10]; expected", benchmark_services=[300, 10])
    refused(lab, "Cilium's Service map has 65536 entries (bpf-lb-map-max)", benchmark_services=[20000])
    refused(lab, "network 10.127.0.0/16 has 65536 addresses", benchmark_services=[64000])
    refused(lab, "found no way to the host outside, nowhere", benchmark_outside_host="nowhere")


def test_an_image_without_netperf_is_named(lab):
    status, output = lab.run("benchmark", "-e", json.dumps({**SHORT, "benchmark_netperf_image": "lab.local/none:1"}))
    said = " ".join(output.split())
    assert status != 0 and "does not get its image lab.local/none:1 (ErrImageNeverPull" in said and "benchmark_netperf_image" in said
    assert "Create servers and clients" in output and "No Service was created" in said
    assert "put | Create the objects" not in output and "netperf_services | Create them" not in output
    assert "kubeproxy-free-verify" not in lab.kubectl("get", "namespaces", "-o", "name")

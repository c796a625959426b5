# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import junit

EVEN = {"plausible": True, "why": "", "clients": {"node n1": {"plausible": True, "why": ""}}}
PATH = {"name": "outside to x", "requests": 3, "ok": 3, "errors": {}}


def report(**changes):
    nodes = {"n1": {"targets": [{"name": "host to <x>", "findings": []}]}}
    return {"cluster": "a&b", "nodes": nodes, "errors": {}, "spread": EVEN, "outside": {}, "outside_wanted": bool(changes.get("outside")), "closed": {},
            "closed_fault": "", "skipped": [], "outside_host": "far", **changes}  # fmt: skip


def suites(**changes):
    """{suite: (tests, failures, errors, skipped, {case: [(kind, message)]})}."""
    root = ET.fromstring(junit.document(report(**changes)).encode())
    return {
        suite.get("name"): (*(int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")),
                            {case.get("name"): [(one.tag, one.get("message")) for one in case] for case in suite})
        for suite in root
    }  # fmt: skip


def test_all_good():
    assert suites() == {
        "n1": (2, 0, 0, 0, {"the node takes part": [], "host to <x>": []}),
        "load spread": (2, 0, 0, 0, {"load is spread over the backends": [], "load is spread over the backends: node n1": []}),
    }


def test_a_finding_is_a_failure_and_a_node_that_was_not_probed_an_error():
    found = suites(nodes={"n1": {"targets": [{"name": "x", "findings": ["it is broken"]}]}, "n2": {}, "n3": {"msg": "unreachable"}})
    assert found["n1"] == (2, 1, 0, 0, {"the node takes part": [], "x": [("failure", "it is broken")]})
    assert found["n2"][2] == found["n3"][2] == 1 and found["n3"][4]["the node takes part"] == [("error", "unreachable")]


def test_a_node_without_a_client_pod_has_its_error_beside_what_was_probed():
    assert suites(errors={"n1": ["no client pod"]})["n1"] == (2, 0, 1, 0, {"the node takes part": [("error", "no client pod")], "host to <x>": []})


def test_what_was_left_out_is_skipped_with_the_reason():
    assert suites(skipped=[{"service": "hostPort", "why": "refused"}])["not probed"] == (1, 0, 0, 1, {"hostPort": [("skipped", "refused")]})


def test_uneven_load_is_a_failure_of_its_client():
    uneven = {"plausible": False, "why": "node n1: uneven", "clients": {"node n1": {"plausible": False, "why": "uneven"}, "node n2": EVEN}}
    assert suites(spread=uneven)["load spread"][:3] == (3, 2, 0)


def test_outside_each_path_is_a_case():
    bad = {**PATH, "name": "outside to y", "ok": 1, "errors": {"connection refused": 2}}
    closed = {"targets": [{"name": "outside to z", "findings": ["answered"]}]}
    tests, failures, _errors, _skipped, cases = suites(outside={"paths": [PATH, bad]}, closed=closed)["outside"]
    assert (tests, failures) == (3, 2) and cases["outside to x"] == [] and "2 x connection refused" in cases["outside to y"][0][1]
    assert suites(outside={"name": "x", "paths": []})["outside"][:2] == (1, 1)  # the prober has seen nothing


def test_outside_what_nobody_asked_is_a_failure_and_what_nobody_wanted_is_not_told():
    tests, failures, _errors, _skipped, cases = suites(outside_wanted=True, closed={"unreachable": True}, closed_fault="nobody asked")["outside"]
    assert (tests, failures) == (2, 2) and cases["no answers to far"] == [("failure", "nobody asked")]
    assert cases["probes from far"][0][1].startswith("Nothing was probed from far; expected the result of traffic_probe.")
    assert "outside" not in suites(closed={"skipped": True})

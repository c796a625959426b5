# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of the role verify as JUnit, which CI systems read. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any, Iterable, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.verdict import traffic_faults


class Case(NamedTuple):
    """One test case: its class and name, and what is to be told of it, by kind: failure, error, skipped."""

    place: str
    name: str
    told: tuple[tuple[str, str], ...] = ()


def document(report: dict[str, Any]) -> str:
    """report: cluster, nodes (by name what service_probe returned), errors (by name), spread, outside, closed, skipped and outside_host.

    outside_wanted: whether paths were to be probed from outside; closed_fault: why nobody has asked there what must not answer.
    """
    root = ET.Element("testsuites", name=f"verify {report['cluster']}")
    place = report["cluster"]
    for node, result in report["nodes"].items():
        _suite(root, node, _node(f"{place}.{node}", result, list(report["errors"].get(node) or [])))
    _suite(root, "load spread", _spread(place, report["spread"]))
    outside = [*_outside(place, report), *_closed(place, report)]
    if outside:
        _suite(root, "outside", outside)
    if report["skipped"]:
        _suite(root, "not probed", [Case(place, entry["service"], (("skipped", entry["why"]),)) for entry in report["skipped"]])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _node(place: str, result: dict[str, Any], errors: list[str]) -> list[Case]:
    cases = _targets(place, result.get("targets") or [])
    if not cases and not errors:
        errors = [result.get("msg") or "the node was not probed"]
    return [Case(place, "the node takes part", tuple(("error", text) for text in errors)), *cases]


def _targets(place: str, targets: Iterable[dict[str, Any]]) -> list[Case]:
    return [Case(place, target["name"], tuple(("failure", finding) for finding in target["findings"])) for target in targets]


def _spread(place: str, spread: dict[str, Any]) -> list[Case]:
    told = (("failure", spread["why"]),) if not spread["plausible"] else ()
    clients = [
        Case(place, f"load is spread over the backends: {client}", () if one["plausible"] else (("failure", one["why"]),))
        for client, one in spread["clients"].items()
    ]
    return [Case(place, "load is spread over the backends", told), *clients]


def _outside(place: str, report: dict[str, Any]) -> list[Case]:
    """A case for each path, or one that says that nothing was probed."""
    host = report["outside_host"]
    paths = report["outside"].get("paths") or []
    if report["outside_wanted"] and not paths:
        return [Case(place, f"probes from {host}", tuple(("failure", fault) for fault in traffic_faults({}, host)))]
    return [Case(place, path["name"], tuple(("failure", fault) for fault in traffic_faults({"paths": [path]}, host))) for path in paths]


def _closed(place: str, report: dict[str, Any]) -> list[Case]:
    """The same for what must not answer there."""
    if report["closed_fault"]:
        return [Case(place, f"no answers to {report['outside_host']}", (("failure", report["closed_fault"]),))]
    return _targets(place, report["closed"].get("targets") or [])


def _suite(root: ET.Element, name: str, cases: list[Case]) -> None:
    kinds = [kind for case in cases for kind in {kind for kind, _text in case.told}]
    numbers = {"failures": kinds.count("failure"), "errors": kinds.count("error"), "skipped": kinds.count("skipped")}
    suite = ET.SubElement(root, "testsuite", name=name, tests=str(len(cases)), **{key: str(value) for key, value in numbers.items()})
    for case in cases:
        element = ET.SubElement(suite, "testcase", classname=case.place, name=case.name)
        for kind, text in case.told:
            ET.SubElement(element, kind, message=text)

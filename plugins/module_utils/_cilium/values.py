# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging Helm values for a version of Cilium's chart, before Helm sees them. Pure.

Helm takes any key without a word, and the agent skips what it does not know: what is judged here nobody else says.
"""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import chart_keys, compat, keys, leaves, value_rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.value_checks import CHECKS
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.wanted import Wanted, finding, shown

# What a caller may tell of the cluster; everything is optional, and a rule whose fact is missing does not judge.
FACTS = frozenset({"control_planes", "kubernetes_version", "service_node_port_range", "service_mesh", "kube_proxy_serves"})
EFFECTS = {
    value_rules.IGNORED: ("warning", "the chart of this version takes it and does nothing with it"),
    value_rules.REFUSED: ("blocker", "the chart of this version refuses it"),
    value_rules.DEPRECATED: ("note", "the chart of this version still takes it, a later one will not"),
}


def check_values(values, chart_version, facts=None):
    """Findings for the values a user wants: name, severity, key, found, why and remedy. Raises ValueError for what cannot be judged at all."""
    minor = compat.minor(chart_version)
    if minor is None:
        raise ValueError(f"chart_version is '{chart_version}'; expected a version such as 1.19.1")
    strange = sorted(set(facts or {}) - FACTS)
    if strange:
        raise ValueError(f"facts has {', '.join(strange)}; known are {', '.join(sorted(FACTS))}")
    if minor not in compat.MINORS:
        return [
            finding(
                "chart-version",
                "warning",
                "chart_version",
                str(chart_version),
                "this collection knows nothing of that chart, so its values are not judged",
                f"choose a Cilium of {compat.dotted(compat.FIRST)} to {compat.dotted(compat.LAST)}, or read its values.yaml yourself",
            )
        ]
    wanted = Wanted(values, minor[1], dict(facts or {}), compat.release(chart_version))
    dead = list(_dead(wanted))
    judged = {one["key"] for one in dead}
    found = dead + [one for one in _unknown(wanted) if not any(one["key"] == key or one["key"].startswith(f"{key}.") for key in judged)]
    return found + [one for check in CHECKS for one in check(wanted)]


def _dead(wanted):
    seen = set()
    for rule in value_rules.DEAD:
        if wanted.minor >= rule.since and wanted.given(rule.path) and rule.path not in seen:
            seen.add(rule.path)
            severity, why = EFFECTS[rule.effect]
            yield finding(f"value-{rule.effect}", severity, rule.path, _shown(wanted, rule.path), f"{why} (since 1.{rule.since})", f"use now: {rule.use}")


def _shown(wanted, path):
    return shown(leaves.masked(wanted.get(path), path.split(".")))


def _unknown(wanted):
    for path, (why, minor) in keys.unknown(wanted.values, wanted.minor):
        value = _shown(wanted, path)
        if why == "gone":
            yield finding(
                "value-gone",
                "warning",
                path,
                value,
                f"the chart knew it up to 1.{minor} and ignores it now",
                "remove it, or look for its successor in values.yaml",
            )
        elif why == "later":
            yield finding(
                "value-later", "warning", path, value, f"the chart knows it from 1.{minor} on and ignores it before", f"remove it, or go to Cilium 1.{minor}"
            )
        else:
            near = keys.alike(path, wanted.minor)
            yield finding(
                "value-unknown",
                "warning",
                path,
                value,
                f"no chart from 1.{chart_keys.FIRST} to 1.{chart_keys.LAST} knows it, and it is ignored",
                f"did you mean {near}?" if near else "remove it",
            )

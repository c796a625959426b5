# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section on what the plan has said. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.groups import groups
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Content, Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import SEVERITIES, Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.tables import heads, table
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import plural

# So many rows are open from the start.
OPEN = 20
# So many objects are named in a row; more have to be opened.
OBJECTS = 5
KINDS = {"blocker": "bad", "warning": "warn"}


def section(report: Report) -> Optional[Markup]:
    if not report.findings:
        return None
    rows = [_row(one) for one in groups(map(dataclasses.asdict, report.findings))]
    counts = ", ".join(plural(sum(one.severity == severity for one in report.findings), severity) for severity in SEVERITIES)
    content = table(heads("Severity", "Object", "Found", "Why it matters", "What to do"), rows)
    opened = tag("details", tag("summary", counts), content, open=len(rows) <= OPEN)
    return tag("section", tag("h2", "What the plan said"), opened, class_="findings")


def _row(one: dict[str, Any]) -> Markup:
    word = one["severity"] + (" (accepted)" if one["accepted"] else "")
    severity = tag("td", tag("b", word, class_=KINDS.get(one["severity"])), tag("br"), tag("code", one["id"]))
    return tag("tr", severity, tag("td", _objects(one)), [tag("td", one[key]) for key in ("found", "why", "remedy")])


def _objects(one: dict[str, Any]) -> Content:
    if len(one["objects"]) <= OBJECTS:
        return one["object"]
    return tag("details", tag("summary", one["object"]), ", ".join(one["objects"]))

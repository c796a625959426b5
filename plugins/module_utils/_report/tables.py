# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the page. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Content, Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import number


def scroll(content: Content) -> Markup:
    """Wide or long content moves within its own box, not the whole page."""
    return tag("div", content, class_="scroll")


def table(heads: list[Markup], rows: list[Markup]) -> Markup:
    return scroll(tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows)))


def heads(*names: str, numbers: bool = False) -> list[Markup]:
    return [tag("th", name, class_="n" if numbers else None) for name in names]


def cell(value: Optional[float]) -> Markup:
    return tag("td", number(value), class_="n" if value else "n zero")


def texts(*values: str) -> list[Markup]:
    return [tag("td", value, class_="name") for value in values]

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building HTML and SVG so that nothing gets in unescaped. Pure."""

from __future__ import annotations

import html
from typing import Any, Iterable, Union

VOID = ("meta", "input", "br", "img")


class Markup(str):
    """Text that is markup already; any other text is escaped."""

    __slots__ = ()


Content = Union[str, Iterable[Any], None]


def render(content: Content) -> Markup:
    """Markup as it is, other text escaped, lists one after the other, None as nothing."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(html.escape(content))
    return Markup("".join(render(part) for part in content))


def tag(element: str, /, *content: Content, **attributes: Any) -> Markup:
    """class_ stands for class, data_node for data-node. An attribute that is True stands alone, one that is None or False is left out."""
    text = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        text += f" {key}" if value is True else f' {key}="{html.escape(_value(value))}"'
    if element in VOID:
        return Markup(f"<{element}{text}>")
    return Markup(f"<{element}{text}>{render(content)}</{element}>")


def _value(value: Any) -> str:
    """Coordinates need no more than a tenth of a pixel."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

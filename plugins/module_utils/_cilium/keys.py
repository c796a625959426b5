# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the table of chart keys. Pure."""

from __future__ import annotations

import difflib
import functools

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import chart_keys

ANYTHING = "*"


@functools.lru_cache(maxsize=1)
def table():
    """dotted path -> (first minor, last minor); a path that ends in .* says that anything may be below."""
    found = {}
    lines = chart_keys.TABLE.replace("\n  ", " ").split("\n")
    for line in filter(None, lines):
        top, *below = line.split()
        name, first, last = _span(top, chart_keys.FIRST, chart_keys.LAST)
        found[name] = (first, last)
        for word in below:
            child, since, until = _span(word, first, last)
            found[f"{name}.{child}"] = (since, until)
    return found


def _span(word, first, last):
    name, colon, span = word.partition(":")
    since, dash, until = span.partition("-")
    return name, int(since or first), int(until or last)


def since(path):
    """The minor from which on the chart knows a key."""
    return table()[path][0]


def unknown(values, minor):
    """(path, why) of each key of the first two levels that the chart of this minor does not know; why is gone, later or never."""
    for top, below in values.items():
        if top == "global":  # Helm's own
            continue
        status = _status(str(top), minor)
        if status:
            yield str(top), status
        elif isinstance(below, dict) and f"{top}.{ANYTHING}" not in table():
            for child in below:
                status = _status(f"{top}.{child}", minor)
                if status:
                    yield f"{top}.{child}", status


def _status(path, minor):
    span = table().get(path)
    if span is None:
        return ("never", None)
    if minor > span[1]:
        return ("gone", span[1])
    return ("later", span[0]) if minor < span[0] else None


def alike(path, minor):
    """A key that the chart knows and that looks like this one, or None."""
    known = [name for name, span in table().items() if span[0] <= minor <= span[1] and not name.endswith(ANYTHING)]
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(path.lower(), folded, 1, 0.85)
    return folded[close[0]] if close else None

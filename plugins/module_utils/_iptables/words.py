# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule of iptables-save, cut into its words.

The programs put a word between double quotes when it has a character that is not plain, and a backslash before quotes, apostrophes
and backslashes in it (libxtables: xtables_save_string); a quote may also begin inside a word.
"""

from __future__ import annotations

import re

# What may follow: white space, plain characters, a quoted run, or a fault (the last alternative).
PIECE = re.compile(r'(?P<space>[ \t\n]+)|(?P<plain>[^ \t\n"]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<fault>.)', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Unreadable(ValueError):
    """A line that cannot be cut into words without guessing."""


def split(line: str) -> list[str]:
    """The words of the line. Raises Unreadable."""
    if '"' not in line:
        return line.split()
    words: list[str] = []
    within = False
    for piece in PIECE.finditer(line):
        kind = piece.lastgroup
        if kind == "fault":
            raise Unreadable(f"column {piece.start() + 1}: the quote that begins here does not end")
        if kind == "space":
            within = False
            continue
        text = piece["plain"] if kind == "plain" else ESCAPED.sub(r"\1", piece["quoted"])
        if within:
            words[-1] += text
        else:
            words.append(text)
        within = True
    return words

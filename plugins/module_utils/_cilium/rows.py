# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splitting the text of a status into rows with what is indented below them. Pure."""

from __future__ import annotations

import dataclasses
import re
import textwrap

COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
ROW = re.compile(r"(?P<label>[^\s:][^:]*?)\s*:(?:\s+(?P<value>.*))?$")


@dataclasses.dataclass
class Line:
    """A line without colours, and its number in the captured text."""

    number: int
    text: str

    def unread(self, part=None):
        """The report of a line, or of a part of it, that could not be read."""
        return {"place": f"line {self.number}", "text": self.text if part is None else part}


@dataclasses.dataclass
class Row:
    """A line "Label:   value", and the lines below it that belong to it. Without a label the line is none of the form."""

    line: Line
    label: str | None
    value: str
    below: list


def clean(text):
    """The lines of a text without colours, and without the blanks that all of them begin with."""
    plain = COLOUR.sub("", text).replace("\t", "        ")
    return [Line(number, line.rstrip()) for number, line in enumerate(textwrap.dedent(plain).split("\n"), 1) if line.strip()]


def split(line):
    """(label, value) of a line; the label is None if it has not the form."""
    match = ROW.match(line.text.strip())
    return (match["label"], (match["value"] or "").strip()) if match else (None, "")


def rows(lines):
    """Rows from lines; a first line that is indented starts a row without a label."""
    found = []
    for line in lines:
        if line.text[0].isspace() and found:
            found[-1].below.append(line)
        else:
            found.append(Row(line, *(split(line) if not line.text[0].isspace() else (None, "")), []))
    return found

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, and Ansible's markup as Markdown."""

from __future__ import annotations

import re
from typing import Iterable

MARKUP = re.compile(r"\b([COVEMPI])\(((?:[^()\\]|\\.)*)\)")


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def plain(text: object) -> str:
    """C(x), O(x), V(x) ... as code; a list of sentences as one."""
    words = " ".join(map(str, text)) if isinstance(text, list) else str(text)
    return MARKUP.sub(lambda found: f"`{found[2].split('#')[0].replace(chr(92), '')}`", words)

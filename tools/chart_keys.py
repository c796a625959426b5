# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write plugins/module_utils/_cilium/chart_keys.py from unpacked Cilium charts, the first and the last release of each minor.

    tools/chart_keys.py 1.13=/path/to/chart 1.13=/path/to/another 1.14=/path/to/chart ... > plugins/module_utils/_cilium/chart_keys.py

A chart knows a key if values.yaml has it, also in a comment, or if a template reads it. What templates/validate.yaml alone reads, it refuses.
Keys come and go within a minor; it knows what any of its charts knows, so that no release is said to ignore what it takes.
"""

from __future__ import annotations

import pathlib
import re
import sys
import textwrap

import yaml

READ = re.compile(r"\.Values\.([A-Za-z]\w*)(?:\.([A-Za-z]\w*))?")
LOOKED_UP = re.compile(r"(?:hasKey|get|index|dig)\s+\(?\.Values\.([A-Za-z]\w*)\)?\s+\"(\w+)\"")
COMMENTED = re.compile(r"( *)# ?([a-z]\w*):(?: |$)")
FREE = re.compile(r"(?i).*(selector|affinity|annotations|labels|strategy|resources|securitycontext|tolerations|extra\w+)$")
PLAIN = re.compile(r"( *)([A-Za-z]\w*):")

HEAD = '''# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first two levels of keys that Cilium's chart knows, by minor. Written by tools/chart_keys.py; do not edit.

A line is a key and the keys below it. :A-B are the minors of 1.x that know it, without it all of the table do; * says that anything may be below.
A minor knows what any of its releases does: some keys came or went between two of them.
"""

from __future__ import annotations

'''


def keys(chart):
    """top key -> (anything may be below it, keys below it)."""
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    found = {top: set(value) if isinstance(value, dict) else set() for top, value in values.items()}
    free = {top for top, value in values.items() if not (isinstance(value, dict) and value) or FREE.match(top)}
    top = None
    for line in text.splitlines():
        plain, comment = PLAIN.match(line), COMMENTED.match(line)
        if plain and not plain[1]:
            top = plain[2]
        elif comment and not comment[1]:
            found.setdefault(comment[2], set())
        elif comment and len(comment[1]) == 2 and top:
            found[top].add(comment[2])
    templates = [path for path in chart.rglob("*") if path.is_file() and path.name not in ("validate.yaml", "values.yaml", "README.md", "values.schema.json")
                 and path.suffix != ".gotmpl" and path.name != "values.yaml.tmpl"]
    for path in templates:
        body = path.read_text(encoding="utf-8", errors="replace")
        for first, second in READ.findall(body) + LOOKED_UP.findall(body):
            found.setdefault(first, set()).update({second} - {""})
    return {name: (name in free, set() if FREE.match(name) else below) for name, below in found.items()}


def together(charts):
    """What any of these charts knows, of (minor, chart): minor -> the same."""
    found = {}
    for minor, chart in charts:
        known = found.setdefault(minor, {})
        for name, (free, below) in keys(chart).items():
            before = known.get(name, (False, set()))
            known[name] = (free or before[0], below | before[1])
    return found


def span(minors, every):
    """":16-19" for the minors of a key, nothing for all."""
    if minors == every:
        return ""
    return f":{'' if minors[0] == every[0] else minors[0]}-{'' if minors[-1] == every[-1] else minors[-1]}"


def main():
    charts = together((int(word.partition("=")[0].partition(".")[2]), pathlib.Path(word.partition("=")[2])) for word in sys.argv[1:])
    every = sorted(charts)
    lines = []
    for top in sorted({top for chart in charts.values() for top in chart}):
        minors = [minor for minor in every if top in charts[minor]]
        below = {name: [minor for minor in minors if name in charts[minor][top][1]] for name in {name for minor in minors for name in charts[minor][top][1]}}
        star = ["*"] if charts[minors[-1]][top][0] else []
        words = [top + span(minors, every), *(name + span(below[name], minors) for name in sorted(below)), *star]
        lines += textwrap.wrap(" ".join(words), 156, subsequent_indent="  ")
    print(HEAD + f"FIRST, LAST = {every[0]}, {every[-1]}\nTABLE = \"\"\"\n" + "\n".join(lines) + '\n"""')


if __name__ == "__main__":
    main()

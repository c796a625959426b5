# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit files: what every check writes to .work/results, and the sum of them."""

from __future__ import annotations

import pathlib
import re
import xml.etree.ElementTree as ET


def write(path: pathlib.Path, suite: str, outcomes: dict[str, str | None]) -> None:
    """Write one test case per outcome; its value is why it failed, or None."""
    root = ET.Element("testsuite", name=suite, tests=str(len(outcomes)), failures=str(sum(map(bool, outcomes.values()))))
    for name, why in outcomes.items():
        case = ET.SubElement(root, "testcase", classname=suite, name=name)
        if why:
            ET.SubElement(case, "failure").text = re.sub(r"[^\t\n -\ud7ff\ue000-\ufffd]", "?", why)  # what XML cannot hold
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def count(paths: list[pathlib.Path]) -> tuple[int, int, int]:
    """How many test cases passed, failed and were skipped."""
    passed = failed = skipped = 0
    for path in paths:
        for case in ET.parse(path).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped

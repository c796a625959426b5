# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each minor of Cilium is made and tested for: data, from its own repository.

Sources, per minor, read at 1.12.19, 1.13.18, 1.14.19, 1.15.19, 1.16.9, 1.17.1, 1.18.2, 1.19.1 and 1.20.2:
Documentation/network/kubernetes/requirements.rst (Kubernetes), install/kubernetes/cilium/Chart.yaml (chart),
Documentation/operations/system_requirements.rst (kernel). To add a minor, read these three files and add a line.
"""

from __future__ import annotations

import dataclasses
import re

# First builds of the 4.18.0 kernels of RHEL 8, which all of its rebuilds share (4.18.0-BUILD.el8).
EL8, EL8_6, EL8_10 = 80, 372, 553


@dataclasses.dataclass(frozen=True)
class Minor:
    """kubernetes: first and last tested minor; chart: the chart's kubeVersion; kernel: the least one; el8: the least build of RHEL 8's 4.18."""

    kubernetes: tuple
    chart: tuple
    kernel: tuple
    el8: int


MINORS = {
    (1, 13): Minor(((1, 16), (1, 26)), (1, 16), (4, 19, 57), EL8),
    (1, 14): Minor(((1, 19), (1, 27)), (1, 16), (4, 19, 57), EL8),
    (1, 15): Minor(((1, 26), (1, 29)), (1, 16), (4, 19, 57), EL8),
    (1, 16): Minor(((1, 27), (1, 30)), (1, 21), (5, 4, 0), EL8_6),
    (1, 17): Minor(((1, 29), (1, 32)), (1, 21), (5, 4, 0), EL8_6),
    (1, 18): Minor(((1, 30), (1, 33)), (1, 21), (5, 10, 0), EL8_6),
    (1, 19): Minor(((1, 31), (1, 34)), (1, 21), (5, 10, 0), EL8_10),
    (1, 20): Minor(((1, 33), (1, 36)), (1, 21), (5, 10, 0), EL8_10),
}
FIRST, LAST = min(MINORS), max(MINORS)
VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?")


def minor(version):
    """(1, 19) from "1.19", "1.19.1", "v1.19.1-rc.0"; None for other text."""
    match = VERSION.fullmatch(str(version).strip())
    return (int(match[1]), int(match[2])) if match else None


def release(version):
    """(1, 19, 1) from "1.19.1" and "v1.19.1-rc.0"; None for other text, as of a minor alone."""
    match = VERSION.fullmatch(str(version).strip())
    return tuple(map(int, match.groups())) if match and match[3] else None


def dotted(parts):
    """1.19 from (1, 19)."""
    return ".".join(str(part) for part in parts)

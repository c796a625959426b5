# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of the benchmark: thin wrappers around module_utils/_benchmark."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import fillers, plot, summary, ways


def result(measured, settings, before=None):
    """Settings, rows, and the comparison with an earlier result where there is one."""
    made = {"settings": settings, "rows": summary.rows(measured)}
    if before:
        made.update(compared=summary.compared(before, made), compared_with=before["settings"]["served_by"], before=before["rows"])
    return made


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "benchmark_refusals": fillers.refusals,
            "benchmark_differences": summary.differences,
            "benchmark_ways": ways.planned,
            "benchmark_ways_outside": ways.planned_outside,
            "benchmark_netperf": ways.netperf,
            "benchmark_netperf_outside": ways.netperf_outside,
            "benchmark_netperf_ports": ways.netperf_ports,
            "benchmark_result": result,
            "benchmark_lines": summary.lines,
            "benchmark_plot": plot.picture,
        }

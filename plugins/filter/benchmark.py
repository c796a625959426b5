# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of the benchmark: thin wrappers around module_utils/_benchmark."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import plot, summary


def result(measured, settings, before=None):
    """Settings, rows, and the comparison with an earlier result where there is one."""
    made = {"settings": settings, "rows": summary.rows(measured)}
    if before:
        try:
            made.update(compared=summary.compared(before, made), compared_with=before["settings"]["served_by"], before=before["rows"])
        except ValueError as error:
            raise AnsibleFilterError(f"benchmark: {error}") from error
    return made


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "benchmark_fillers": summary.fillers,
            "benchmark_targets": lambda targets: [one for one in targets if summary.path(one["name"]) and one["kind"] == "http"],
            "benchmark_result": result,
            "benchmark_lines": summary.lines,
            "benchmark_plot": plot.picture,
        }

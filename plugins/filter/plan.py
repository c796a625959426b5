# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of the plan: thin wrappers around module_utils/_plan."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import findings, groups, table


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "plan_findings": findings.findings,
            "plan_blockers": findings.blockers,
            "plan_api_servers": findings.api_servers,
            "plan_health_port": findings.health_port,
            "plan_groups": groups.groups,
            "plan_lines": table.lines,
        }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of the diagnosis: thin wrappers around module_utils/_diagnose."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import judge, lines


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {"diagnosis": judge.diagnosis, "diagnosis_lines": lines.lines, "diagnosis_probes": judge.probes}

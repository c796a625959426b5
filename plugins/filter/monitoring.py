# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of monitoring: thin wrappers around module_utils/_monitoring."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import alerts, dashboard, metrics


def _minor(version):
    found = compat.minor(version)
    if found is None or found[0] != 1:
        raise AnsibleFilterError(f"Cilium version {version!r}: expected one such as 1.19.1")
    return found[1]


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "alert_rules": lambda version, matcher: alerts.rules(_minor(version), matcher),
            "dashboard": lambda version, matcher: dashboard.dashboard(_minor(version), matcher),
            "metrics_missing": lambda text, version: metrics.missing(text, _minor(version)),
        }

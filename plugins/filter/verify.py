# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of the role verify: thin wrappers around module_utils/_traffic."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import addresses, junit, objects, workload


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "verify_junit": junit.document,
            "device_addresses": addresses.of_devices,
            "owned_namespaces": workload.owned,
            "pods_not_ready": workload.not_ready,
            "ready_pods": objects.ready_pods,
        }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter plugins for nodes that are reached through a pod: thin wrappers around module_utils/_fleet/node_pods.py."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import node_pods


class FilterModule:
    def filters(self):
        return {
            "node_pod_jobs": node_pods.jobs,
            "node_pods_settled": node_pods.settled,
            "node_pods_reached": node_pods.reached,
        }

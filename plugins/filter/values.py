# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins on Helm values: thin wrappers around module_utils/_cilium/leaves.py and per_node.py."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import leaves, per_node


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "former_values": leaves.former,
            "former_values_known": leaves.known,
            "former_values_translated": per_node.translated,
            "values_without": leaves.without,
            "values_changed": leaves.changed,
            "masked_values": leaves.masked,
            "per_node_values": per_node.split,
            "values_on_the_way_back": per_node.on_the_way_back,
        }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of tune: thin wrappers around module_utils/_tune."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune import plan


def _told(function):
    def call(*args):
        try:
            return function(*args)
        except ValueError as error:
            raise AnsibleFilterError(str(error)) from error

    return call


class FilterModule:
    """The filters."""

    def filters(self):
        """Name -> function."""
        return {
            "tune_values": _told(plan.values),
            "tune_settings": _told(plan.settings),
            "tune_differences": _told(plan.differences),
            "tune_unapplied": _told(plan.unapplied),
            "node_port_range_of": _told(ports.handed_out),
        }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: traffic_paths
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Turn probe targets into paths of the traffic prober
description:
  - Makes one path for M(fleetops.kubeproxy_free.traffic_probe) of every target that P(fleetops.kubeproxy_free.probe_targets#filter) planned.
    Targets of the same name are one path.
positional: _input, streams
options:
  _input:
    description: Targets of one node, or those for a client outside.
    type: list
    elements: dict
    required: true
  streams:
    description: Whether every HTTP path gets a long-lived stream beside it.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Watch all that a node serves
  fleetops.kubeproxy_free.traffic_probe:
    name: migration
    paths: "{{ planned.targets | fleetops.kubeproxy_free.traffic_paths }}"
"""

RETURN = r"""
_value:
  description: Paths as M(fleetops.kubeproxy_free.traffic_probe) takes them.
  type: list
  elements: dict
"""

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.paths import paths


class FilterModule:
    def filters(self):
        return {"traffic_paths": paths}

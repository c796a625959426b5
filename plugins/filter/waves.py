# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter plugin `waves`: thin wrapper around module_utils/_fleet/waves.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
short_description: Split clusters' nodes into canary and waves
version_added: 0.1.0
author: fleetops contributors (@fleetops)
description:
  - Plans in which order the nodes of one or several clusters move, and how many at a time.
  - Wave number N of the run holds wave number N of every cluster, so the result can be used as C(hosts) and C(serial) of one play.
positional: _input
options:
  _input:
    description: For each cluster, the nodes that are still to move, as dictionaries with C(host), C(control_plane) and, where nodes are
      to be sorted, C(order) (a list of texts).
    type: dict
    required: true
  sizes:
    description: Sizes of the waves, each a number of nodes or a percentage of the cluster's nodes. The last one repeats.
      A text such as V(1, 5, 20%) is split at its commas.
    type: list
    elements: raw
    required: true
  control_planes:
    description: When control planes move.
    type: str
    choices: [first, last, mixed]
    default: last
  count:
    description: How many waves each cluster has in this run, V(0) for all. The other nodes wait for another run.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Plan two clusters
  ansible.builtin.set_fact:
    plan: "{{ {'a': [{'host': 'a1', 'control_plane': true}, {'host': 'a2', 'control_plane': false}]} | fleetops.kubeproxy_free.waves([1, '50%']) }}"
"""

RETURN = r"""
_value:
  description: C(hosts) in the order of the waves, C(serial) with the size of each wave of the run, C(waves) with the waves of each cluster,
    C(number) with the wave of each host, from 0.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves as _waves


def waves(clusters, sizes, control_planes="last", count=0):
    try:
        return _waves.plan(clusters, sizes, control_planes, count)
    except _waves.WaveError as error:
        raise AnsibleFilterError(f"waves: {error}; correct kpr_waves, kpr_control_planes or kpr_wave_count") from error


class FilterModule:
    def filters(self):
        return {"waves": waves}

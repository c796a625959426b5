# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter plugin `waves`: thin wrapper around module_utils/_fleet/waves.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
short_description: Split clusters' nodes into canary and waves
version_added: 0.1.0
author: fleetops.kubeproxy_free contributors (@fleetops)
description:
  - Plans in which order the nodes of one or several clusters move, and how many at a time.
  - Wave number N of the run holds wave number N of every cluster, so the result can be used as C(hosts) and C(serial) of one play.
  - A control plane has a wave of its own, unless control planes and workers are to be mixed.
positional: _input
options:
  _input:
    description: Every node of the run, as a dictionary with C(host), C(cluster), C(control_plane), C(pending) (it is to move now), C(done) (it has
      moved before), C(started) (it was left half-way), C(order) (a list of texts to sort by) and C(waves), which is what
      P(fleetops.kubeproxy_free.wave_settings#filter) returned for its cluster.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Plan two clusters
  ansible.builtin.set_fact:
    plan: "{{ places | fleetops.kubeproxy_free.waves }}"
"""

RETURN = r"""
_value:
  description: C(hosts) in the order of the waves, C(serial) with the size of each wave of the run, C(waves) with the waves of each cluster,
    C(number) with the wave of each host, from 0.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves


def wave_settings(sizes, control_planes="", count=""):
    try:
        return waves.settings(sizes, control_planes, count)
    except waves.WaveError as error:
        raise AnsibleFilterError(f"{error}; correct kpr_waves, kpr_control_planes or kpr_wave_count") from error


class FilterModule:
    def filters(self):
        return {"waves": waves.plan, "wave_settings": wave_settings, "longest_run": waves.longest_run}

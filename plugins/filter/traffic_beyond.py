# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: traffic_beyond
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Say whether probers saw more failure than is allowed
description:
  - Adds up what several probers saw, Service by Service, and returns a sentence for each Service of whose requests a larger share failed.
  - A prober that was to be heard and does not run is a sentence too, and so is it that nothing was counted.
  - Paths that have never answered since their prober began are left out; P(fleetops.kubeproxy_free.traffic_unanswered#filter) tells them.
positional: _input, asked, others
options:
  _input:
    description: Largest share that may fail, as a percentage such as V(0.1%).
    type: str
    required: true
  asked:
    description: Results of M(fleetops.kubeproxy_free.traffic_probe) with O(fleetops.kubeproxy_free.traffic_probe#module:last), by where they come from.
    type: dict
    required: true
  others:
    description: Such results of a loop over hosts. They count as far as they are there.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Stop if users would have noticed
  ansible.builtin.assert:
    that: "'0.1%' | fleetops.kubeproxy_free.traffic_beyond({'worker1': lately}) | length == 0"
"""

RETURN = r"""
_value:
  description: Sentences. Empty when all is well.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import window


def traffic_beyond(max_failed, asked, others=()):
    """Say what is beyond the limit."""
    try:
        return window.beyond(max_failed, asked, others)
    except ValueError as error:
        raise AnsibleFilterError(f"traffic_beyond: {error}; correct kpr_checks") from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Names and functions."""
        return {"traffic_beyond": traffic_beyond, "traffic_unanswered": window.unanswered}

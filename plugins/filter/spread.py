# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: spread
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Judge whether a Service's answers are spread over its backends as chance would do it
description:
  - Tests counts of answers against an even spread, by Pearson's chi-square test, for each client (a node, the pod on it, an address asked from outside) and
    for all together. An even spread fails about once in a million runs, however many clients there are. A client with fewer than 5 answers per backend
    is not judged by itself.
options:
  _input:
    description: What M(fleetops.kubeproxy_free.service_probe) returned, by the node's name.
    type: dict
    required: true
  service:
    description: C(namespace/name) of the Service.
    type: str
    required: true
  backends:
    description: Names of the backends that should share the load.
    type: list
    elements: str
    required: true
  others:
    description: Names of backends that may answer, too, such as those that became ready meanwhile.
    type: list
    elements: str
    default: []
  outside:
    description: RV(fleetops.kubeproxy_free.traffic_probe#module:traffic) of M(fleetops.kubeproxy_free.traffic_probe), where it was probed from outside.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Stop when a backend is left out
  ansible.builtin.assert:
    that: >-
      ({'worker1': probed} | fleetops.kubeproxy_free.spread(service='shop/web', backends=['web-1', 'web-2', 'web-3'])).plausible
"""

RETURN = r"""
_value:
  description: C(plausible), C(p_value) (null when there was nothing to test), C(counts) by backend, C(strangers) that answered without being
    expected, and C(why) in words; C(clients) has the same for each client that was judged.
  type: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.spread import answers, judge


def spread(results, service, backends, others=(), outside=None):
    try:
        return judge(answers(results, outside or {}, service), backends, others)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(
            f"spread: cannot read the results ({error!r}); expected a dictionary of what service_probe returned, by the node's name, and a list of backends"
        ) from error


class FilterModule:
    def filters(self):
        return {"spread": spread}

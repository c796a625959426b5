#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_fillers
short_description: Make many Services
version_added: 0.1.0
description:
  - Makes ClusterIP Services C(filler-N) of the same pods, several at a time, for measurements among many Services. Those that are there stay.
  - They are removed with their namespace. The credentials need C(create) and C(get) on services.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
attributes:
  check_mode:
    support: full
    details:
      - Makes nothing.
  diff_mode:
    support: none
options:
  namespace:
    description: Where they are made. It exists.
    type: str
    required: true
  selector:
    description: Labels of the pods that serve them on a port named C(http).
    type: dict
    required: true
  first:
    description: Number of the first one.
    type: int
    default: 0
  count:
    description: How many are made.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Make a thousand Services
  fleetops.kubeproxy_free.service_fillers:
    namespace: measured
    selector: {app: web}
    count: 1000
  delegate_to: localhost
"""

RETURN = r"""
made:
  description: How many were made.
  returned: always
  type: int
last_address:
  description: ClusterIP of the last one, V(null) where none is wanted.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import fillers
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import api, connect

ARGUMENTS = {
    **connect.ARGUMENTS,
    "namespace": {"type": "str", "required": True},
    "selector": {"type": "dict", "required": True},
    "first": {"type": "int", "default": 0},
    "count": {"type": "int", "required": True},
}


def main():
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    if module.check_mode:
        module.exit_json(changed=module.params["count"] > 0, made=0, last_address=None)
    try:
        cluster = api.Api(connect.configure(module.params), 30)
        made, last = fillers.create(cluster, *(module.params[name] for name in ("namespace", "selector", "first", "count")))
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=made > 0, made=made, last_address=last)


if __name__ == "__main__":
    main()

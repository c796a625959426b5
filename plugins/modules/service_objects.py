#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_objects
short_description: Read with one call all objects that say how Services are served
version_added: 0.1.0
description:
  - Reads Services, EndpointSlices, pods, nodes and ConfigMaps, of several namespaces, in one call. A task for each of them takes a second of the
    controller's time each, several times in every wave.
  - Objects are as the API server has them, but for C(metadata.managedFields).
  - The credentials need C(list) on what is listed and C(get) on what is named.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  reads:
    description: What is read.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of object.
        type: str
        choices: [ConfigMap, EndpointSlice, Node, Pod, Service]
        required: true
      namespaces:
        description: Their namespaces, none if the list is empty. Without this, objects of the whole cluster, as for nodes.
        type: list
        elements: str
      name:
        description: Only the object of that name, which need not be there.
        type: str
      selector:
        description: Label selector.
        type: str
"""

EXAMPLES = r"""
- name: Read what the shop's Services are, and how kube-proxy is set
  fleetops.kubeproxy_free.service_objects:
    reads:
      - {kind: Service, namespaces: [shop, pay]}
      - {kind: EndpointSlice, namespaces: [shop, pay]}
      - {kind: ConfigMap, namespaces: [kube-system], name: kube-proxy}
  delegate_to: localhost
  register: found
"""

RETURN = r"""
objects:
  description: For each kind of O(reads[].kind), whether it was read or not, the objects found, in the order of O(reads).
  returned: always
  type: dict
  sample: {Service: [{metadata: {namespace: shop, name: web}}], EndpointSlice: [], ConfigMap: [], Node: [], Pod: []}
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import api, connect

#: Where the API server keeps them.
PLACES = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Node": ("/api/v1", "nodes"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
}
ARGUMENTS = {
    **connect.ARGUMENTS,
    "reads": {
        "type": "list", "elements": "dict", "required": True, "options": {
            "kind": {"type": "str", "required": True, "choices": sorted(PLACES)},
            "namespaces": {"type": "list", "elements": "str"},
            "name": {"type": "str"},
            "selector": {"type": "str"},
        },
    },
}  # fmt: skip


def read(cluster, reads):
    """{kind: objects}. Raises ClusterError."""
    found = {kind: [] for kind in PLACES}
    for one in reads:
        group, plural = PLACES[one["kind"]]
        inside = [""] if one["namespaces"] is None else [f"namespaces/{namespace}/" for namespace in one["namespaces"]]
        for path in (f"{group}/{place}{plural}" for place in inside):
            found[one["kind"]] += _named(cluster, f"{path}/{one['name']}") if one["name"] else cluster.objects(path, one["selector"])
    for kind, objects in found.items():
        for each in objects:
            each["metadata"].pop("managedFields", None)
        # two reads may name the same one, as where somebody names a namespace twice
        found[kind] = list({(each["metadata"].get("namespace"), each["metadata"]["name"]): each for each in objects}.values())
    return found


def _named(cluster, path):
    try:
        return [cluster.object(path)]
    except api.NotFound:
        return []


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    try:
        module.exit_json(changed=False, objects=read(api.Api(connect.configure(module.params), 30), module.params["reads"]))
    except connect.ClusterError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

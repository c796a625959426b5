#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_status
short_description: Ask every Cilium agent of a cluster what it really runs
version_added: 0.1.0
description:
  - Asks all agents, or those of some nodes, in parallel and through the Kubernetes API for their own status and the state of their endpoints.
  - Compares what they run with what they are configured to run.
  - Can wait until they are as wanted. This is the gate of a migration, because an agent that says C(True) does not yet serve NodePorts
    while its endpoint for the host is C(restoring) or C(regenerating).
  - One call does a whole cluster. It runs on the controller. An agent that does not answer costs one O(agent_timeout) and not the run.
  - The credentials need C(list) on pods and C(create) and C(get) on C(pods/exec) in the namespace of Cilium. For RV(agents.configured) they also
    need C(get) on configmaps, C(list) on C(ciliumnodeconfigs.cilium.io) and C(list) on nodes.
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
extends_documentation_fragment:
  - fleetops.kubeproxy_free._kubeconfig
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  namespace:
    description: Namespace of the agents.
    type: str
    default: kube-system
  selector:
    description: Label selector of the agents' pods.
    type: str
    default: k8s-app=cilium
  nodes:
    description:
      - Names of the nodes whose agents are asked. A node of this list without an agent is an entry with RV(agents.error).
      - All agents without it.
    type: list
    elements: str
    default: []
  settings:
    description: Names of settings, as in the ConfigMap C(cilium-config), that RV(agents.settings) is to tell.
    type: list
    elements: str
    default: []
  wait:
    description: Wait until all these agents are as O(wait_for) says, and fail when O(timeout) has passed before.
    type: bool
    default: false
  wait_for:
    description: What is wanted of every agent. What is not given does not matter.
    type: dict
    default: {}
    suboptions:
      kpr:
        description: Whether the agent must say that it replaces kube-proxy (V(true)) or that it does not (V(false)).
        type: bool
      endpoints_ready:
        description: Whether the agent must have an endpoint for the host and every endpoint must be C(ready).
        type: bool
        default: false
      healthy:
        description: Whether the agent's own verdict must be C(Ok) and its pod Ready.
        type: bool
        default: false
      restarted_after:
        description:
          - What an agent's pod must not be older than, because a pod gets its configuration only when it is created.
          - Either a mapping of node to the UID of the pod from before the change (an empty string for a node that had none), which no clock can
            spoil, or a time like C(2026-01-31T12:00:00Z).
        type: raw
  timeout:
    description: Longest wait, in seconds.
    type: int
    default: 300
  interval:
    description: Time between two looks while waiting, in seconds.
    type: float
    default: 2
  agent_timeout:
    description: Longest time that one agent may take to answer, in seconds.
    type: int
    default: 10
  parallelism:
    description: Number of agents that are asked at the same time.
    type: int
    default: 32
seealso:
  - plugin: fleetops.kubeproxy_free.cilium_status
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask all agents
  fleetops.kubeproxy_free.cilium_status:
    kubeconfig: /etc/kubernetes/admin.conf
  register: cilium

- name: Wait until the recreated agents of two nodes replace kube-proxy and serve
  fleetops.kubeproxy_free.cilium_status:
    kubeconfig: /etc/kubernetes/admin.conf
    nodes: [worker1, worker2]
    wait: true
    wait_for:
      kpr: true
      endpoints_ready: true
      restarted_after: "{{ dict(cilium.agents | zip(cilium.agents.values() | map(attribute='pod_uid'))) }}"
    timeout: 180
"""

RETURN = r"""
agents:
  description: What each agent said, by the name of its node.
  returned: always
  type: dict
  contains:
    pod:
      description: Name of the pod, V(null) if the node has none.
      type: str
      returned: always
    pod_uid:
      description: UID of the pod.
      type: str
      returned: always
    created_at:
      description: When the pod was created, which is when it got its configuration.
      type: str
      returned: always
    started_at:
      description: When the agent's container was started last.
      type: str
      returned: always
    restarts:
      description: How often the agent's container was restarted in this pod.
      type: int
      returned: always
    pod_ready:
      description: Whether the pod is Ready.
      type: bool
      returned: always
    version:
      description: Version of the agent, V(null) if it does not say.
      type: str
      returned: always
      sample: 1.19.1
    kube_proxy_replacement:
      description: Whether and how the agent replaces kube-proxy.
      type: dict
      returned: always
      contains:
        enabled:
          description: Whether kube-proxy is replaced fully. V(null) if the agent did not say or used an unknown word.
          type: bool
        mode:
          description: The agent's word in lower case.
          type: str
        devices:
          description: Devices that serve NodePorts, each with C(name) and C(addresses).
          type: list
          elements: dict
        direct_routing_device:
          description: Device of direct routing.
          type: str
      sample:
        enabled: true
        mode: "true"
        devices: [{name: eth0, addresses: [192.0.2.7, "2001:db8::7"]}]
        direct_routing_device: eth0
    features:
      description:
        - What the agent does for Services, with C(node_port), C(node_port_range), C(mode), C(dsr_dispatch), C(algorithm), C(table_size), C(acceleration),
          C(host_port), C(external_ips), C(socket_lb), C(socket_lb_coverage), C(session_affinity) and C(nat46_64).
      type: dict
      returned: always
    masquerading:
      description: V(bpf), V(iptables) or V(disabled).
      type: str
      returned: always
    routing:
      description: C(network), C(host) and C(protocol) of routing.
      type: dict
      returned: always
    health:
      description: The agent's own verdict, C(state) and C(message).
      type: dict
      returned: always
    controllers_failing:
      description: Controllers whose last runs failed, each with C(name), C(failures) and C(message).
      type: list
      elements: dict
      returned: always
    endpoints:
      description: C(total), C(ready) and C(not_ready), a list of C(id), C(state) and C(pod).
      type: dict
      returned: always
    host_endpoint_state:
      description: State of the endpoint for the host itself, V(null) if there is none.
      type: str
      returned: always
    configured:
      description:
        - What the next pod on this node would be told, merged from ConfigMap, CiliumNodeConfigs and node annotations.
        - V(null) if the credentials do not let it be read.
      type: dict
      returned: always
      contains:
        kube_proxy_replacement:
          description: Whether kube-proxy is to be replaced.
          type: bool
        source:
          description: The object that says so.
          type: str
        settings:
          description: The values, as text, of the keys that are compared with what runs, and of the O(settings).
          type: dict
    settings:
      description: Of the O(settings) those that the agent's pod has started with, as text. That is what runs, whatever the ConfigMap says by now.
      type: dict
      returned: always
    drift:
      description: Sentences that say where the agent runs otherwise than configured.
      type: list
      elements: str
      returned: always
    unread:
      description: What could not be read of the agent's answer, verbatim, each with its C(place).
      type: list
      elements: dict
      returned: always
    error:
      description: Why the agent did not answer, V(null) if it did.
      type: str
      returned: always
all_on:
  description: Whether there are agents and every one of them says that it replaces kube-proxy.
  returned: always
  type: bool
all_off:
  description: Whether there are agents and every one of them says that it does not replace kube-proxy, not even in part.
  returned: always
  type: bool
missing:
  description: For each node that is not as O(wait_for) says, sentences that tell what is missing.
  returned: always
  type: dict
nodes_without_agent:
  description: Nodes of the cluster that have no agent. Empty if O(nodes) is given or nodes may not be listed.
  returned: always
  type: list
  elements: str
waited:
  description: How long the module waited, in seconds.
  returned: always
  type: float
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import agents as cilium
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import gate, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import connect
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.api import Api, Forbidden, NotFound
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.wait import wait

ARGUMENTS = {
    **connect.ARGUMENTS,
    "namespace": {"type": "str", "default": "kube-system"},
    "selector": {"type": "str", "default": "k8s-app=cilium"},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "bool", "default": False},
    "wait_for": {"type": "dict", "default": {}, "options": {
        "kpr": {"type": "bool"},
        "endpoints_ready": {"type": "bool", "default": False},
        "healthy": {"type": "bool", "default": False},
        "restarted_after": {"type": "raw"},
    }},
    "timeout": {"type": "int", "default": 300},
    "interval": {"type": "float", "default": 2},
    "agent_timeout": {"type": "int", "default": 10},
    "parallelism": {"type": "int", "default": 32},
}


def run(params):
    """The module's result, and warnings."""
    wanted = params["wait_for"]
    cilium.check_wanted(wanted, params["nodes"])
    api = Api(connect.configure(params), params["agent_timeout"])
    asked = cilium.Agents(api, params["namespace"], params["selector"], params["nodes"], params["agent_timeout"], params["parallelism"],
                          params["settings"])
    last = {}

    def look():
        satisfied = {node: agent for node, agent in last.items() if not gate.lacking(node, agent, wanted)}
        try:
            found = asked.look(satisfied)
        except (Forbidden, NotFound):
            raise
        except connect.ClusterError as error:
            if not params["wait"]:
                raise
            return last, str(error)  # an API server may be out of reach for a moment while its own node changes
        last.clear()
        last.update(found)
        return found, None

    (found, problem), missing, waited = wait(look, lambda seen: {"(API server)": [seen[1]]} if seen[1] else gate.missing(seen[0], wanted),
                                             params["timeout"] if params["wait"] else 0, params["interval"])
    return {"agents": found, "all_on": cilium.all_in(found, words.ON), "all_off": cilium.all_in(found, words.OFF), "missing": missing,
            "nodes_without_agent": [] if problem else asked.nodes_without_agent(found), "waited": round(waited, 1)}, asked.warnings


def main():
    """Run the module."""
    module = AnsibleModule(ARGUMENTS, mutually_exclusive=connect.MUTUALLY_EXCLUSIVE, supports_check_mode=True)
    if connect.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=str(connect.IMPORT_ERROR))
    try:
        result, warnings = run(module.params)
    except (connect.ClusterError, ValueError) as error:
        module.fail_json(msg=str(error))
    for warning in warnings:
        module.warn(warning)
    if module.params["wait"] and result["missing"]:
        module.fail_json(msg=cilium.failure(result, module.params["namespace"], module.params["selector"]), **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: probe_targets
author: fleetops.kubeproxy_free contributors (@fleetops)
version_added: 0.1.0
short_description: Plan what a node has to reach, from API objects
description:
  - Lists every kind of address the given Services have (ClusterIP, NodePort, external IP, LoadBalancer IP) and the hostPorts of the given pods as targets for
    M(fleetops.kubeproxy_free.service_probe), from the network of the node and from that of a pod on it.
  - A TCP port is asked by opening a connection only, port 53 over UDP by a DNS query, and other UDP ports not at all, unless O(probes) says how.
  - What is left out is returned with the reason.
options:
  _input:
    description: Name of the Kubernetes node that the targets are for.
    type: str
    required: true
  services:
    description: The Services to probe, as the API returns them.
    type: list
    elements: dict
    required: true
  endpoint_slices:
    description: The EndpointSlices of those Services (more do no harm).
    type: list
    elements: dict
    required: true
  nodes:
    description: All Nodes of the cluster.
    type: list
    elements: dict
    required: true
  pods:
    description: Pods whose hostPorts are to be probed.
    type: list
    elements: dict
    default: []
  clients:
    description: Pods that may be probed from. The first that is ready on the node is taken.
    type: list
    elements: dict
    default: []
  probes:
    description:
      - How to ask a port. Keys are C(namespace/name:port), with the port's name or number; values have the keys C(kind), C(request) and C(expect) of a target.
      - With the key C(client_request), what the server answers with its client's address, C(externalTrafficPolicy=Local) and DSR are held to all of their
        promise from outside, and C(loadBalancerSourceRanges) that let everybody or nobody in to theirs.
    type: dict
    default: {}
  served_by:
    description: Who serves the node. With V(any), kube-proxy does if it has not left it. Of other nodes their label says whether it has.
    type: str
    choices: [any, cilium, kube_proxy]
    default: any
  kube_proxy:
    description:
      - kube-proxy's configuration (C(config.conf) of its ConfigMap). NodePorts are left out on addresses where it does not serve them (C(nodePortAddresses),
        C(iptables.localhostNodePorts), and 127.0.0.1 in its nftables and IPVS modes), on nodes that it serves.
      - Null where there is none.
    type: dict
  peers:
    description: >-
      Number of other nodes whose NodePorts this node probes. They are the next that are ready in the order of names, so every node is probed by as many.
    type: int
    default: 2
  requests:
    description: Requests for each target.
    type: int
    default: 10
  direct:
    description: C(namespace/name) of Services whose endpoints are asked without them, too. What fails there is not the Service's fault.
    type: list
    elements: str
    default: []
  further:
    description: By the node's name, addresses on which it serves NodePorts beside those that its object has.
    type: dict
    default: {}
  health:
    description:
      - Health checks are asked, too, with the settings that say who answers on kube-proxy's port, C(kube_proxy) (its configuration, or null where there is
        none) and C(cilium) (the data of the ConfigMap C(cilium-config)). Without it they are not.
    type: dict
  lb_mode:
    description: >-
      C(bpf-lb-mode) of the Cilium that serves (V(snat), V(dsr), V(hybrid), V(annotation)). With V(dsr), and with V(hybrid) for TCP, servers see the client's
      address wherever they run.
    type: str
    default: snat
  bpf_masquerade:
    description: >-
      Whether agents masquerade by eBPF. Where kube-proxy serves, pods get no answer then from NodePorts of their own node with
      C(externalTrafficPolicy=Local), which are left out.
    type: bool
    default: false
seealso:
  - module: fleetops.kubeproxy_free.service_probe
"""

EXAMPLES = r"""
- name: Prove what this node serves
  fleetops.kubeproxy_free.service_probe:
    targets: >-
      {{ (kpr_node_name | fleetops.kubeproxy_free.probe_targets(services=services, endpoint_slices=slices, nodes=nodes)).targets }}
"""

RETURN = r"""
_value:
  description:
    - C(targets) for the node; C(outside) for a client that is no node, which includes external IPs that no node owns;
      C(closed) for a client that must not be answered; C(skipped), a list of C(service) and C(why).
  type: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.targets import plan


def probe_targets(node, services, endpoint_slices, nodes, **options):
    try:
        return plan(node, services, endpoint_slices, nodes, **options)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"probe_targets: cannot read the objects for node {node} ({error!r}); expected lists of API objects as "
            "kubernetes.core.k8s_info returns them in 'resources'"
        ) from error


class FilterModule:
    def filters(self):
        return {"probe_targets": probe_targets}

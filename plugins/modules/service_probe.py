#!/usr/bin/python
# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_probe
short_description: Prove, from one node, that Service addresses answer and who serves them
version_added: 0.1.0
description:
  - Sends a number of requests to every target, once, from the host's network or from that of a pod on the host, and fails when one is
    not answered as expected. Nothing is retried, except what the kernel itself retries within O(timeout).
  - With O(kube_proxy_counters) it also proves who served them. While kube-proxy runs, an answer alone proves nothing about Cilium.
  - The proof is made twice. For each request, while its connection is open, connection tracking is asked whether netfilter translated it to a
    backend; this holds for kube-proxy's iptables and nftables modes, and for IPVS as long as C(net.ipv4.vs.conntrack) is 1, as kube-proxy sets it.
    In the iptables modes, in both backends and families, the packet counters of the rules by which the targets' addresses
    enter kube-proxy's chains are compared before and after.
  - Neither looks at other traffic, so it may be run on a busy node.
extends_documentation_fragment:
  - fleetops.kubeproxy_free._attributes
  - fleetops.kubeproxy_free._attributes.info_module
options:
  targets:
    description: What to probe.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The target's name, unique in the call.
        type: str
        required: true
      kind:
        description:
          - V(http) opens a connection and sends one GET; V(tcp) opens a connection, sends nothing and closes it.
          - V(udp) sends one datagram and waits for any answer; V(dns) asks for an A record over UDP.
        type: str
        choices: [http, tcp, udp, dns]
        required: true
      address:
        description: IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: Port.
        type: int
        required: true
      namespace:
        description: V(host), or a dictionary with the key C(pod_uid) and the UID of a pod that runs on this host.
        type: raw
        default: host
      service:
        description: The Service that the target belongs to. Only a label for reports.
        type: str
      request:
        description:
          - What to ask. The path of the URL for O(targets[].kind=http) (default V(/)), the datagram for O(targets[].kind=udp) (default
            V(hostname)), the name for O(targets[].kind=dns) (default V(kubernetes.default.svc.cluster.local)).
        type: str
      requests:
        description:
          - How many requests to send. Each is a connection of its own. After five failures a target is not asked again.
          - V(0) sends none and watches, for O(watch_for) seconds, who serves what others send to the address meanwhile. So a probe from outside can
            be proven, which this host cannot make itself, as Cilium translates its own connections before they are packets.
        type: int
        default: 10
      by_kube_proxy:
        description:
          - Whether kube-proxy, when it is in charge of this node, is what serves this target here. Only O(kube_proxy_counters=must_move) looks at it.
          - It is not for a pod's way to a ClusterIP, which Cilium serves with and without its kube-proxy replacement, and not for another
            node's NodePort, which that other node translates.
        type: bool
        default: true
      expect:
        description: What good answers look like.
        type: dict
        suboptions:
          status:
            description: The HTTP status. Without it, every status below 500 is good.
            type: int
          answer:
            description: A regular expression that the answer's body (or datagram) has to contain.
            type: str
          same_backend:
            description: All answers have to come from one backend, as session affinity promises.
            type: bool
            default: false
          unanswered:
            description: No request may be answered, as O(targets[].kind=http) or O(targets[].kind=tcp) to an address that is closed to this client.
            type: bool
            default: false
  timeout:
    description: Seconds that a request may take. Long enough for the kernel to repeat a lost packet, once or twice.
    type: float
    default: 5
  watch_for:
    description: Seconds to watch targets with O(targets[].requests=0).
    type: float
    default: 5
  kube_proxy_counters:
    description:
      - V(must_stand_still) fails when any request was served by netfilter, or a counter of kube-proxy's rules for the targets moved.
      - V(must_move) fails when a target with O(targets[].by_kube_proxy) was not served by netfilter.
      - V(ignore) does not ask who served.
    type: str
    choices: [must_stand_still, must_move, ignore]
    default: ignore
  node:
    description: The node's name for messages. Without it, the host's own name.
    type: str
author:
  - fleetops.kubeproxy_free contributors (@fleetops)
"""

EXAMPLES = r"""
- name: Prove that Cilium, not kube-proxy, serves this node's NodePort and cluster DNS
  fleetops.kubeproxy_free.service_probe:
    kube_proxy_counters: must_stand_still
    targets:
      - name: NodePort on loopback
        kind: http
        address: 127.0.0.1
        port: 30080
        expect:
          status: 200
      - name: cluster DNS
        kind: dns
        address: 10.96.0.10
        port: 53
"""

RETURN = r"""
targets:
  description: The targets in the order given.
  returned: when the targets could be probed
  type: list
  elements: dict
  contains:
    name:
      description: The target's name.
      type: str
    ok:
      description: Whether it was served as it should be.
      type: bool
    requests:
      description: Requests to send; 0 where others were watched.
      type: int
    failed:
      description: Those not answered as expected, or answered where no answer was expected.
      type: int
    errors:
      description: Texts of errors with their number.
      type: dict
    backends:
      description: Names the backends gave in their answers, with the number of answers of each.
      type: dict
    latency:
      description: Percentiles in milliseconds (C(p50_ms), C(p90_ms), C(p99_ms), C(max_ms)).
      type: dict
    translated:
      description: Requests (or, where others were watched, connections) that netfilter translated to a backend; null when
        connection tracking could not be asked.
      type: int
    translated_to:
      description: Those backends, with their number of requests.
      type: dict
    findings:
      description: What is wrong with this target, in sentences.
      type: list
      elements: str
counters:
  description: What kube-proxy's rules counted during the probes.
  returned: when the targets could be probed
  type: dict
  contains:
    watched:
      description: Names of the targets that a rule of kube-proxy names.
      type: list
      elements: str
    moved:
      description: Rules whose counters moved (C(where), C(rule), C(packets), C(targets)). C(explained) says that the
        targets' own translated requests account for it.
      type: list
      elements: dict
problems:
  description: All findings, namespaces that could not be entered, and rules whose counters could not be read where they must stand still.
  returned: when the targets could be probed
  type: list
  elements: str
"""

import platform

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import service_run
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import PATH_OPTIONS, TrafficError

TARGET_OPTIONS = dict(
    PATH_OPTIONS,
    kind=dict(type="str", required=True, choices=["http", "tcp", "udp", "dns"]),
    requests=dict(type="int", default=10),
    by_kube_proxy=dict(type="bool", default=True),
    expect=dict(
        type="dict",
        options=dict(PATH_OPTIONS["expect"]["options"], same_backend=dict(type="bool", default=False), unanswered=dict(type="bool", default=False)),
    ),
)


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(
            targets=dict(type="list", elements="dict", required=True, options=TARGET_OPTIONS),
            timeout=dict(type="float", default=5),
            watch_for=dict(type="float", default=5),
            kube_proxy_counters=dict(type="str", choices=["must_stand_still", "must_move", "ignore"], default="ignore"),
            node=dict(type="str"),
        ),
        supports_check_mode=True,
    )
    try:
        result = service_run.run(module.params, module.params["node"] or platform.node())
    except TrafficError as error:
        module.fail_json(msg=str(error))
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

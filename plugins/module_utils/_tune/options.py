# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the replacement: where the chart has them, and where an agent says what it runs. Data.

Sources: install/kubernetes/cilium/{values.yaml,templates/cilium-configmap.yaml} and api/v1/models/kube_proxy_replacement.go of Cilium 1.13 to 1.20;
what is always on: daemon/cmd/kube_proxy_replacement.go of Cilium 1.13 to 1.18 ("auto-enabling").
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Option:
    """path: the chart's value. key: the agent's setting. feature: in the agent's own status, where it is there. last: the last minor of 1.x that has it.
    kind: of the option's value."""

    path: str
    key: str
    feature: str = ""
    last: int = 99
    kind: type = str
    #: the option's value -> what the status says, where the words differ
    says: tuple = ()
    #: whether the status of some agents says nothing of it
    rarely: bool = False
    #: what agents that replace kube-proxy run, whatever is set
    always: object = None


OPTIONS = {
    "mode": Option("loadBalancer.mode", "bpf-lb-mode", "mode"),
    "dsr_dispatch": Option("loadBalancer.dsrDispatch", "bpf-lb-dsr-dispatch", "dsr_dispatch", rarely=True,  # from 1.15 on
                           says=(("opt", "ip option/extension"),)),
    "algorithm": Option("loadBalancer.algorithm", "bpf-lb-algorithm", "algorithm"),
    "maglev_table_size": Option("maglev.tableSize", "bpf-lb-maglev-table-size", "table_size", kind=int, rarely=True),  # with Maglev
    "acceleration": Option("loadBalancer.acceleration", "bpf-lb-acceleration", "acceleration"),
    "node_port_range": Option("nodePort.range", "node-port-range", "node_port_range"),
    "bind_protection": Option("nodePort.bindProtection", "node-port-bind-protection", kind=bool),
    "auto_protect_port_range": Option("nodePort.autoProtectPortRange", "enable-auto-protect-node-port-range", kind=bool),
    "health_check_node_port": Option("nodePort.enableHealthCheck", "enable-health-check-nodeport", kind=bool),
    "health_address": Option("kubeProxyReplacementHealthzBindAddr", "kube-proxy-replacement-healthz-bind-address"),
    "host_namespace_only": Option("socketLB.hostNamespaceOnly", "bpf-lb-sock-hostns-only", "socket_lb_coverage", kind=bool,
                                  says=((True, "hostns-only"), (False, "full"))),
    "session_affinity": Option("sessionAffinity", "enable-session-affinity", "session_affinity", last=18, kind=bool, always=True),
    "graceful_termination": Option("enableK8sTerminatingEndpoint", "enable-k8s-terminating-endpoint", last=17, kind=bool),
}  # fmt: skip

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values of Cilium's chart that changed their meaning: data.

Sources: install/kubernetes/cilium/{values.yaml,templates/cilium-configmap.yaml,templates/validate.yaml} of 1.13.18 to 1.20.2, and for what the agent
refuses daemon/cmd/kube_proxy_replacement.go, daemon/cmd/daemon.go and pkg/kpr/initializer of the same versions. A minor is the number after "1.".
"""

from __future__ import annotations

import dataclasses

IGNORED, REFUSED, DEPRECATED = "ignored", "refused", "deprecated"
PARTS_ARE_GONE = "set kubeProxyReplacement=true, which does it; without that the chart cannot do it any more"


@dataclasses.dataclass(frozen=True)
class Dead:
    """A key that from a minor on is ignored, refused or deprecated, and what to use now."""

    path: str
    since: int
    effect: str
    use: str


DEAD = (
    Dead("hostServices", 12, IGNORED, "socketLB.enabled, or nothing: kubeProxyReplacement=true switches socket load balancing on"),
    Dead("externalIPs", 18, IGNORED, PARTS_ARE_GONE),
    Dead("hostPort", 18, IGNORED, PARTS_ARE_GONE),
    Dead("nodePort.enabled", 19, IGNORED, PARTS_ARE_GONE),
    Dead("sessionAffinity", 19, IGNORED, "leave it out: it is always on"),
    Dead("loadBalancer.standalone", 20, IGNORED, "leave it out: it does not exist any more"),
    Dead("tunnel", 15, REFUSED, "routingMode=tunnel with tunnelProtocol=vxlan or geneve, or routingMode=native for tunnel=disabled"),
    Dead("tunnel", 14, DEPRECATED, "routingMode and tunnelProtocol"),
    Dead("enableK8sEventHandover", 15, REFUSED, "leave it out"),
    Dead("enableCnpStatusUpdates", 15, REFUSED, "leave it out"),
    Dead("endpointStatus", 16, REFUSED, "leave it out"),
    Dead("remoteNodeIdentity", 16, REFUSED, "leave it out: it is always on"),
    Dead("containerRuntime.integration", 16, REFUSED, "leave it out"),
    Dead("etcd.managed", 16, REFUSED, "an etcd of your own, or no etcd at all"),
    Dead("encryption.keyFile", 16, REFUSED, "encryption.ipsec.keyFile"),
    Dead("encryption.mountPath", 16, REFUSED, "encryption.ipsec.mountPath"),
    Dead("encryption.secretName", 16, REFUSED, "encryption.ipsec.secretName"),
    Dead("encryption.interface", 16, REFUSED, "encryption.ipsec.interface"),
    Dead("proxy.prometheus", 16, REFUSED, "envoy.prometheus"),
    Dead("enableCiliumEndpointSlice", 18, REFUSED, "ciliumEndpointSlice.enabled"),
    Dead("ciliumEndpointSlice.sliceMode", 18, REFUSED, "leave it out"),
    Dead("localRedirectPolicy", 20, DEPRECATED, "localRedirectPolicies.enabled"),
)

# Words of kubeProxyReplacement by first minor: accepted without complaint, accepted with a deprecation.
KPR_WORDS = (
    (16, {"true", "false"}, set()),
    (14, {"true", "false"}, {"strict", "partial", "disabled"}),
    (13, {"strict", "partial", "disabled"}, set()),
)
# What the words that 1.16 took away are called since. With partial, as with false, the parts' own keys count; with disabled they did not.
KPR_WORDS_NOW = {"disabled": False, "partial": False, "strict": True}

# Keys that must be booleans: from 1.16 on the chart's schema refuses "true" as text.
BOOLEANS = ("bpf.masquerade", "enableIPv4Masquerade", "enableIPv6Masquerade", "installNoConntrackIptablesRules", "nodePort.autoProtectPortRange",
            "nodePort.bindProtection", "nodePort.enableHealthCheck", "rollOutCiliumPods", "socketLB.enabled")
SCHEMA_SINCE = 16

#: From this minor on the chart finds the API's address itself for k8sServiceHost: auto (templates/_helpers.tpl).
AUTO_SINCE = 16

#: The first release that answers a pod which asks another node's NodePort with DSR and has its backend beside it (cilium/cilium#41963; seen without at 1.19.1).
DSR_BESIDE = (1, 19, 3)

#: What DSR by Geneve puts around a packet, and in it for IPv4 and IPv6, in bytes: headers of IPv4, UDP, Geneve and Ethernet (20 + 8 + 8 + 14), and
#: struct geneve_dsr_opt4 and 6 (bpf/lib/nodeport.h, bpf/lib/tunnel.h of 1.14 to 1.20). Pods' MTU leaves room for the headers in a tunnel, and with
#: native routing for nothing (WithoutMTUAdaptation in pkg/datapath/tunnel/cell.go).
GENEVE_HEADER, GENEVE_OPTION = 50, (12, 24)

MODES = ("snat", "dsr", "hybrid", "annotation")
ALGORITHMS = ("random", "maglev")
#: Word -> the first minor of the table that takes it.
ACCELERATIONS = {"disabled": 13, "native": 13, "best-effort": 15, "testing-only": 13}
#: From this minor on a tunnel without an underlayProtocol goes over IPv6 where there is no IPv4 (pkg/datapath/tunnel/tunnel.go), and over IPv4 before.
UNDERLAY_AUTO_SINCE = 20
MAGLEV_SIZES = (251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium needs of a kernel beyond its version: data with sources.

SYSTEM is Documentation/operations/system_requirements.rst, KPR Documentation/network/kubernetes/kubeproxy-free.rst of Cilium, read at 1.13.18 to
1.20.2.
"""

from __future__ import annotations

import dataclasses

SYSTEM = "Cilium, System Requirements"
KPR = "Cilium, Kubernetes Without kube-proxy"
KERNEL = "install a kernel that has it, for example the distribution's own generic one"
MODULE = "install the package with the kernel's further modules (linux-modules-extra, kernel-modules-extra, ...), or " + KERNEL


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of the kernel's configuration that a feature needs in Cilium first to last."""

    feature: str
    subject: str
    options: tuple
    missing: str
    remedy: str = KERNEL
    source: str = SYSTEM
    first: tuple = (1, 13)
    last: tuple = (99, 0)


OPTIONS = (
    Options("base", "eBPF", ("BPF", "BPF_SYSCALL", "BPF_JIT"), "blocker"),
    Options("base", "eBPF on devices", ("NET_CLS_BPF", "NET_CLS_ACT", "NET_SCH_INGRESS"), "blocker", MODULE),
    Options("base", "eBPF in cgroups", ("CGROUPS", "CGROUP_BPF"), "blocker"),
    Options("base", "events from eBPF", ("PERF_EVENTS",), "blocker"),
    Options("base", "hashes", ("CRYPTO_SHA1",), "warning"),
    # Documented as needed; 1.19.1 was seen to run without both.
    Options("base", "hashes from user space", ("CRYPTO_USER_API_HASH",), "note", MODULE, last=(1, 19)),
    Options("base", "scheduler statistics", ("SCHEDSTATS",), "note", first=(1, 16)),
    Options("base", "tracing events", ("BPF_EVENTS",), "warning", first=(1, 20)),
    Options("base", "type information", ("DEBUG_INFO_BTF",), "warning", first=(1, 20)),
    Options("base", "policy routing", ("FIB_RULES",), "blocker"),
    Options(
        "kube_proxy_replacement",
        "ending of UDP sockets to dead backends",
        ("INET_DIAG", "INET_UDP_DIAG", "INET_DIAG_DESTROY"),
        "warning",
        "without it pods go on sending UDP (DNS) to backends that are gone: " + MODULE,
        KPR,
        (1, 15),
    ),
    Options(
        "iptables_masquerade",
        "masquerading by iptables",
        ("NETFILTER_XT_SET", "IP_SET", "IP_SET_HASH_IP", "NETFILTER_XT_MATCH_COMMENT"),
        "blocker",
        "masquerade by eBPF (bpf.masquerade=true), or " + MODULE,
    ),
    Options("tunnel_vxlan", "VXLAN tunnels", ("VXLAN",), "blocker", "use native routing, or " + MODULE),
    Options("tunnel_geneve", "Geneve tunnels", ("GENEVE",), "blocker", "use VXLAN or native routing, or " + MODULE),
    Options(
        "dsr_geneve", "DSR by Geneve", ("GENEVE",), "blocker", "use loadBalancer.dsrDispatch=opt with native routing, or loadBalancer.mode=snat", KPR, (1, 14)
    ),
    Options(
        "l7_proxy",
        "policies on layer 7 and DNS names",
        ("NETFILTER_XT_TARGET_TPROXY", "NETFILTER_XT_TARGET_MARK", "NETFILTER_XT_TARGET_CT", "NETFILTER_XT_MATCH_MARK", "NETFILTER_XT_MATCH_SOCKET"),
        "warning",
        "switch it off (l7Proxy=false) if no such policy is used, or " + MODULE,
    ),
    Options("bandwidth_manager", "bandwidth manager", ("NET_SCH_FQ",), "blocker", "switch it off (bandwidthManager.enabled=false), or " + MODULE),
    Options("netkit", "netkit devices", ("NETKIT",), "blocker", "use bpf.datapathMode=veth, or " + KERNEL, first=(1, 16)),
    Options("wireguard", "WireGuard", ("WIREGUARD",), "blocker", MODULE),
)

# Feature -> (least upstream version, what it brings, how bad it is without)
VERSIONS = {
    "kube_proxy_replacement": (
        ((4, 19, 57), "translation of UDP sockets", "blocker"),
        ((5, 7, 0), "full session affinity and socketLB.hostNamespaceOnly", "warning"),
    ),
    "wireguard": (((5, 6, 0), "WireGuard", "blocker"),),
    "bpf_host_routing": (((5, 10, 0), "routing by eBPF", "warning"),),
    "big_tcp_ipv6": (((5, 19, 0), "BIG TCP for IPv6", "blocker"),),
    "big_tcp_ipv4": (((6, 3, 0), "BIG TCP for IPv4", "blocker"),),
    "netkit": (((6, 8, 0), "netkit devices", "blocker"),),
    "bandwidth_manager": (((5, 1, 0), "the bandwidth manager", "blocker"),),
}
FEATURES = tuple(sorted({rule.feature for rule in OPTIONS} - {"base"} | set(VERSIONS) | {"service_mounts"}))

# Mounts of NFS and SMB (so Longhorn, Portworx, Robin) through a Service's address hang without four fixes (0bdf399342c5, 86a7e0b69bd5,
# 01b2885d9415, cedc019b9f26). All are of autumn 2023, so any kernel from 6.7 on has them. (family, upstream series) -> first build that has them.
MOUNTS_UPSTREAM = (6, 7, 0)
MOUNTS = {("el", (4, 18)): (553, 8, 1), ("el", (5, 14)): (427, 31, 1), ("ubuntu", (5, 4)): (187,), ("ubuntu", (5, 15)): (113,), ("ubuntu", (6, 5)): (41,)}
MOUNTS_OF = {"el": "RHEL and rebuilds", "ubuntu": "Ubuntu (generic, lowlatency)"}
UBUNTU_FLAVOURS = frozenset({"generic", "lowlatency"})  # the others count their builds differently
# Red Hat ports features back without changing the version; this is what Cilium's documentation takes 4.18.0-BUILD.el8 for.
EL8_EQUALS = ((372, (5, 10, 0)), (80, (4, 19, 57)))


def safe_mounts():
    """Whose kernel -> the first ones on which such mounts do not hang."""
    found = {"mainline": [".".join(map(str, MOUNTS_UPSTREAM))]}
    for (family, series), build in MOUNTS.items():
        found.setdefault(MOUNTS_OF[family], []).append(f"{'.'.join(map(str, series))}.0-{'.'.join(map(str, build))}")
    return found

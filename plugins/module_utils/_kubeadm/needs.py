# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm and Cilium need of a node: data.

Sources: cmd/kubeadm/app/preflight of Kubernetes 1.22 to 1.34 (br_netfilter until 1.29, kubernetes/kubernetes#123464; crictl until 1.30, #124685),
cni.binPath of Cilium's chart, containerd's docs/cri/config.md, Kubernetes' "Configuring a cgroup driver".
"""

from __future__ import annotations

import dataclasses
from typing import Optional


@dataclasses.dataclass(frozen=True)
class Sysctl:
    """A setting of the kernel that has to be 1 where pods have addresses of the family, in Kubernetes up to last; module: what brings it."""

    name: str
    family: int
    last: tuple[int, int] = (99, 0)
    module: Optional[str] = None


SYSCTLS = (
    Sysctl("net.ipv4.ip_forward", 4),
    Sysctl("net.ipv6.conf.all.forwarding", 6),
    Sysctl("net.ipv6.conf.default.forwarding", 6),
    Sysctl("net.bridge.bridge-nf-call-iptables", 4, (1, 29), "br_netfilter"),
    Sysctl("net.bridge.bridge-nf-call-ip6tables", 6, (1, 29), "br_netfilter"),
)

#: Programs and how they say their version; packages of the same names bring them, and kubeadm's brings crictl with it (cri-tools).
PROGRAMS = {
    "crictl": ("--version",),
    "kubeadm": ("version", "-o", "short"),
    "kubelet": ("--version",),
    "kubectl": ("version", "--client"),
    "containerd": ("--version",),
}
NEEDED_PROGRAMS = ("kubeadm", "kubelet")
#: The last version whose kubeadm asks the container runtime through crictl, of whichever version.
LAST_WITH_CRICTL = (1, 30)

#: Names under which containerd's parts for Kubernetes can be switched off: as Docker's package has it, and by version.
CRI_PLUGINS = frozenset({"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"})
#: From its configuration's version 3 on (containerd 2) and Kubernetes 1.31 on, kubelet takes over containerd's cgroup driver.
DRIVER_IS_TOLD = (3, (1, 31))
CNI_PROGRAMS = "/opt/cni/bin"

#: Other distributions of Kubernetes, by the folder that their nodes have.
OTHERS = {"k3s": "var/lib/rancher/k3s/agent", "RKE2": "var/lib/rancher/rke2/agent"}

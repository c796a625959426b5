# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings that kube-proxy makes and nobody takes back. They are reported only: others may rely on them by now, and a smaller
nf_conntrack_max would drop connections.

Sources: cmd/kube-proxy/app/conntrack.go, pkg/proxy/iptables/proxier.go and pkg/proxy/ipvs/proxier.go of Kubernetes.
"""

from __future__ import annotations

NAMES = (
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    "net.netfilter.nf_conntrack_udp_timeout",
    "net.netfilter.nf_conntrack_udp_timeout_stream",
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv4.vs.expire_nodest_conn",
    "net.ipv4.vs.expire_quiescent_template",
    "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.conf.all.arp_announce",
)


def read(root: str = "/proc/sys") -> dict[str, str]:
    """Those that this kernel has."""
    found = {}
    for name in NAMES:
        try:
            with open(f"{root}/{name.replace('.', '/')}", encoding="ascii") as file:
                found[name] = file.read().strip()
        except OSError:
            # not in this kernel, or its module is not loaded
            continue
    return found

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an agent's status as JSON (cilium-dbg status -o json, every version) to one normal form. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.document import Node


def from_json(document, place="$"):
    """The normal form of a StatusResponse."""
    root = Node(document, place)
    health = root.child("cilium")
    return {
        "kube_proxy_replacement": replacement(root.child("kube-proxy-replacement")),
        "features": features(root.child("kube-proxy-replacement").child("features")),
        "version": words.version(health.text("msg")),
        "health": {"state": lower(health.text("state")), "message": health.text("msg")},
        "controllers_failing": controllers(root),
        "masquerading": masquerading(root.child("masquerading")),
        "routing": routing(root.child("routing")),
        "unread": root.unread,
    }


def replacement(node):
    """The row KubeProxyReplacement."""
    mode = lower(node.text("mode"))
    if mode is not None and words.enabled(mode) is None:
        node.note(node.value["mode"], ".mode")
    return {
        "enabled": words.enabled(mode),
        "mode": mode,
        "devices": devices(node),
        "direct_routing_device": node.text("directRoutingDevice") or None,
    }


def devices(node):
    """Devices with addresses; versions before 1.10 know only the names."""
    found = []
    for item in node.objects("deviceList"):
        name = item.text("name")
        if not name:
            item.note(item.value)
            continue
        addresses = item.texts("ip")
        for address in addresses:
            if not words.is_address(address):
                item.note(address, ".ip")
        found.append({"name": name, "addresses": [address for address in addresses if words.is_address(address)]})
    return found or [{"name": name, "addresses": []} for name in node.texts("devices")]


def features(node):
    """What the agent does for Services. A missing key is false: Cilium leaves false out; no features at all is an empty mapping."""
    if not node.value:
        return {}
    node_port = node.child("nodePort")
    socket_lb = node.child("socketLB" if node.has("socketLB") else "hostReachableServices")
    return {
        "node_port": node_port.flag("enabled"),
        "node_port_range": port_range(node_port.number("portMin"), node_port.number("portMax")),
        "mode": lower(node_port.text("mode")),
        "dsr_dispatch": lower(node_port.text("dsrMode")),
        "algorithm": lower(node_port.text("algorithm")),
        "table_size": node_port.number("lutSize"),
        "acceleration": lower(node_port.text("acceleration")),
        "host_port": node.child("hostPort").flag("enabled"),
        "external_ips": node.child("externalIPs").flag("enabled"),
        "socket_lb": socket_lb.flag("enabled"),
        "socket_lb_coverage": "hostns-only" if node.flag("bpfSocketLBHostnsOnly") else "full",
        "session_affinity": node.child("sessionAffinity").flag("enabled"),
        "nat46_64": node.child("nat46X64").flag("enabled"),
    }


def controllers(root):
    """The controllers whose last runs failed."""
    failing = []
    for item in root.objects("controllers"):
        status = item.child("status")
        count = status.number("consecutive-failure-count") or 0
        if count > 0:
            failing.append({"name": item.text("name"), "failures": count, "message": status.text("last-failure-msg")})
    return failing


def masquerading(node):
    """Who masquerades: bpf, iptables or disabled; None when the agent does not say."""
    if not node.value:
        return None
    protocols = node.child("enabledProtocols")
    on = protocols.flag("ipv4") or protocols.flag("ipv6") if node.has("enabledProtocols") else node.flag("enabled")
    return (lower(node.text("mode")) or None) if on else "disabled"


def routing(node):
    """How packets travel between hosts and within one; None when the agent does not say."""
    if not node.value:
        return None
    return {"network": lower(node.text("inter-host-routing-mode")), "host": lower(node.text("intra-host-routing-mode")),
            "protocol": lower(node.text("tunnel-protocol"))}


def port_range(low, high):
    """low-high, or None."""
    return f"{low}-{high}" if low and high else None


def lower(text):
    """Lower case, None stays None."""
    return text.lower() if text else None

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices, their addresses, and on which of them an agent without the setting `devices` would serve NodePorts. Pure.

The choice repeats isSelectedDevice() of Cilium 1.14 to 1.20 (pkg/datapath/linux/devices_controller.go) and ExcludedDevicePrefixes
(pkg/defaults/node.go).
"""
from __future__ import annotations

import ipaddress

PREFIXES = ("cilium_", "lo", "lxc", "cni", "docker")
BRIDGES = ("bridge", "openvswitch")


def devices(links, routes):
    """Return name -> {addresses, default_route, passed_over (why an agent would not choose it, None if it would)} of those that have an address.

    links and routes are what `ip -json -details address show` and `ip -json route show table all`, of both families, print.
    """
    described = {}
    for link in links:
        name = link["ifname"]
        addresses = [entry["local"] for entry in link.get("addr_info") or [] if entry.get("local") and not _is_local(entry["local"])]
        if not addresses:
            continue
        own = [route for route in routes if route.get("dev") == name]
        described[name] = {
            "addresses": addresses,
            "default_route": any(route.get("dst") == "default" for route in own),
            "passed_over": passed_over(link, own),
        }
    return described


def _is_local(address):
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_link_local


def passed_over(link, routes):
    """Why an agent does not choose the device, or None."""
    name, flags = link["ifname"], link.get("flags") or []
    kind = (link.get("linkinfo") or {}).get("info_kind")
    if not link.get("addr_info"):
        return "it has no address"
    if "UP" not in flags:
        return "it is down"
    if "LOOPBACK" in flags or "SLAVE" in flags:
        return "it is a loopback device" if "LOOPBACK" in flags else "it belongs to a bond"
    if link.get("master"):
        return f"it belongs to {link['master']}"
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
    if prefix:
        return f"its name begins with {prefix}"
    if kind == "veth" and not any(route.get("dst") == "default" for route in routes):
        return "it is one end of a veth pair and has no default route"
    if kind in BRIDGES:
        return "it is a bridge"
    if not any(_is_global(route.get("dst", "")) for route in routes):
        return "it has no route to a global address"
    return None


def _is_global(destination):
    """True for a route whose destination is a unicast address, or everything."""
    if destination == "default":
        return True
    try:
        address = ipaddress.ip_interface(destination).ip
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)

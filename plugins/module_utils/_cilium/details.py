# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row KubeProxyReplacement and the block KubeProxyReplacement Details of a status text. Pure.

The layouts are those of pkg/client/client.go, FormatStatusResponse, of Cilium 1.7 to 1.20. Readers raise Unreadable for a value that no
version prints.
"""

from __future__ import annotations

import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.rows import split

GROUPS = re.compile(r"(?:\s*\[[^\[\]]*\])*\s*")
GROUP = re.compile(r"\[([^\[\]]*)\]")
DIRECT_ROUTING = re.compile(r"\s*\((?:Direct Routing|DR)\)$")
COMMA = re.compile(r",(?![^(]*\))")  # not the ones between parentheses
RANGE = re.compile(r"\d+-\d+")
PORTS = re.compile(r"(Enabled|Disabled)(?: \(Range: (\d+-\d+)\))?")
SELECTION = re.compile(r"(\w+)(?: \(Table Size: (\d+)\))?")
# Up to 1.8 the row itself lists features.
LISTED = {"NodePort": "node_port", "HostPort": "host_port", "ExternalIPs": "external_ips", "HostReachableServices": "socket_lb",
          "HostReachableServicesTCP": "socket_lb", "HostReachableServicesUDP": "socket_lb", "SessionAffinity": "session_affinity"}


class Unreadable(ValueError):
    """The text has not the form that any version prints."""


def kpr_row(value, report):
    """(kube_proxy_replacement, features) of the row's value; report(text) is told what cannot be read of it."""
    mode, blank, rest = value.partition(" ")
    if not GROUPS.fullmatch(rest):
        report(rest.strip())
    kpr, features = kpr_mode(mode, report), {}
    for group in GROUP.findall(rest):
        items = [item.strip() for item in COMMA.split(group) if item.strip()]
        if items and items[0].partition(" ")[0] in LISTED:
            features.update(listed_features(items, report))
        else:
            kpr.update(devices(items, report))
    return kpr, features


def kpr_mode(word, report):
    """kube_proxy_replacement with nothing but its mode."""
    mode = word.lower() or None
    if words.enabled(mode) is None:
        report(word)
    return dict(words.empty_kpr(), mode=mode, enabled=words.enabled(mode))


def devices(items, report):
    """devices and direct_routing_device from items like "eth0 192.0.2.1 fe80::1 (Direct Routing)"."""
    found, direct = [], None
    for item in items:
        name, *addresses = DIRECT_ROUTING.sub("", item).split() or [""]
        if not name or not all(words.is_address(address) for address in addresses):
            report(item)
            continue
        found.append({"name": name, "addresses": addresses})
        if DIRECT_ROUTING.search(item):
            direct = name
    return {"devices": found, "direct_routing_device": direct}


def listed_features(items, report):
    """Features from items like "NodePort (SNAT, 30000-32767, XDP: NONE)" (up to 1.8)."""
    found = {}
    for item in items:
        name, bracket, inside = item.partition(" (")
        if name not in LISTED:
            report(item)
            continue
        found[LISTED[name]] = True
        words_inside = [word.strip() for word in inside.rstrip(")").split(",") if word.strip()] if name == "NodePort" else []
        for word in words_inside:
            if RANGE.fullmatch(word):
                found["node_port_range"] = word
            elif word.startswith("XDP:"):
                found["acceleration"] = word[4:].strip().lower()
            elif word.lower() in ("snat", "dsr", "hybrid"):
                found["mode"] = word.lower()
            else:
                report(item)
    return found


def _switch(value):
    if value not in ("Enabled", "Disabled"):
        raise Unreadable(value)
    return value == "Enabled"


def _node_port(value):
    match = PORTS.fullmatch(value)
    if not match:
        raise Unreadable(value)
    return {"node_port": match[1] == "Enabled", "node_port_range": match[2]}


def _selection(value):
    match = SELECTION.fullmatch(value)
    if not match:
        raise Unreadable(value)
    return {"algorithm": match[1].lower(), "table_size": int(match[2]) if match[2] else None}


def _one(name, convert):
    return lambda value: {name: convert(value)}


# label -> its features; None: recognised, and nothing is read from it
LABELS = {
    "Protocols": _one("socket_lb", lambda value: value != "Disabled"),  # to 1.10; empty is impossible: the row then says Disabled
    "Socket LB Protocols": _one("socket_lb", lambda value: value != "Disabled"),
    "Socket LB": _one("socket_lb", _switch),
    "Socket LB Tracing": None,
    "Socket LB Coverage": _one("socket_lb_coverage", str.lower),
    "Mode": _one("mode", str.lower),
    "DSR Dispatch Mode": _one("dsr_dispatch", str.lower),
    "Backend Selection": _selection,
    "Session Affinity": _one("session_affinity", _switch),
    "Graceful Termination": None,
    "XDP Acceleration": _one("acceleration", str.lower),
    "Services": None,
    "ClusterIP": None,
    "NodePort": _node_port,
    "LoadBalancer": None,
    "externalIPs": _one("external_ips", _switch),
    "HostPort": _one("host_port", _switch),
}


def block(lines):
    """(kube_proxy_replacement, features, unread) of the lines below KubeProxyReplacement Details."""
    kpr, features, unread, above = words.empty_kpr(), words.empty_features(), [], None
    for line in lines:
        label, value = split(line)
        listed = line.text.strip().startswith("- ")
        label = label.removeprefix("- ") if label else None
        above = above if listed or label == "Prefixes" else label

        def report(text, line=line):
            unread.append(line.unread(text))

        if above == "Annotations":
            continue
        if above == "NAT46/64 Support":
            # Without a value the agent lists below it what it does for Services and as a gateway.
            features["nat46_64"] = value != "Disabled" if label == above else features["nat46_64"]
        elif label == "Status":
            kpr.update(kpr_mode(value, report))
        elif label == "Devices":
            kpr.update(devices([item.strip() for item in value.split(",") if item.strip()], report))
        elif label not in LABELS:
            report(line.text)
        elif LABELS[label]:
            try:
                features.update(LABELS[label](value))
            except Unreadable:
                report(value)
    if kpr["mode"] and features["socket_lb"] is None:
        features["socket_lb"] = False  # 1.9 to 1.11 leave the row out when it is off
    return kpr, features, unread

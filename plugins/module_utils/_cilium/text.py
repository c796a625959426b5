# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an agent's status as text (cilium status, cilium-dbg status, with or without --verbose) to the normal form. Pure."""

from __future__ import annotations

import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import details, words
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.rows import rows

CELLS = re.compile(r"\s{2,}")
ROUTING = re.compile(r"Network: (\w+)(?: \[(\w+)\])?\s+Host: (\w+)")
HEALTH = re.compile(r"(\w+)(?:\s+(.*))?")
# Rows of FormatStatusResponse, 1.7 to 1.20, and of "cilium-dbg status" around it, that are recognised and not read.
OTHER = frozenset({
    "KVStore", "ContainerRuntime", "Kubernetes", "Kubernetes APIs", "Host firewall", "SRv6", "CNI Chaining", "CNI Config file", "Stale status",
    "NodeMonitor", "Cilium health daemon", "IPAM", "Allocated addresses", "ClusterMesh", "IPv4 BIG TCP", "IPv6 BIG TCP", "BandwidthManager",
    "Host Routing", "Attach Mode", "Device Mode", "Clock Source for BPF", "Proxy Status", "Global Identity Range", "Hubble", "BPF Maps", "Encryption",
    "Cluster health", "Modules Health",
})
# What kubectl exec and the table of cluster health write at the margin.
NOISE = re.compile(r"Defaulted container |Name\s+IP\s+Node")


def from_lines(lines):
    """The normal form of a status text."""
    found = words.empty_status()
    replacements = []
    for row in rows(lines):
        try:
            if row.label == "KubeProxyReplacement":
                kpr, features = details.kpr_row(row.value, lambda part, line=row.line: found["unread"].append(line.unread(part)))
                replacements.append((row, kpr))
                found["features"] = found["features"] or ({**words.empty_features(), **features} if features else {})
            elif row.label == "KubeProxyReplacement Details":
                kpr, found["features"], unread = details.block(row.below)
                found["unread"] += unread
                if kpr["mode"]:
                    replacements.append((row, kpr))
            elif row.label in READERS:
                found.update(READERS[row.label](row))
            elif row.label not in OTHER and not NOISE.match(row.line.text):
                found["unread"] += [line.unread() for line in (row.line, *row.below)]
        except details.Unreadable:
            found["unread"].append(row.line.unread())
    found["kube_proxy_replacement"] = agreed(replacements, found["unread"])
    return found


def agreed(replacements, unread):
    """What the row and the details say; of several agents in one text only what all of them say."""
    if not replacements:
        return words.empty_kpr()
    first = replacements[0][1]
    others = [(row, kpr) for row, kpr in replacements[1:] if row.label == "KubeProxyReplacement" or kpr["mode"] != first["mode"]]
    unread += [row.line.unread() for row, kpr in others]
    if any(kpr["mode"] != first["mode"] for row, kpr in others):
        return words.empty_kpr()
    return next((kpr for row, kpr in replacements if kpr["devices"]), first)


def _health(row):
    match = HEALTH.fullmatch(row.value)
    if not match:
        raise details.Unreadable(row.value)
    return {"health": {"state": match[1].lower(), "message": match[2]}, "version": words.version(match[2])}


def _masquerading(row):
    word = row.value.partition(" ")[0].lower()
    if word not in ("bpf", "iptables", "disabled", "enabled"):
        raise details.Unreadable(row.value)
    return {"masquerading": None if word == "enabled" else word}


def _routing(row):
    match = ROUTING.fullmatch(row.value)
    if not match:
        raise details.Unreadable(row.value)
    return {"routing": {"network": match[1].lower(), "protocol": match[2], "host": match[3].lower()}}


def _controllers(row):
    failing = []
    for line in row.below:
        cells = CELLS.split(line.text.strip(), maxsplit=4)
        if len(cells) == 5 and cells[3].isdigit() and int(cells[3]) > 0:
            failing.append({"name": cells[0], "failures": int(cells[3]), "message": cells[4]})
    return {"controllers_failing": failing}


READERS = {"Cilium": _health, "Masquerading": _masquerading, "Routing": _routing, "Controller Status": _controllers}

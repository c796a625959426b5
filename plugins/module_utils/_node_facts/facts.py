# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of a node's facts in one go; nothing is changed."""
from __future__ import annotations

import json
import platform
import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import judge, probe
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import connections, health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Busy, Refused
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.cleanup import Cleanup, Settings
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._node_facts import api_server, cni, devices, portmap, processes

ADDRESSES = ("ip", "-json", "-details", "address", "show")
ROUTES = (("ip", "-json", "-4", "route", "show", "table", "all"), ("ip", "-json", "-6", "route", "show", "table", "all"))


class Reader:
    """Runs programs; what fails is told in unread and gives nothing."""

    def __init__(self):
        self.unread = []

    def text(self, *argv):
        """What the program printed, or None."""
        program = tools.which(argv[0])
        if not program:
            self.unread.append(f"{argv[0]}: not found in {tools.SEARCH_PATH}")
            return None
        try:
            return tools.run([program, *argv[1:]])
        except (tools.ToolFailed, OSError) as error:
            self.unread.append(str(error))
            return None

    def json(self, *argv):
        """What the program printed, as JSON, or None."""
        text = self.text(*argv)
        if text is None:
            return None
        try:
            return json.loads(text or "[]")
        except ValueError:
            self.unread.append(f"'{' '.join(argv)}' printed no JSON: {text[:80]}")
            return None


def gather(api_servers, api_timeout, cilium_version, kernel_features, translations=False, health_port=health.PORT):
    """Return the facts."""
    reader = Reader()
    links, routes = reader.json(*ADDRESSES), [reader.json(*argv) for argv in ROUTES]
    found = devices.devices(links, [route for family in routes for route in family or []]) if links is not None and routes[0] is not None else None
    dump = reader.text("iptables-save", "-t", "nat")
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "kubelet": _version(reader.text("kubelet", "--version")),
        "iptables": iptables(reader.text("iptables", "--version")),
        "kernel_check": _kernel_check(cilium_version, kernel_features) if cilium_version else None,
        "rules": _rules(reader),
        "connections": _connections(reader) if translations else None,
        "socket_programs": _socket_programs(reader) if translations else None,
        "programs": processes.watched(),
        "health_port": {"port": health_port, "listeners": processes.listeners(health_port)},
        "devices": found,
        "cni": cni.configurations(),
        "host_ports": None if dump is None else portmap.host_ports(dump),
        "api": [api_server.probe(one["host"], one["port"], api_timeout) for one in api_servers],
        "unread": reader.unread,
    }


def _kernel_check(cilium_version, features):
    """What the module kernel_check says, less what is well."""
    kernel = probe.look()
    verdicts = judge.verdicts(kernel, kernel["parsed"], cilium_version, features)
    return {"features": judge.by_feature(verdicts), "verdicts": [one for one in verdicts if one["status"] != "ok"]}


def _rules(reader):
    """What the clean-up would find and what would stop it, or None."""
    try:
        found = Cleanup(Settings(None, False, "", 0, 0, False, True, False)).inspected()
    except (Busy, Refused, tools.Missing, tools.ToolFailed, OSError) as error:
        reader.unread.append(f"rules: {error}")
        return None
    return {key: found[key] for key in ("found", "unknown", "unread", "unchecked", "foreign_references", "nftables_tables", "ipvs", "running", "clean")}


def _connections(reader):
    found = connections.translated()
    if found is None:
        reader.unread.append("connections: connection tracking cannot be asked; it takes root")
    return found


def _socket_programs(reader):
    found, error = probe.cgroup_programs()
    if error:
        reader.unread.append(f"programs at the root cgroup: {error}")
    return found


def _version(text):
    match = re.search(r"\bv\d+\.\d+\.\d+\S*", text or "")
    return match.group(0) if match else None


def iptables(text):
    """{version, backend} from "iptables v1.8.9 (nf_tables)"; before 1.8 there is no word in brackets, and only legacy."""
    match = re.search(r"v(\S+)(?: \((\w+)\))?", text or "")
    if not match:
        return None
    return {"version": match.group(1), "backend": "nft" if match.group(2) == "nf_tables" else "legacy"}

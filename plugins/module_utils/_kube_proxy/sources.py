# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup of this node has in it: which file from which command."""

from __future__ import annotations

import os
from typing import Iterable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import ipvs, nftables_mode, sysctls
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.backup import BackupFailed, Source
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node


def sources(node: Node, leftovers: ipvs.Leftovers, tables: Iterable[str]) -> list[Source]:
    found = []
    for backend in node.backends:
        if backend.tables() and backend.programs:
            found.append(Source(f"{backend.family}-{backend.name}", [*backend.programs.save, "-c"]))
    for family in tables:
        found.append(Source(f"{family}-{nftables_mode.TABLE}", [_program("nft"), "-a", "list", "table", family, nftables_mode.TABLE]))
    if leftovers.sets or leftovers.unknown_sets:
        found.append(Source("ipset", [_program("ipset"), "save"]))
    if leftovers.interface:
        found.append(Source(ipvs.INTERFACE, [_program("ip"), "-d", "addr", "show", "dev", ipvs.INTERFACE]))
    if os.path.exists(ipvs.SERVERS):
        found.append(Source("ip_vs", [_program("cat"), ipvs.SERVERS]))
    settings = [f"/proc/sys/{name.replace('.', '/')}" for name in sysctls.read()]
    return [*found, Source("sysctl", [_program("grep"), "-H", "", *settings])]


def _program(name: str) -> str:
    path = tools.which(name)
    if path is None:
        raise BackupFailed(f"no backup could be made, so nothing was changed: this host has no program {name}. Install it, or set backup to false")
    return path

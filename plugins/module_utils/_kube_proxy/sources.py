# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup of this node has in it: which file from which command."""

from __future__ import annotations

import os
from typing import Iterable, Sequence

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import ipvs, nftables_mode, sysctls
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.backup import BackupFailed, Source
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node


def sources(node: Node, plans: Sequence[TablePlan], leftovers: ipvs.Leftovers, tables: Iterable[str]) -> list[Source]:
    """Raises BackupFailed where something could not be saved for want of a program."""
    try:
        return list(_sources(node, plans, leftovers, tables))
    except tools.Missing as error:
        raise BackupFailed(f"no backup could be made, so nothing was changed: {error}, or with backup (kube_proxy_cleanup_backup) set to false") from error


def _sources(node: Node, plans: Sequence[TablePlan], leftovers: ipvs.Leftovers, tables: Iterable[str]) -> Iterable[Source]:
    for backend in node.backends:
        programs = backend.programs
        if programs is None and any(node.backend(made) is backend and not made.empty for made in plans):
            programs = tools.need_all(backend.name, backend.family)
        if programs and backend.tables():
            yield Source(f"{backend.family}-{backend.name}", [*programs.save, "-c"])
    for family in tables:
        yield Source(f"{family}-{nftables_mode.TABLE}", [tools.need("nft"), "-a", "list", "table", family, nftables_mode.TABLE])
    if leftovers.sets or leftovers.needed_sets or leftovers.unknown_sets:
        yield Source("ipset", [tools.need("ipset"), "save"])
    if leftovers.interface:
        yield Source(ipvs.INTERFACE, [tools.need("ip"), "-d", "addr", "show", "dev", ipvs.INTERFACE])
    if os.path.exists(ipvs.SERVERS):
        yield Source("ip_vs", [tools.need("cat"), ipvs.SERVERS])
    settings = [f"/proc/sys/{name.replace('.', '/')}" for name in sysctls.read()]
    yield Source("sysctl", [tools.need("grep"), "-H", "", *settings])

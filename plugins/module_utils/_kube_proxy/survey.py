# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of iptables on this node, in both backends and families, and what is to be done about it."""

from __future__ import annotations

import contextlib
from typing import ContextManager, Optional, Union

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import legacy, tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.legacy import Legacy
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.model import FAMILIES
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables.nft import Nft, open_session
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import hostports, kubelet
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.owners import SHARED, TABLES, owner
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import TablePlan, interest, plan

Backend = Union[Legacy, Nft]


class Node:
    """The backends of this node, in its network namespace."""

    def __init__(self, kubelet_version: Optional[str]) -> None:
        # its version; given, or asked when it matters
        self.kubelet = kubelet_version
        self.session = open_session()
        self._lock: Optional[legacy.Lock] = None
        self.backends: list[Backend] = []
        # what could not be looked at
        self.unchecked: list[str] = []
        for family in FAMILIES:
            if self.session:
                self.backends.append(Nft(family, tools.find("nft", family), self.session))
            self._add_legacy(family)

    def _add_legacy(self, family: str) -> None:
        if not legacy.existing(family):
            return
        try:
            programs = tools.need_all("legacy", family)
        except tools.Missing as error:
            # Whoever has looked at a table of legacy has made it, and it stays, empty.
            names = legacy.in_use(family)
            if names:
                self.unchecked.append(f"legacy {family}: the kernel has rules in {', '.join(names)}, and {error}")
            return
        self._lock = self._lock or legacy.Lock(programs)
        self.backends.append(Legacy(family, programs, self._lock))

    def survey(self) -> list[TablePlan]:
        """The plans of all tables, in the order in which they are to be changed. Raises Overtaken if somebody changes them meanwhile.

        nat comes first, so that nothing is translated any more when the rules that let it pass go.
        """
        if self.session:
            self.session.begin()
        existing = [(backend, backend.tables()) for backend in self.backends]
        plans = [self._plan(one, name) for family in FAMILIES for name in TABLES for one, names in existing if one.family == family and name in names]
        if self.session:
            self.session.check()
        return plans

    def _plan(self, backend: Backend, name: str) -> TablePlan:
        table = backend.read(name, interest(name))
        if not any(owner(name, chain).kind == SHARED for chain in table.chains):
            return plan(table, None)
        self.kubelet = self.kubelet or kubelet.ask_version()
        return plan(table, kubelet.needs_shared(self.kubelet, table.chains) or hostports.needs_shared(table.chains))

    def backend(self, made: TablePlan) -> Backend:
        return next(one for one in self.backends if (one.name, one.family) == (made.table.backend, made.table.family))

    def exclusive(self) -> ContextManager[None]:
        """Holds the lock of the legacy backend. nf_tables needs none: its transactions are checked."""
        return self._lock.hold() if self._lock else contextlib.nullcontext()

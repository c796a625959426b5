# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module: look, refuse, save, take away, prove."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._iptables import tools
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup, ipvs, nftables_mode, processes, report, switch, sysctls
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Refused, apply, retrying
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.plan import Step, TablePlan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.sources import sources
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.survey import Node

# Seconds for kubelet to forget a pod that has just been deleted; its housekeeping runs every two.
LEAVING = 20


class Settings(NamedTuple):
    """Those of the module. Without any, enough for Cleanup(Settings()).inspected()."""

    kubelet_version: Optional[str] = None
    backup: bool = False
    backup_dir: str = ""
    backup_keep: int = 1
    confirm_timeout: int = 0
    kube_proxy_belongs_to_another_cluster: bool = False
    check_mode: bool = True
    diff_mode: bool = False


class Cleanup:
    """What kube-proxy left on this node, and what becomes of it. The methods return what the module returns."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.node = Node(settings.kubelet_version)
        self.running = processes.kube_proxy()
        self._look()

    def _look(self) -> None:
        self.plans = retrying(self.node.survey)
        self.ipvs = ipvs.discover()
        # family -> does kube-proxy's table see packets
        self.tables = nftables_mode.tables(self.node.session) if self.node.session else {}

    def inspected(self) -> dict[str, Any]:
        return {**self._describe(), "changed": False, "armed": bool(switch.armed()), "clean": self._clean()}

    def absent(self) -> dict[str, Any]:
        """Takes everything away; with a switch, only what leads packets to it, and the rest when that is confirmed."""
        waits = self.settings.confirm_timeout > 0 and bool(self._linked() or switch.armed())
        return self._change(Step(unlink=True, remove=not waits), waits)

    def confirm(self) -> dict[str, Any]:
        """Whoever calls this still reaches the node: disarms the switch and takes the rest away."""
        if not self.settings.check_mode:
            self._refuse(self.plans)
            switch.confirm()
            if self._linked():
                raise Refused(
                    f"there is nothing to confirm, for packets still come to kube-proxy's rules in {', '.join(self._linked())}. Call with state=absent first"
                )
        return self._change(Step(unlink=False, remove=True), False)

    def _change(self, step: Step, arm: bool) -> dict[str, Any]:
        plans = [made.only(step) for made in self.plans]
        tables = sorted(family for family, live in self.tables.items() if live or step.remove)
        changes = any(not made.empty for made in plans) or bool(tables) or (step.remove and bool(self.ipvs))
        gone = report.everything_removed(plans, {}, self.tables if step.remove else (), self.ipvs if step.remove else None)
        result = {**self._describe(), "removed": gone, "changed": changes, "armed": arm}
        if self.settings.diff_mode:
            result["diff"] = report.diff(plans, lambda made: self.node.backend(made).dump(made.table.name))
        if not self.settings.check_mode:
            self._refuse(self.plans)
            result.update(self._apply(step, tables, arm, changes))
        return {**result, "clean": self._clean()}

    def _apply(self, step: Step, tables: list[str], arm: bool, changes: bool) -> dict[str, Any]:
        result: dict[str, Any] = {}
        counts: report.Counts = {}
        # What is confirmed was saved when it was unlinked.
        if changes and step.unlink and self.settings.backup:
            saved = backup.make(self.settings.backup_dir, self.settings.backup_keep, sources(self.node, self.ipvs, self.tables))
            counts = saved.rules
            result["backup"] = {"path": saved.path, "sha256": saved.sha256}
            result["found"] = report.found(self.plans, counts)
        if not arm:
            switch.disarm()

        def admit(plans: list[TablePlan]) -> None:
            self._refuse(plans)
            if arm:
                switch.arm(switch.pending(plans, tables), self.settings.confirm_timeout)

        done = apply(self.node, self.plans, step, admit)
        if tables:
            retrying(lambda: self._take_tables(step, tables))
        kept_sets = ipvs.remove(self.ipvs) if step.remove else []
        gone = report.everything_removed(done, counts, self.tables if step.remove else (), self.ipvs if step.remove else None)
        gone["sets"] = [name for name in gone["sets"] if name not in dict(kept_sets)]
        result["removed"] = gone
        self._look()
        result["kept"] = report.kept(self.plans) + [{"set": name, "why": why} for name, why in kept_sets]
        return result

    def _take_tables(self, step: Step, families: list[str]) -> None:
        session = self.node.session
        if session:
            session.begin()
            (nftables_mode.remove if step.remove else nftables_mode.unlink)(session, families)

    def _refuse(self, plans: list[TablePlan]) -> None:
        if self.running and not self.settings.kube_proxy_belongs_to_another_cluster:
            self.running = processes.kube_proxy(patience=LEAVING)
        if self.running and not self.settings.kube_proxy_belongs_to_another_cluster:
            raise Refused(
                f"kube-proxy still runs here ({self.running}) and would make its rules again; expected none. Take it from this node first: "
                "kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide"
            )
        found = report.references(plans)
        if found:
            first = found[0]
            raise Refused(
                f"{first['backend']} {first['family']} {first['table']}, chain {first['chain']}: a rule that is not kube-proxy's leads to its chain "
                f"{first['target']}: {first['rule']} ({len(found)} such in all); expected none. Find out whose it is, take it away there, and run this again"
            )
        if self.ipvs.servers and not tools.which("ipvsadm"):
            raise Refused(
                f"there are {len(self.ipvs.servers)} virtual servers of kube-proxy's IPVS mode and no program to delete them: apt-get install ipvsadm"
            )

    def _linked(self) -> list[str]:
        """Where packets still come to kube-proxy's rules."""
        rules = [str(made.table) for made in self.plans if made.jumps]
        return rules + [f"nft {family} {nftables_mode.TABLE}" for family, live in self.tables.items() if live]

    def _clean(self) -> bool:
        """Nothing of kube-proxy's is left, and nothing is hidden."""
        left = any(not made.empty or made.references for made in self.plans) or self.tables or self.ipvs
        return not (left or self.node.unchecked or self.ipvs.unchecked)

    def _describe(self) -> dict[str, Any]:
        return {
            "found": report.found(self.plans, {}),
            "kept": report.kept(self.plans),
            "unknown": report.unknown(self.plans),
            "unread": report.unread(self.plans),
            "unchecked": [*self.node.unchecked, *self.ipvs.unchecked],
            "foreign_references": report.references(self.plans),
            "nftables_tables": sorted(self.tables),
            "ipvs": report.ipvs(self.ipvs),
            "sysctls": sysctls.read(),
            "running": self.running,
            "kubelet_version": self.node.kubelet,
        }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module: look, refuse, save, take away, prove."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import backup, ipvs, nftables_mode, processes
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import relink, report, switch, sysctls
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy.apply import Differs, Refused, apply, retrying
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
        self._look()

    def _look(self) -> None:
        self.running = processes.kube_proxy()
        self.plans = retrying(self.node.survey)
        self.ipvs = ipvs.discover()
        if self.ipvs.sets:
            self.ipvs.keep_used(retrying(self._rules_that_stay))
        session = self.node.session
        # family -> does kube-proxy's table see packets
        self.tables = retrying(lambda: nftables_mode.tables(session)) if session else {}

    def _rules_that_stay(self) -> list[str]:
        """Their text, of all tables whose rules can be printed here."""
        found: list[str] = []
        for made in self.plans:
            goes = frozenset(made.chains)
            if self.node.backend(made).programs:
                found += [line for line in self._dump(made) if report.chain_of(line) not in goes]
        return found

    def _dump(self, made: TablePlan) -> list[str]:
        return self.node.backend(made).dump(made.table.name)

    def inspected(self) -> dict[str, Any]:
        return {**self._describe(), "changed": False, "armed": switch.is_armed(), "clean": self._clean()}

    def absent(self) -> dict[str, Any]:
        """Takes everything away; with a switch, only what leads packets to it, and the rest when that is confirmed."""
        waits = self.settings.confirm_timeout > 0 and bool(self._linked() or switch.is_armed())
        return self._change(Step(unlink=True, remove=not waits), arm=waits, saved=False)

    def confirm(self) -> dict[str, Any]:
        """Whoever calls this still reaches the node: disarms the switch and takes the rest away."""
        # then it was saved when it was unlinked
        saved = switch.is_armed()
        if not self.settings.check_mode:
            self._refuse_running()
            self._refuse(self.plans)
            switch.confirm()
            if self._linked():
                raise Refused(
                    f"there is nothing to confirm, for packets still come to kube-proxy's rules in {', '.join(self._linked())}; expected none to come there. "
                    "Call with state=absent first"
                )
        return self._change(Step(unlink=False, remove=True), arm=False, saved=saved)

    def _change(self, step: Step, arm: bool, saved: bool) -> dict[str, Any]:
        self._refuse(self.plans)
        if not self.settings.check_mode:
            self._refuse_running()
        plans = [made.only(step) for made in self.plans]
        leftovers = self.ipvs.only(step.unlink, step.remove)
        tables = sorted(family for family, live in self.tables.items() if live or step.remove)
        goes = tables if step.remove else []
        changes = any(not made.empty for made in plans) or bool(tables) or bool(leftovers)
        result = {**self._describe(), "removed": report.everything_removed(plans, {}, goes, leftovers), "changed": changes, "armed": arm}
        if self.settings.diff_mode:
            result["diff"] = retrying(lambda: report.diff(plans, self._dump)) + report.diff_of_objects(goes, leftovers)
        if not self.settings.check_mode:
            result.update(self._apply(step, tables, leftovers, arm, changes and not saved))
        return {**result, "clean": self._clean()}

    def _apply(self, step: Step, tables: list[str], leftovers: ipvs.Leftovers, arm: bool, save: bool) -> dict[str, Any]:
        result: dict[str, Any] = {}
        counts: report.Counts = {}
        if save and self.settings.backup:
            wanted = retrying(lambda: sources(self.node, self.plans, self.ipvs, self.tables))
            saved = backup.make(self.settings.backup_dir, self.settings.backup_keep, wanted)
            counts = saved.rules
            result["backup"] = {"path": saved.path, "sha256": saved.sha256}
            result["found"] = report.found(self.plans, counts)
        if not arm:
            switch.disarm()

        def admit(plans: list[TablePlan]) -> None:
            self.running = processes.kube_proxy()
            self._refuse_running()
            self._refuse(plans)
            if arm:
                switch.arm(relink.pending(plans, tables, leftovers), self.settings.confirm_timeout)

        if leftovers.serves:
            # before the rules go that masquerade for it
            admit(self.plans)
            ipvs.unlink(leftovers)
        try:
            done = apply(self.node, self.plans, step, admit)
        except Differs as error:
            folder = result["backup"]["path"] if "backup" in result else self.settings.backup_dir
            raise Differs(f"{error}. What was there before is in {folder} (zcat), if a backup was made") from None
        if tables:
            retrying(lambda: self._take_tables(step, tables))
        kept = ipvs.remove_sets(leftovers.sets)
        if arm:
            switch.complain_if_fired()
        leftovers.sets = [name for name in leftovers.sets if name not in kept]
        result["removed"] = report.everything_removed(done, counts, tables if step.remove else [], leftovers)
        self._look()
        self.ipvs.needed_sets.update(kept)
        return {**result, "kept": self._kept(), "running": self.running}

    def _take_tables(self, step: Step, families: list[str]) -> None:
        session = self.node.session
        if session:
            session.begin()
            (nftables_mode.remove if step.remove else nftables_mode.unlink)(session, families)

    def _refuse_running(self) -> None:
        if self.settings.kube_proxy_belongs_to_another_cluster or not self.running:
            return
        self.running = processes.kube_proxy(patience=LEAVING)
        if self.running:
            raise Refused(
                f"kube-proxy still runs here ({self.running}) and would make its rules again; expected none. Take it from this node first: "
                "kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide. If the cluster knows no such pod, kubelet could not take its folder away: "
                "see journalctl -u kubelet, and restart kubelet"
            )

    def _refuse(self, plans: list[TablePlan]) -> None:
        found = report.references(plans)
        if found:
            first = found[0]
            raise Refused(
                f"{first['backend']} {first['family']} {first['table']}, chain {first['chain']}: a rule that is not kube-proxy's leads to its chain "
                f"{first['target']}: {first['rule']} ({len(found)} such in all); expected none. Find out whose it is, take it away there, and run this again"
            )
        unchecked = self._unchecked(plans)
        if unchecked:
            raise Refused(f"not everything could be looked at, and rules of kube-proxy could hide there, so nothing was changed: {'; '.join(unchecked)}")

    def _unchecked(self, plans: list[TablePlan]) -> list[str]:
        return [*self.node.unchecked, *(why for made in plans for why in made.unchecked), *self.ipvs.unchecked]

    def _linked(self) -> list[str]:
        """Where packets still come to kube-proxy's rules."""
        rules = [str(made.table) for made in self.plans if made.jumps]
        tables = [f"nft {family} {nftables_mode.TABLE}" for family, live in self.tables.items() if live]
        return [*rules, *tables, *(["ipvs"] if self.ipvs.serves else [])]

    def _clean(self) -> bool:
        """Nothing of kube-proxy's is left, and nothing is hidden."""
        left = any(not made.empty or made.references for made in self.plans) or self.tables or self.ipvs
        return not (left or self._unchecked(self.plans))

    def _kept(self) -> list[dict[str, str]]:
        return report.kept(self.plans) + [{"set": name, "why": why} for name, why in self.ipvs.needed_sets.items()]

    def _describe(self) -> dict[str, Any]:
        return {
            "found": report.found(self.plans, {}),
            "kept": self._kept(),
            "unknown": report.unknown(self.plans),
            "unread": report.unread(self.plans),
            "unchecked": self._unchecked(self.plans),
            "foreign_references": report.references(self.plans),
            "nftables_tables": sorted(self.tables),
            "ipvs": report.ipvs(self.ipvs),
            "sysctls": sysctls.read(),
            "running": self.running,
            "kubelet_version": self.node.kubelet,
        }

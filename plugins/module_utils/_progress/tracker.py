# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run stands: from the facts that its tasks set, to events. Pure; private to this collection.

What is read are the names of the tasks in roles/handover/tasks/step.yml, roles/tune/tasks/phase.yml and roles/kubeadm_init/tasks/stage.yml and these facts:
kpr_cluster and kpr_node_name of a host, the run's kpr_plan and the host's steps (STEPS). Hosts of a step report one by one; an event tells of all of them, once
the next task begins.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._progress.calls import Calls, delegated_to, each, repeated, where

STEP = re.compile(r"(?:step|phase|stage) \| (Begin|Keep how long it took): (\w+)$")
STEPS = ("handover_steps", "tune_steps", "kubeadm_init_steps")
#: The step with which a node has arrived; after a failure, give_back is none.
LAST = ("accept", "give_back")


@dataclasses.dataclass
class Wave:
    hosts: list[str]
    began: Optional[float] = None
    ended: Optional[float] = None


@dataclasses.dataclass
class Cluster:
    """What this run does with one cluster."""

    name: str
    waves: list[Wave] = dataclasses.field(default_factory=list)
    arrived: set[str] = dataclasses.field(default_factory=set)
    halted: bool = False
    calls: Calls = dataclasses.field(default_factory=Calls)

    @property
    def total(self) -> int:
        return sum(len(wave.hosts) for wave in self.waves)

    def wave_of(self, host: str) -> Optional[int]:
        return next((number for number, wave in enumerate(self.waves) if host in wave.hosts), None)

    def present(self, host: str) -> Optional[int]:
        """The wave that is on its way with this host. What a host does for its whole cluster before and after belongs to none."""
        number = self.wave_of(host)
        return number if number is not None and self.waves[number].began is not None and self.waves[number].ended is None else None

    def arrive(self, hosts: set[str], now: float) -> None:
        self.arrived |= hosts
        for wave in self.waves:
            if wave.ended is None and self.arrived.issuperset(wave.hosts):
                wave.ended = now

    def remaining(self, now: float) -> Optional[float]:
        """Seconds that the waves still take if they take as long as those that are done; None as long as none is, or after a halt."""
        took = [wave.ended - wave.began for wave in self.waves if wave.began is not None and wave.ended is not None]
        if not took or self.halted:
            return None
        present = sum(now - wave.began for wave in self.waves if wave.began is not None and wave.ended is None)
        return max(0.0, sum(took) / len(took) * (len(self.waves) - len(took)) - present)


class Tracker:
    def __init__(self, now: float) -> None:
        self.started = now
        self.clusters: dict[str, Cluster] = {}
        self._places: dict[str, tuple[str, str]] = {}  # host: its cluster, its name as a node
        self._step: Optional[tuple[str, str]] = None  # the present task: Begin or Keep ..., and of which step
        self._reports: dict[str, dict[str, Any]] = {}  # host: what it reported of the present step

    def task(self, name: str, now: float) -> list[dict[str, Any]]:
        """A task begins, so all hosts have reported on the one before. Returns events."""
        events = self._collected(now)
        found = STEP.search(name)
        self._step = (found[1], found[2]) if found else None
        return events

    def result(self, host: str, facts: dict[str, Any], now: float) -> list[dict[str, Any]]:
        """A host has set facts. Returns events."""
        if "kpr_node_name" in facts and "kpr_cluster" in facts:
            self._places[host] = facts["kpr_cluster"], facts["kpr_node_name"]
            self.clusters.setdefault(facts["kpr_cluster"], Cluster(facts["kpr_cluster"]))
        if "kpr_plan" in facts:
            return self._plan(facts["kpr_plan"], now)
        if self._step and host in self._places:
            self._reports[host] = facts
        return []

    def call(self, host: str, action: str, arguments: dict[str, Any], delegated: bool, result: dict[str, Any]) -> None:
        """A task has run on a host."""
        name, _own = self._places.get(host, (None, ""))
        for one in each(result) if name is not None else ():
            there = delegated_to(one) if delegated else host  # a node may ask another one of its cluster
            place = where(action, arguments, delegated=there not in self._places)
            self.clusters[name].calls.add(place, self._places.get(there, (name, ""))[1], self.clusters[name].present(host), repeated(one))

    def calls(self, cluster: str) -> dict[str, Any]:
        """What the report tells of the calls so far: nodes (by name), api with waves (one number each) and besides, and how many were repeated."""
        if cluster not in self.clusters:
            return {}
        found = self.clusters[cluster]
        waves = [found.calls.api.get(number, 0) for number in range(len(found.waves))]
        return {"nodes": dict(found.calls.nodes), "api": {"waves": waves, "besides": found.calls.api.get(None, 0)}, "repeated": found.calls.repeated}

    def end(self, now: float) -> list[dict[str, Any]]:
        """The run ends. Returns events, the last one of each cluster among them."""
        return self._collected(now) + [self._event("end", cluster, now, halted=cluster.halted) for cluster in self.clusters.values()]

    def _plan(self, plan: dict[str, Any], now: float) -> list[dict[str, Any]]:
        for name, waves in plan["waves"].items():
            self.clusters.setdefault(name, Cluster(name)).waves = [Wave(list(hosts)) for hosts in waves]
        return [self._event("plan", cluster, now, planned=[self._names(wave.hosts) for wave in cluster.waves]) for cluster in self.clusters.values()]

    def _collected(self, now: float) -> list[dict[str, Any]]:
        reports, self._reports = self._reports, {}
        events = []
        for cluster in self.clusters.values():
            hosts = sorted(host for host in reports if self._places[host][0] == cluster.name)  # they answer in any order
            if hosts and self._step:
                began = self._step[0] == "Begin"
                events.append(self._began(cluster, hosts, now) if began else self._ended(cluster, {host: reports[host] for host in hosts}, now))
        return events

    def _began(self, cluster: Cluster, hosts: list[str], now: float) -> dict[str, Any]:
        wave = cluster.wave_of(hosts[0])
        if wave is not None and cluster.waves[wave].began is None and not cluster.halted:
            cluster.waves[wave].began = now
        return self._step_event("step_began", cluster, cluster.present(hosts[0]), hosts, now)

    def _ended(self, cluster: Cluster, reports: dict[str, dict[str, Any]], now: float) -> dict[str, Any]:
        wave = cluster.present(next(iter(reports)))
        last = {host: next(facts[name] for name in STEPS if name in facts)[-1] for host, facts in reports.items()}
        failed = [{"node": self._places[host][1], "error": step["error"]} for host, step in last.items() if not step["ok"]]
        if failed:
            cluster.halted = True
        elif self._step[1] in LAST and not cluster.halted:
            cluster.arrive(set(last), now)
        elif self._step[1] in LAST and wave is not None:
            cluster.waves[wave].ended = now  # it went back; what comes now is the whole cluster's
        return self._step_event("step_ended", cluster, wave, list(last), now, seconds=max(step["seconds"] for step in last.values()), ok=not failed,
                                failed=failed)

    def _step_event(self, kind: str, cluster: Cluster, wave: Optional[int], hosts: list[str], now: float, **more: Any) -> dict[str, Any]:
        return self._event(kind, cluster, now, step=self._step[1], wave=wave, nodes=self._names(hosts), **more)

    def _event(self, kind: str, cluster: Cluster, now: float, **more: Any) -> dict[str, Any]:
        return {"time": now, "event": kind, "cluster": cluster.name, "elapsed": round(now - self.started, 1), "remaining": cluster.remaining(now),
                "waves": len(cluster.waves), "arrived": len(cluster.arrived), "total": cluster.total, **more}

    def _names(self, hosts: list[str]) -> list[str]:
        return [self._places[host][1] if host in self._places else host for host in hosts]


#: The run of this process, for the lookup remote_calls; a callback plugin has no other way to answer a task.
RUNNING: list[Tracker] = []

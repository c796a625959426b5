# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is about: one run over one cluster. Pure; reads the dictionary of module `report` strictly."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.read import DataError, Reader
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.rules import Count, Found
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.traffic import Traffic

SEVERITIES = ("blocker", "warning", "note")
GIVE_BACK, GIVEN_BACK = "give_back", "given back"
# What a dry run says of what a real one would have done.
WOULD = {"moved": "would move", GIVEN_BACK: "would go back"}


@dataclasses.dataclass(frozen=True)
class Finding:
    severity: str
    id: str
    object: str
    found: str
    why: str
    remedy: str
    accepted: bool


@dataclasses.dataclass(frozen=True)
class Wave:
    nodes: tuple[str, ...]
    started: Optional[float]
    finished: Optional[float]


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    began: Optional[float]
    seconds: float
    ok: bool
    error: str


@dataclasses.dataclass(frozen=True)
class Kept:
    """A chain or set that stays, and why."""

    what: str
    why: str


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    kernel: str
    wave: Optional[int]
    found: Found
    removed: Count
    extras_removed: tuple[str, ...]
    kept: tuple[Kept, ...]
    # whether nothing of kube-proxy's is left; None where nobody cleaned or looked
    clean: Optional[bool]
    unchecked: tuple[str, ...]
    takeover_seconds: Optional[float]
    before: str
    after: str
    # where its agent runs otherwise than it is configured
    drift: tuple[str, ...]
    steps: tuple[Step, ...]
    earlier: str
    error: str

    @property
    def returned(self) -> bool:
        """Whether kube-proxy got it back, with rules of its own."""
        return any(step.name == GIVE_BACK and step.ok for step in self.steps)

    @property
    def chains_left(self) -> Optional[int]:
        """How many of the chains that were found have not gone."""
        found, gone = self.found.kube_proxy().chains, self.removed.chains
        return None if found is None or gone is None else found - gone


@dataclasses.dataclass(frozen=True)
class Calls:
    """Module calls: by node, and on the API by wave and outside of all waves; and how often one of them was made again, in waiting."""

    nodes: dict[str, int]
    api_by_wave: tuple[int, ...]
    api_besides: int
    repeated: int


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """The cluster's newest one, as the role benchmark has written it to this file."""

    file: str
    result: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Report:
    cluster: str
    action: str
    check_mode: bool
    started: Optional[float]
    finished: Optional[float]
    state: str
    reason: str
    versions: dict[str, str]
    findings: tuple[Finding, ...]
    waves: tuple[Wave, ...]
    nodes: tuple[Node, ...]
    # of the whole cluster, before, between and after the waves
    steps: tuple[Step, ...]
    traffic: Optional[Traffic]
    not_measured: str
    benchmark: Optional[Benchmark]
    calls: Optional[Calls]

    @property
    def seconds(self) -> Optional[float]:
        return None if self.started is None or self.finished is None else self.finished - self.started

    def outcome(self, node: Node) -> str:
        """One of failed, given back, moved, done, untouched; moved before for what an earlier run did; would ... in a dry run."""
        if node.error and not (node.returned and self.action == "migrate"):
            return "failed"
        if not node.steps:
            return f"{node.earlier} before" if node.earlier else "untouched"
        done = GIVEN_BACK if node.returned else "moved" if self.action == "migrate" else "done"
        return WOULD.get(done, done) if self.check_mode else done

    @property
    def wanted(self) -> str:
        """The outcome that the run is for."""
        done = {"migrate": "moved", "rollback": GIVEN_BACK}.get(self.action, "done")
        return WOULD.get(done, done) if self.check_mode else done

    def named(self, *outcomes: str) -> list[str]:
        """The nodes with these outcomes."""
        return [node.name for node in self.nodes if self.outcome(node) in outcomes]

    @property
    def good(self) -> bool:
        """Whether nothing went wrong: no node, no halt."""
        return self.state != "halted" and not any(node.error for node in self.nodes)


def read(data: dict[str, Any]) -> Report:
    """Raises DataError, with the place, for what is not as documented."""
    reader = Reader(data, "data")
    waves = tuple(_wave(entry) for entry in reader.dicts("waves"))
    wave_of = {name: number for number, wave in enumerate(waves, 1) for name in wave.nodes}
    nodes = reader.child("nodes")
    traffic, calls, benchmark = reader.child("traffic"), reader.child("calls"), reader.child("benchmark")
    report = Report(
        cluster=reader.text("cluster", required=True),
        action=reader.text("action", "migrate"),
        check_mode=reader.flag("check_mode"),
        started=reader.number("started"),
        finished=reader.number("finished"),
        state=reader.text("state"),
        reason=reader.text("reason"),
        versions=reader.texts_by_name("versions"),
        findings=tuple(_finding(entry) for entry in reader.dicts("findings")),
        waves=waves,
        nodes=tuple(_node(nodes.child(name), name, wave_of.get(name)) for name in nodes.names()),
        steps=tuple(_step(entry) for entry in reader.dicts("steps")),
        traffic=Traffic.read(traffic) if traffic.names() else None,
        not_measured=reader.text("not_measured"),
        benchmark=_benchmark(benchmark) if benchmark.names() else None,
        calls=_calls(calls) if calls.names() else None,
    )
    reader.finish()
    lost = sorted(set(wave_of) - {node.name for node in report.nodes})
    if lost:
        raise DataError(f"data.waves: found {lost[0]!r}, expected only names of data.nodes. Add the node there.")
    return report


def _wave(reader: Reader) -> Wave:
    return reader.end(Wave(tuple(reader.texts("nodes")), reader.number("started"), reader.number("finished")))


def _calls(reader: Reader) -> Calls:
    nodes, api = reader.child("nodes"), reader.child("api")
    by_node = {name: int(nodes.number(name) or 0) for name in nodes.names()}
    return reader.end(Calls(by_node, tuple(int(number) for number in api.items("waves")), int(api.number("besides") or 0), int(reader.number("repeated") or 0)))


def _benchmark(reader: Reader) -> Benchmark:
    return reader.end(Benchmark(reader.text("file", required=True), reader.mapping("result")))


def _finding(reader: Reader) -> Finding:
    severity = reader.text("severity", required=True)
    if severity not in SEVERITIES:
        raise DataError(f"{reader.place}.severity: found {severity!r}, expected one of {', '.join(SEVERITIES)}")
    texts = [reader.text(key) for key in ("id", "object", "found", "why", "remedy")]
    return reader.end(Finding(severity, *texts, reader.flag("accepted")))


def _step(reader: Reader) -> Step:
    return reader.end(
        Step(reader.text("name", required=True), reader.number("began"), reader.number("seconds") or 0.0, reader.flag("ok", True), reader.text("error"))
    )


def _node(reader: Reader, name: str, wave: Optional[int]) -> Node:
    removed = reader.child("removed")
    count, extras = Count.read(removed), _extras(removed)
    removed.end(None)
    return reader.end(Node(
        name=name,
        kernel=reader.text("kernel"),
        wave=wave,
        found=Found.read(reader.child("found")),
        removed=count,
        extras_removed=extras,
        kept=tuple(_kept(entry) for entry in reader.dicts("kept")),
        clean=reader.flag("clean", None),
        unchecked=tuple(reader.texts("unchecked")),
        takeover_seconds=reader.number("takeover_seconds"),
        before=reader.text("status_before"),
        after=reader.text("status_after"),
        drift=tuple(reader.texts("drift")),
        steps=tuple(_step(entry) for entry in reader.dicts("steps")),
        earlier=reader.text("before"),
        error=reader.text("error"),
    ))


def _extras(reader: Reader) -> tuple[str, ...]:
    """What goes beside iptables: tables and sets by name, virtual servers by number, the interface."""
    reader.skip("by_table")
    sets, servers = reader.texts("sets"), int(reader.number("virtual_servers") or 0)
    extras = [f"table {name}" for name in reader.texts("tables")]
    extras += [f"{len(sets)} sets"] if sets else []
    extras += [f"{servers} virtual servers"] if servers else []
    return tuple(extras + (["interface kube-ipvs0"] if reader.flag("interface") else []))


def _kept(reader: Reader) -> Kept:
    place = [reader.text(key) for key in ("backend", "family", "table", "chain", "set")]
    return reader.end(Kept(" ".join(word for word in place if word), reader.text("why")))

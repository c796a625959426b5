# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one-shot probes mean: did every target answer as it should, and who served it? Pure judgement, no probing."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, Path
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import Tally

STAND_STILL, MOVE, IGNORE = "must_stand_still", "must_move", "ignore"

NEXT_NO_ANSWER = (
    "See what serves it: on this node's Cilium agent 'cilium-dbg service list', and 'kubectl get endpointslices -A' for its backends."
)
NEXT_ANSWER = (
    "See the Service's externalTrafficPolicy and loadBalancerSourceRanges, and what the node makes of them: 'cilium-dbg bpf lb list' on its Cilium agent."
)
NEXT_STILL_KUBE_PROXY = (
    "Do not take kube-proxy from this node. Ask its Cilium agent 'cilium-dbg status --verbose' (KubeProxyReplacement: True, the node's devices) "
    "and 'cilium-dbg endpoint list' (every endpoint ready)."
)
NEXT_NOT_KUBE_PROXY = (
    f"See that kube-proxy runs on this node and has synced: 'kubectl -n kube-system logs -l k8s-app=kube-proxy', 'curl 127.0.0.1:{health.PORT}/healthz'."
)
NEXT_UNPROVEN = "Connection tracking cannot be asked here. Run the module as root; the kernel needs CONFIG_NF_CT_NETLINK (module nf_conntrack_netlink)."


class Wanted(NamedTuple):
    """What a target is held to beyond its path's own expectation."""

    requests: int
    same_backend: bool
    # whether kube-proxy, when it is in charge, is what serves this target on this node
    by_kube_proxy: bool
    # whether no answer is what is wanted
    unanswered: bool = False


class Finding(NamedTuple):
    target: str
    found: str
    expected: str
    next_step: str

    def text(self) -> str:
        return f"{self.target}: {self.found}; expected {self.expected}. {self.next_step}"


def summarise(path: Path, attempts: list[Attempt], wanted: Wanted) -> dict[str, Any]:
    tally = Tally(slow_threshold=1.0)
    for result in attempts:
        tally.add(0, result)
    counts = tally.as_dict()
    known = tally.not_translated + sum(tally.translated.values())
    unsent = wanted.requests - counts["requests"]
    if unsent:
        counts["errors"]["not sent"] = unsent
    return {
        **_empty(path),
        "requests": wanted.requests,
        "failed": counts["ok"] if wanted.unanswered else wanted.requests - counts["ok"],
        "errors": counts["errors"],
        "backends": counts["backends"],
        "latency": counts["latency"],
        "translated": sum(tally.translated.values()) if known else None,
        "translated_to": dict(tally.translated),
    }


def summarise_watched(path: Path, seen: list[str] | None) -> dict[str, Any]:
    """seen: the backend of each connection that others made, "" for those not translated; None when nobody could say."""
    summary = {**_empty(path), "requests": 0, "failed": 0, "errors": {}, "backends": {}, "latency": {}, "translated": None, "translated_to": {}}
    for backend in seen or []:
        if backend:
            summary["translated_to"][backend] = summary["translated_to"].get(backend, 0) + 1
    if seen is not None:
        summary["translated"] = sum(summary["translated_to"].values())
    return summary


def _empty(path: Path) -> dict[str, Any]:
    return {
        "name": path.name,
        "kind": path.kind,
        "address": path.address,
        "port": path.port,
        "namespace": {"pod_uid": path.pod_uid} if path.pod_uid else "host",
        "service": path.service,
    }


def explain(counters: dict[str, Any], targets: list[dict[str, Any]]) -> None:
    """Mark the counters that moved by no more than the requests netfilter is known to have served.

    Targets of one address (the host's way and a pod's) share a rule; one that was not translated is not blamed for the other.
    """
    known = {target["name"]: target["translated"] or 0 for target in targets}
    for entry in counters["moved"]:
        entry["explained"] = sum(known[name] for name in entry["targets"]) >= entry["packets"]


def judge(path: Path, target: dict[str, Any], wanted: Wanted, mode: str, counters: dict[str, Any]) -> list[Finding]:
    """The target's faults. target is its summary; counters is what kube-proxy's own rules counted meanwhile."""
    where = path.describe() if target["requests"] else f"{path.describe()}, probed by others meanwhile"
    found = []
    if target["failed"] and wanted.unanswered:
        found.append(Finding(where, f"{target['failed']} of {target['requests']} requests were answered", "no answer to this client", NEXT_ANSWER))
    elif target["failed"]:
        errors = ", ".join(f"{number} x {text}" for text, number in sorted(target["errors"].items()))
        found.append(Finding(where, f"{target['failed']} of {target['requests']} requests failed ({errors})", "every request to be answered", NEXT_NO_ANSWER))
    if wanted.same_backend and len(target["backends"]) > 1:
        names = ", ".join(sorted(target["backends"]))
        found.append(Finding(where, f"{len(target['backends'])} backends answered ({names})", "one, by its session affinity", NEXT_NO_ANSWER))
    return found + _who_served(where, target, wanted, mode, counters)


def _who_served(where: str, target: dict[str, Any], wanted: Wanted, mode: str, counters: dict[str, Any]) -> list[Finding]:
    if mode == IGNORE:
        return []
    translated = target["translated"]
    moved = [entry for entry in counters["moved"] if target["name"] in entry["targets"] and (translated or not entry["explained"])]
    watched = target["name"] in counters["watched"]
    if translated is None and not watched:
        return [Finding(where, "nobody can say what served it", "a proof by connection tracking or by rule counters", NEXT_UNPROVEN)]
    if mode == STAND_STILL and (translated or moved):
        evidence = [f"{entry['packets']} packets counted by {entry['rule']}" for entry in moved]
        if translated:
            of = f"{translated} of {target['requests']} requests" if target["requests"] else f"{translated} connections"
            evidence.insert(0, f"{of} went to {', '.join(sorted(target['translated_to']))} by its rules")
        return [Finding(where, f"netfilter still serves it ({'; '.join(evidence)})", "no rule of kube-proxy to be used", NEXT_STILL_KUBE_PROXY)]
    by_kube_proxy = bool(moved) if translated is None else translated >= max(target["requests"], 1)
    if mode == MOVE and wanted.by_kube_proxy and not by_kube_proxy:
        of = f"{translated or 0} of {target['requests']} requests" if target["requests"] else "no connection"
        return [Finding(where, f"netfilter served {of}", "kube-proxy to serve all of them", NEXT_NOT_KUBE_PROXY)]
    return []


def traffic_faults(traffic: dict[str, Any], origin: str) -> list[str]:
    """What a prober's run (traffic_probe's result) saw fail, in sentences. Slow answers are no failures."""
    if not traffic.get("paths"):
        return [
            f"Nothing was probed from {origin}; expected the result of traffic_probe. See that Ansible reaches it: "
            f"ansible -i INVENTORY {origin} -m ansible.builtin.ping"
        ]
    found = []
    for path in traffic["paths"]:
        where = f"{path['name']}, probed from {origin}"
        if not path["requests"]:
            found.append(f"{where}: no request has ended; expected answers. Give it more time than a request may take.")
        elif path["ok"] < path["requests"]:
            errors = ", ".join(f"{number} x {text}" for text, number in sorted(path["errors"].items()))
            failed = path["requests"] - path["ok"]
            found.append(Finding(where, f"{failed} of {path['requests']} requests failed ({errors})", "every request to be answered", NEXT_NO_ANSWER).text())
    return found

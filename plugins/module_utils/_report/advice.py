# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do next, from how the run ended. Pure."""

from __future__ import annotations

from typing import Iterator

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import GIVEN_BACK, Report
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.words import plural, some

PLAYBOOK = "ansible-playbook -i INVENTORY fleetops.kubeproxy_free."


def next_steps(report: Report) -> list[str]:
    if report.check_mode:
        return list(_of_a_dry_run(report))
    if not report.good:
        return list(_of_a_failure(report))
    return [*_of_traffic(report), *_of_success(report), *_of_findings(report)]


def _of_a_dry_run(report: Report) -> Iterator[str]:
    yield from _of_findings(report)
    if report.good:
        yield "To do it, run the same command without --check."
    else:
        yield "Mend what stopped the dry run, then run it again."


def _of_a_failure(report: Report) -> Iterator[str]:
    failed = report.named("failed")
    yield "Find the cause: what each node said is told with it."
    if failed:
        yield f"See to {some(failed)} first: what failed there was not given back."
    yield f"See what the cluster serves now, and by whom: {PLAYBOOK}verify"
    yield "Once the cause is gone, run the same command again. It goes on with the nodes that are left."
    if report.action == "migrate" and report.named("moved", "moved before"):
        yield f"Or give the nodes that have moved back to kube-proxy: {PLAYBOOK}rollback"


def _of_success(report: Report) -> Iterator[str]:
    left = report.named("untouched", GIVEN_BACK) if report.action == "migrate" else []
    if report.state == "settled":
        yield from _of_drift(report)
        if report.action == "migrate":
            yield "Before anybody runs helm upgrade from a file or a repository of values: bring the release's new ones there (helm get values shows them). " \
                  "Values without kubeProxyReplacement would leave the cluster without either."
        yield f"At any time, prove again what the cluster serves: {PLAYBOOK}verify"
        yield f"Before each kubeadm upgrade, so that it does not bring kube-proxy back: {PLAYBOOK}record"
        yield f"To go back to kube-proxy, all the same: {PLAYBOOK}rollback"
    elif left:
        yield f"{plural(len(left), 'node is', 'nodes are')} left ({some(left)}). Once you trust those that have moved, run the same command again."
        yield f"To go back instead: {PLAYBOOK}rollback"
    elif report.state == "returned":
        yield f"kube-proxy serves every node again. Before you try once more, see what is in the way: {PLAYBOOK}plan"
    elif report.action == "rollback":
        yield "Some nodes are not back with kube-proxy yet. Run the rollback again, with all nodes."


def _of_drift(report: Report) -> Iterator[str]:
    """Nodes that had moved before a value of the release was changed keep what they were started with."""
    drifted = [node for node in report.nodes if node.drift]
    if drifted:
        names = some([node.name for node in drifted])
        yield f"The agents of {names} run otherwise than they are configured ({drifted[0].drift[0]}). Restart them, say with: " \
              "kubectl -n kube-system rollout restart daemonset/cilium"


def _of_traffic(report: Report) -> Iterator[str]:
    counts = report.traffic.counts if report.traffic else {}
    failed = sum(counts.get(kind, 0) for kind in ("refused", "timed_out", "other"))
    if failed:
        yield f"See on which paths {plural(failed, 'request')} got no answer, and when."


def _of_findings(report: Report) -> Iterator[str]:
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    if warnings:
        yield f"Read the plan's {plural(warnings, 'warning')}: what to do is told with {'it' if warnings == 1 else 'each'}."

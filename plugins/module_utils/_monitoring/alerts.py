# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules for Prometheus, only on metrics that the version exports. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import metrics

#: name -> (metric, expression, for, severity, summary, what to do). {all} selects the agents, {drops} their drops that concern Services.
ALERTS = {
    "CiliumReplacementOff": (
        metrics.REPLACEMENT, "{metric}{all} == 0", "5m", "critical", "The agent of {{{{ $labels.instance }}}} does not replace kube-proxy.",
        "Where kube-proxy is gone, nobody serves NodePorts, external IPs and the host there. Run diagnose."),
    "CiliumConfigurationDrift": (
        metrics.DRIFT, "{metric}{all} > 0", "30m", "warning",
        "{{{{ $value }}}} settings of the agent of {{{{ $labels.instance }}}} are not those that it is configured with.",
        "They change at its next restart, whenever that is. Restart it when you choose."),
    "CiliumMapNearlyFull": (
        metrics.PRESSURE, "max by (instance, map_name) ({metric}{all}) > {full}", "10m", "warning",
        "{{{{ $labels.map_name }}}} of {{{{ $labels.instance }}}} is filled to {{{{ $value | humanizePercentage }}}}.",
        "What does not fit is not served. Raise the map's size (bpf.lbMapMax for Services)."),
    "CiliumServiceDrops": (
        metrics.DROPS, "sum by (instance, reason, direction) (rate({metric}{drops}[5m])) > 0", "5m", "warning",
        "{{{{ $labels.instance }}}} drops packets to Services: {{{{ $labels.reason }}}}.",
        "Run diagnose for the Service; see them come with cilium-dbg monitor --type drop."),
    "CiliumNodesUnreachable": (
        metrics.UNREACHABLE, "{metric}{all} > 0", "10m", "warning", "{{{{ $labels.instance }}}} does not reach {{{{ $value }}}} nodes.",
        "Backends on them do not answer. See cilium-dbg status --verbose there."),
}  # fmt: skip


def rules(minor, matcher):
    """The groups of a rules file, or of a PrometheusRule. matcher: narrows the agents down, such as cluster="a"; empty for all."""
    known = metrics.exported(minor)
    selectors = {"all": metrics.selector(matcher), "drops": metrics.selector(matcher, f'reason=~"{"|".join(metrics.SERVICE_DROPS)}"')}
    found = []
    for name, (metric, expression, lasting, severity, summary, remedy) in ALERTS.items():
        if metric in known:
            found.append({
                "alert": name, "expr": expression.format(metric=metric.name, full=metrics.NEARLY_FULL, **selectors), "for": lasting,
                "labels": {"severity": severity},
                "annotations": {"summary": summary.format(), "description": remedy},
            })  # fmt: skip
    absent = {
        "alert": "CiliumAgentsNotScraped", "expr": f"absent({metrics.VERSION.name}{selectors['all']})", "for": "15m", "labels": {"severity": "warning"},
        "annotations": {"summary": "No agent of Cilium is scraped.", "description": "None of the other alerts can fire. Look at the scrape configuration."},
    }  # fmt: skip
    return {"groups": [{"name": "kubeproxy-free", "rules": [*found, absent]}]}

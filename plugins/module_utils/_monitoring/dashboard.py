# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dashboard for Grafana, only with metrics that the version exports. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import metrics

#: (title, type, metric, expression, legend, unit)
PANELS = (
    ("Agents that replace kube-proxy", "stat", metrics.REPLACEMENT, "sum({metric}{all})", "on", "short"),
    ("Agents that do not", "stat", metrics.REPLACEMENT, "count({metric}{all} == 0) or vector(0)", "off", "short"),
    ("Agents by version", "stat", metrics.VERSION, "count by (version) ({metric}{all})", "{{version}}", "short"),
    ("Mode, algorithm and acceleration", "table", metrics.NODE_PORT, "count by (mode, algorithm, acceleration) ({metric}{all} == 1)", "", "short"),
    ("Settings that are not running", "timeseries", metrics.DRIFT, "{metric}{all}", "{{instance}}", "short"),
    ("The fullest maps", "timeseries", metrics.PRESSURE, "topk(10, {metric}{all})", "{{instance}} {{map_name}}", "percentunit"),
    ("Drops by reason", "timeseries", metrics.DROPS, "sum by (reason, direction) (rate({metric}{all}[5m]))", "{{direction}} {{reason}}", "pps"),
    ("Endpoints going away", "timeseries", metrics.TERMINATING, "sum(rate({metric}{all}[5m]))", "events", "ops"),
    ("Nodes out of reach", "timeseries", metrics.UNREACHABLE, "{metric}{all}", "{{instance}}", "short"),
    ("Calls of the API by answer", "timeseries", metrics.API_CALLS, "sum by (return_code) (rate({metric}{all}[5m]))", "{{return_code}}", "reqps"),
)
WIDTH, HEIGHT, COLUMNS = 8, 7, 3


def dashboard(minor, matcher):
    """The JSON model. matcher: narrows the agents down, such as cluster="a"; empty for all."""
    known = metrics.exported(minor)
    panels = []
    for title, kind, metric, expression, legend, unit in PANELS:
        if metric not in known:
            continue
        row, column = divmod(len(panels), COLUMNS)
        query = expression.format(metric=metric.name, all=metrics.selector(matcher))
        target = {"refId": "A", "expr": query, "legendFormat": legend, "datasource": {"uid": "${datasource}"}}
        panels.append({
            "id": len(panels) + 1, "title": title, "type": kind, "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "targets": [{**target, **({"format": "table", "instant": True} if kind == "table" else {})}],
        })  # fmt: skip
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}
    return {"uid": "kubeproxy-free", "title": "Services without kube-proxy", "tags": ["cilium"], "schemaVersion": 39, "refresh": "30s", "editable": True,
            "time": {"from": "now-3h", "to": "now"}, "templating": {"list": [source]}, "panels": panels}  # fmt: skip

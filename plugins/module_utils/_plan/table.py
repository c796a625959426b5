# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as lines for a terminal. Pure."""
from __future__ import annotations

import textwrap

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.findings import blockers
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.groups import groups
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import SEVERITIES, some

# As wide as Ansible's YAML output leaves a line whole.
WRAPPER = textwrap.TextWrapper(72, subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False)


def lines(cluster, facts, nodes, found):
    """Return the lines: what the cluster is, then each finding with its remedy; same ones of many nodes are one."""
    result = [*_head(cluster, facts, nodes), ""]
    for one in groups(found):
        word = f"{one['severity']} (accepted)" if one["accepted"] else one["severity"]
        result += WRAPPER.wrap(f"{word.upper()} {one['id']}: {one['object']}")
        for label, text in (("found", one["found"]), ("why", one["why"]), ("do", one["remedy"])):
            result += WRAPPER.wrap(f"  {label:<6}{text}")
        result.append("")
    return [*result, verdict(cluster, found)]


def verdict(cluster, found):
    """The last line."""
    stopping, counts = blockers(found), {severity: sum(one["severity"] == severity for one in found) for severity in SEVERITIES}
    said = ", ".join(f"{count:,} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items())
    return f"Cluster {cluster}: {said}. " + (f"{len(stopping)} in the way." if stopping else "Nothing is in the way.")


def _head(cluster, facts, nodes):
    if facts.get("error"):
        return [f"Cluster {cluster}: could not be read"]
    kernels = {node["kernel"] for node in facts["nodes"].values() if node["kernel"]}
    backends = {(node["iptables"] or {}).get("backend", "none") for node in nodes.values() if not node["error"]}
    services = facts["services"]
    return [
        f"Cluster {cluster}: Kubernetes {facts['kubernetes']}, {len(facts['nodes'])} nodes, {services['total']} Services, {services['endpoints']} endpoints",
        f"  kube-proxy  {_kube_proxy(facts['kube_proxy'])}",
        f"  Cilium      {_cilium(facts)}",
        f"  nodes       kernel {some(kernels)}; iptables {some(backends) or 'unknown'}",
        f"  migration   {(facts['record'] or {}).get('phase') or 'not begun'}",
    ]


def _kube_proxy(facts):
    daemonset = facts["daemonset"]
    if not daemonset:
        return "none"
    mode = ((facts["config"] or {}).get("settings") or {}).get("mode") or "iptables"
    return f"{daemonset['image']}, mode {mode}, {daemonset['ready']} of {daemonset['desired']} ready"


def _cilium(facts):
    cilium = facts["cilium"]
    if not cilium:
        return "none"
    on = sum(bool(agent["kube_proxy_replacement"]["enabled"]) for agent in (facts["agents"] or {}).values())
    return f"{cilium['version']}, {cilium['agents']['ready']} of {cilium['agents']['desired']} agents ready, {on} replace kube-proxy"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules on one picture. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import (
    api_address,
    cilium,
    kube_proxy,
    node_rules,
    nodes,
    reach,
    services,
    surroundings,
)
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, SEVERITIES, Picture

# What the inventory asks for, and what it is if it does not say.
WANTED = {
    "cluster": "", "helm": "", "helm_binary": "helm", "values": {}, "api_server_host": "", "api_server_port": 6443, "cilium_version": "",
    "cilium_namespace": "kube-system", "cilium_release": "cilium", "drain": False, "drain_deletes": False, "traffic": False, "traffic_namespaces": (),
}
AFTER_API = (*reach.RULES, *nodes.RULES, *api_address.RULES, *cilium.RULES, *kube_proxy.RULES, *node_rules.RULES, *services.RULES, *surroundings.RULES)
# Nothing can follow from these, so accepting them would only move the failure.
NOT_ACCEPTABLE = ("cluster-unreadable", "helm-missing", "chart-unreachable", "cilium-missing", "no-control-plane", "node-unknown")


def findings(cluster, nodes_by_name, wanted, accepted=()):
    """Return all findings, blockers first. accepted: ids, or id@object, of those that the inventory takes upon itself."""
    picture = Picture(cluster, nodes_by_name, {**WANTED, **{key: value for key, value in wanted.items() if value is not None}})
    rules = reach.BEFORE_API if cluster.get("error") else (*reach.BEFORE_API, *AFTER_API)
    found = [one for rule in rules for one in rule(picture)]
    for one in found:
        one["accepted"] = one["id"] not in NOT_ACCEPTABLE and (one["id"] in accepted or f"{one['id']}@{one['object']}" in accepted)
    return sorted(found, key=lambda one: (SEVERITIES.index(one["severity"]), one["accepted"]))


def api_servers(cluster, wanted):
    """[{host, port}] that agents will use, for node_facts to try; none of a cluster that could not be read."""
    found = [] if cluster.get("error") else api_address.servers(Picture(cluster, {}, {**WANTED, **wanted}))
    return [{"host": host, "port": port} for host, port in found]


def health_port(cluster, wanted):
    """The port that agents will bind to answer health checks, for node_facts to see who has it."""
    return health.port("" if cluster.get("error") else kube_proxy.answered(Picture(cluster, {}, {**WANTED, **wanted})))


def blockers(found):
    """The findings that forbid to go on, each with whether it could be accepted."""
    return [{**one, "acceptable": one["id"] not in NOT_ACCEPTABLE} for one in found if one["severity"] == BLOCKER and not one["accepted"]]

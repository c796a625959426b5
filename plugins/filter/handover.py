# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter plugins of the hand-over: thin wrappers around what module_utils/_fleet, _cilium/health.py and _cluster_facts/workload.py plan."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import workload
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import agents, checks, failure, nodes, objects


class FilterModule:
    def filters(self):
        return {
            "refreshed_objects": objects.refreshed,
            "gated_daemonset": objects.gated,
            "daemonset_with_version": objects.with_version,
            "migration_traces": objects.traces,
            "labelled_nodes": nodes.labelled,
            "uncordoned_nodes": nodes.uncordoned,
            "record_data": objects.record,
            "agents_to_recreate": agents.agents_to_recreate,
            "agents_restarted": agents.agents_restarted,
            "pod_named": agents.pod_named,
            "nodes_with_ready_pod": nodes.with_ready_pod,
            "nodes_not_ready": nodes.not_ready,
            "nodes_left_out": nodes.left_out,
            "failed_checks": checks.failed_checks,
            "failure": failure.failure,
            "health_url": health.url,
            "agents_at_once": workload.at_once,
            "deployments_late": workload.late,
        }

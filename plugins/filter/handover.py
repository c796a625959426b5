# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter plugins of the hand-over: thin wrappers around module_utils/_fleet/{checks,failure,objects}.py, _cilium/health.py and _cluster_facts/workload.py."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import workload
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import checks, failure, objects


class FilterModule:
    def filters(self):
        return {
            "refreshed_objects": objects.refreshed,
            "gated_daemonset": objects.gated,
            "daemonset_with_version": objects.with_version,
            "migration_traces": objects.traces,
            "labelled_nodes": objects.labelled,
            "uncordoned_nodes": objects.uncordoned,
            "record_data": objects.record,
            "agents_to_recreate": objects.agents_to_recreate,
            "agents_restarted": objects.agents_restarted,
            "pod_named": objects.pod_named,
            "nodes_with_ready_pod": objects.nodes_with_ready_pod,
            "nodes_not_ready": objects.nodes_not_ready,
            "nodes_left_out": objects.left_out,
            "failed_checks": checks.failed_checks,
            "failure": failure.failure,
            "health_url": health.url,
            "agents_at_once": workload.at_once,
            "deployments_late": workload.late,
        }

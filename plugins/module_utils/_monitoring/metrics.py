# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of Cilium's agents that tell how Services are served: data.

Source: the agents themselves (1.19.1) and pkg/metrics, pkg/metrics/features, pkg/driftchecker, pkg/loadbalancer/maps of Cilium 1.15 to 1.20.
cilium_services_events_total and cilium_service_implementation_delay are registered up to today and stand still since 1.18, so they are not in the table.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Metric:
    """first: the minor of 1.x from which on every release has it and, as it comes, sets it. always: an agent exports it soon after its start, and not
    only once something happened."""

    name: str
    first: int
    always: bool = True


REPLACEMENT = Metric("cilium_feature_adv_connect_and_lb_kube_proxy_replacement_enabled", 17)  # late releases of 1.15 and 1.16 too, but not their first
NODE_PORT = Metric("cilium_feature_adv_connect_and_lb_node_port_configuration", 17)  # as above
DRIFT = Metric("cilium_drift_checker_config_delta", 18)  # 1.17 has it, but stands at 0: enable-drift-checker is off there
PRESSURE = Metric("cilium_bpf_map_pressure", 15)
DROPS = Metric("cilium_drop_count_total", 15, always=False)
TERMINATING = Metric("cilium_k8s_terminating_endpoints_events_total", 15, always=False)
UNREACHABLE = Metric("cilium_unreachable_nodes", 15, always=False)  # it comes with the probes of other nodes: none with healthChecking=false
API_CALLS = Metric("cilium_k8s_client_api_calls_total", 15)
VERSION = Metric("cilium_version", 15)
#: Reasons of DROPS that concern Services, as its label has them. Source: pkg/monitor/api/drop.go of Cilium 1.19.1 (158, 167 and 140).
SERVICE_DROPS = ("Service backend not found", "No mapping for NAT masquerade", "Missed tail call")
#: Share of a map (PRESSURE) from which on it counts as nearly full: room is left to act before entries find no place.
NEARLY_FULL = 0.9
ALL = (REPLACEMENT, NODE_PORT, DRIFT, PRESSURE, DROPS, TERMINATING, UNREACHABLE, API_CALLS, VERSION)


def exported(minor):
    """Those that agents of this minor of 1.x have."""
    return [one for one in ALL if one.first <= minor]


def selector(*matchers):
    """What comes after a metric's name. By its name alone a metric is the agents': operator, Hubble and Envoy have other names."""
    given = ", ".join(filter(None, matchers))
    return f"{{{given}}}" if given else ""


def missing(text, minor):
    """Names that an agent of this minor exports soon after its start and that are not in what it exports."""
    names = {line.split("{", 1)[0].split(" ", 1)[0] for line in text.splitlines() if line and not line.startswith("#")}
    return [one.name for one in exported(minor) if one.always and one.name not in names]

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cilium has to know of a cluster that is being made. Pure."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import kubeadm
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import config, networks


def values(wanted: dict[str, Any], nets: networks.Networks) -> dict[str, Any]:
    """The user's values over those that follow from the cluster's networks: for the first installation, later ones keep what the release has."""
    return config.merged(networks.cilium_values(nets, wanted), wanted)


def facts(version: str, host: str, control_planes: Iterable[Mapping[str, Any]], cluster: dict[str, Any]) -> dict[str, Any]:
    """For the rules about values. host: of the API, as agents reach it; control_planes: the variables of their hosts; cluster: ClusterConfiguration."""
    return {
        "kubernetes_version": version,
        "control_planes": [host if host in names else names[0] for names in map(_names, control_planes)],
        "service_node_port_range": kubeadm.argument(cluster.get("apiServer") or {}, "service-node-port-range") or ports.text(ports.DEFAULT),
    }


def _names(variables: Mapping[str, Any]) -> list[str]:
    """Under what a single host is known."""
    seen = (variables.get("kubeadm_init_seen") or {}).get("facts") or {}
    found = [variables["inventory_hostname"], variables.get("kpr_node_name"), variables.get("ansible_host")]
    return [str(one) for one in [*found, *(variables.get("kpr_node_addresses") or []), *seen.get("addresses", [])] if one]

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents' way to the API server without kube-proxy. Pure."""
from __future__ import annotations

import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, WARNING, finding, node

WHY = "Without kube-proxy nothing leads a new agent to the Service address of the API server, so it needs an address of its own."

SERVICE = re.compile(r"kubernetes(\.default(\.svc(\..+)?)?)?$")


def wanted_address(picture):
    """The host that the agents will use: the inventory's, else the release's, else the running agents'."""
    return picture.wanted["api_server_host"] or picture.value("k8sServiceHost") or (picture.cluster["cilium"] or {}).get("api_host")


def unset(picture):
    if not wanted_address(picture):
        endpoint = (picture.cluster["kubeadm"] or {}).get("control_plane_endpoint")
        yield finding(
            "api-address-unset", BLOCKER, picture.name, "neither kpr_api_server_host nor k8sServiceHost of the release is set",
            WHY,
            "Set kpr_api_server_host to a name or address of the API server that every node reaches: a virtual IP, a load balancer or a local proxy on "
            "each node." + (f" The cluster's controlPlaneEndpoint is {endpoint}." if endpoint else ""),
        )


def is_service(picture):
    host = wanted_address(picture) or ""
    if host in picture.cluster["services"]["api_addresses"] or SERVICE.match(host):
        yield finding(
            "api-address-is-service", BLOCKER, picture.name, f"{host} is the API server's Service",
            WHY,
            "Set kpr_api_server_host to an address that works without kube-proxy.",
        )


def pinned(picture):
    host = wanted_address(picture)
    control_planes = {name: facts["addresses"] for name, facts in picture.cluster["nodes"].items() if facts["control_plane"]}
    owner = next((name for name, addresses in control_planes.items() if host in addresses or host == name), None)
    if owner and len(control_planes) > 1 and not picture.value("k8s.apiServerURLs"):
        yield finding(
            "api-address-pinned", BLOCKER, picture.name, f"{host} is {owner}, one of {len(control_planes)} control planes",
            "When that one node is away, no agent of the cluster can start.",
            "Set kpr_api_server_host to a virtual IP, a load balancer, or localhost with a proxy on each node; or set k8s.apiServerURLs in "
            "kpr_cilium_values.",
        )


def unreachable(picture):
    for name, facts in sorted(picture.read_nodes.items()):
        api = facts["api"]
        if not api:
            continue
        place = f"{api['host']}:{api['port']}"
        if not api["reachable"]:
            yield finding(
                "api-unreachable", BLOCKER, node(name), f"{place}: {api['error']}",
                WHY,
                f"Open the way from {name} to {place}, or correct kpr_api_server_host and kpr_api_server_port (try there: curl -k https://{place}/readyz).",
            )
        elif api["trusted"] is False:
            yield finding(
                "api-certificate", BLOCKER, node(name), f"{place}: {api['error']}",
                "Agents check the API server's certificate and would refuse it.",
                f"Add {api['host']} to apiServer.certSANs of kubeadm's configuration and renew with `kubeadm init phase certs apiserver`, or use a name "
                "that the certificate has.",
            )
        elif api["trusted"] is None or api["error"]:
            yield finding(
                "api-certificate-unchecked", WARNING, node(name), f"{place}: {api['error']}",
                "Agents check the API server's certificate.",
                f"Check by hand that the certificate is valid for {api['host']}.",
            )


def changes(picture):
    """Setting the address changes the pod template, so that all agents roll before the first wave."""
    cilium = picture.cluster["cilium"]
    host = picture.wanted["api_server_host"]
    if cilium and host and not picture.settled and cilium["api_host"] != host:
        yield finding(
            "agents-roll-before", WARNING, picture.name, f"agents use {cilium['api_host'] or 'the Service address'}, and shall use {host}",
            "The step `prepare` changes the agents' pod template. All agents are recreated once, two at a time, before the first wave.",
            "Plan for it; new pods on a node wait while its agent restarts.",
        )


RULES = (unset, is_service, pinned, unreachable, changes)

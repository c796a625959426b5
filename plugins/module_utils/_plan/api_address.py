# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents' way to the API server without kube-proxy. Pure."""
from __future__ import annotations

import dataclasses
import ipaddress
import re
import urllib.parse

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat, keys, value_rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import workload
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, WARNING, finding, node, some

WHY = "Without kube-proxy nothing leads a new agent to the Service address of the API server, so it needs an address of its own."
#: Minor from which the chart knows k8s.apiServerURLs and k8sServiceHostRef, and from which it finds the address itself (auto).
LISTED, FOUND = (1, keys.since("k8s.apiServerURLs")), (1, value_rules.AUTO_SINCE)
ANOTHER = (
    f"Set kpr_api_server_host to a virtual IP, a load balancer, or localhost with a proxy on each node; from Cilium {compat.dotted(LISTED)} on, "
    "k8s.apiServerURLs in kpr_cilium_values may name all control planes instead, in one text with spaces between: "
    '"https://10.0.0.1:6443 https://10.0.0.2:6443".'
)

SERVICE = re.compile(r"kubernetes(\.default(\.svc(\..+)?)?)?$")
PORT = 6443
#: maxUnavailable of the chart's own DaemonSet.
DEFAULT_AT_ONCE = 2


def servers(picture):
    """[(host, port)] that agents will use: the chart's list of URLs and the inventory's address, else the release's own, else the running agents'."""
    urls = picture.value("k8s.apiServerURLs")  # anything but a text is refused by the rules about values
    listed = [_place(url) for url in urls.split()] if isinstance(urls, str) and _minor(picture) >= LISTED else []
    if picture.wanted["api_server_host"]:
        return [*listed, (picture.wanted["api_server_host"], int(picture.wanted["api_server_port"]))]
    return listed or _of_the_release(picture)


def _of_the_release(picture):
    cilium, host = picture.cluster["cilium"] or {}, picture.value("k8sServiceHost")
    if host == "auto" and _minor(picture) >= FOUND:
        endpoint = (picture.cluster["kubeadm"] or {}).get("control_plane_endpoint")  # which kubeadm has put in cluster-info, where the chart looks
        host = None
        if endpoint:
            return [_place(f"https://{endpoint}")]
    elif not host and _minor(picture) >= LISTED and picture.value("k8sServiceHostRef.name"):
        host = picture.cluster.get("api_host_ref")
    host = host or cilium.get("api_host")
    return [(host, int(picture.value("k8sServicePort") or cilium.get("api_port") or PORT))] if host else []


def _minor(picture):
    return compat.minor(picture.wanted["cilium_version"]) or compat.LAST


def _place(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or url, parts.port or 443


def unset(picture):
    if servers(picture):
        return
    endpoint, ref = (picture.cluster["kubeadm"] or {}).get("control_plane_endpoint"), picture.value("k8sServiceHostRef.name")
    found = f"ConfigMap {picture.wanted['cilium_namespace']}/{ref}, to which k8sServiceHostRef leads, does not have it" if ref else \
        "neither kpr_api_server_host nor k8sServiceHost of the release is set"
    yield finding(
        "api-address-unset", BLOCKER, picture.name, found,
        WHY,
        "Set kpr_api_server_host to a name or address of the API server that every node reaches: a virtual IP, a load balancer or a local proxy on "
        "each node." + (f" The cluster's controlPlaneEndpoint is {endpoint}." if endpoint else ""),
    )


def is_service(picture):
    for host, _port in servers(picture):
        if host in picture.cluster["services"]["api_addresses"] or SERVICE.match(host):
            yield finding(
                "api-address-is-service", BLOCKER, picture.name, f"{host} is the API server's Service",
                WHY,
                "Set kpr_api_server_host to an address that works without kube-proxy.",
            )


def pinned(picture):
    control_planes = {name: {name, *facts["addresses"]} for name, facts in picture.cluster["nodes"].items() if facts["control_plane"]}
    hosts = {host for host, _port in servers(picture)}
    owners = {next((name for name, own in control_planes.items() if place in own), None) for host in hosts for place in _places_of(host, picture)}
    if len(owners) == 1 and owners != {None} and len(control_planes) > 1:
        yield finding(
            "api-address-pinned", BLOCKER, picture.name, f"{some(hosts)} is {some(owners)}, one of {len(control_planes)} control planes",
            "When that one node is away, no agent of the cluster can start.",
            ANOTHER,
        )


def _places_of(host, picture):
    """What a host resolves to on the nodes that were asked, or itself. A node's own name is often a loopback address on that node alone."""
    resolved = {address for facts in picture.read_nodes.values() for api in facts["api"] if api["host"] == host for address in api["addresses"]}
    return {address for address in resolved if not ipaddress.ip_address(address.partition("%")[0]).is_loopback} or {host}


def unreachable(picture):
    for name, facts in sorted(picture.read_nodes.items()):
        for api in facts["api"]:
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
                    f"Use a name that the certificate has. Or add {api['host']} to apiServer.certSANs of kubeadm's configuration; then on each control plane "
                    "move apiserver.crt and apiserver.key out of /etc/kubernetes/pki, since kubeadm keeps a certificate that it finds there, run "
                    "kubeadm init phase certs apiserver --config FILE with that configuration, and restart the API server's pod.",
                )
            elif api["trusted"] is None or api["error"]:
                yield finding(
                    "api-certificate-unchecked", WARNING, node(name), f"{place}: {api['error']}",
                    "Agents check the API server's certificate.",
                    f"Check by hand that the certificate is valid for {api['host']}.",
                )


def changes(picture):
    """Setting the address changes the pod template, so that all agents roll before the first wave, as many at a time as their DaemonSet says."""
    cilium, wanted = picture.cluster["cilium"], servers(picture)
    present = servers(dataclasses.replace(picture, wanted={**picture.wanted, "values": {}, "api_server_host": ""}))
    if not cilium or not wanted or wanted == present or picture.settled:
        return
    nodes = cilium["agents"]["desired"]
    at_once, said = _at_once(picture, nodes), f"agents use {_places(present) or 'the Service address'}, and shall use {_places(wanted)}"
    if at_once is None:
        yield finding(
            "agents-roll-before", WARNING, picture.name, said,
            "The step `prepare` changes the agents' pod template. Its update strategy is OnDelete, so each agent gets it when its wave recreates it.",
            "Nothing; only that an agent which somebody recreates meanwhile gets it, too.",
        )
        return
    yield finding(
        "agents-roll-before", WARNING, picture.name, said,
        f"The step `prepare` changes the agents' pod template. All {nodes} agents are recreated once, {at_once} at a time, before the first wave.",
        "Plan for it; new pods on a node wait while its agent restarts.",
    )
    if at_once > DEFAULT_AT_ONCE and 2 * at_once > nodes:
        yield finding(
            "agents-roll-at-once", BLOCKER, f"DaemonSet {picture.wanted['cilium_namespace']}/cilium",
            f"its update strategy lets {at_once} of {nodes} agents go at the same time",
            "The step `prepare` recreates all agents. While most of them start, most nodes start no pod, resolve no name for a policy and learn of no change.",
            "Set updateStrategy.rollingUpdate.maxUnavailable in kpr_cilium_values to a few agents, for example 2.",
        )


def _places(found):
    return " ".join(f"{host}:{port}" for host, port in found)


def _at_once(picture, nodes):
    strategy = dict(picture.cluster["cilium"]["update_strategy"])
    strategy["type"] = picture.value("updateStrategy.type", strategy.get("type"))
    limit = picture.value("updateStrategy.rollingUpdate.maxUnavailable", strategy.get("rollingUpdate", {}).get("maxUnavailable", 1))
    return None if strategy["type"] == "OnDelete" else workload.absolute(limit, nodes)


RULES = (unset, is_service, pinned, unreachable, changes)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways requests are measured on: from what the role verify has planned, and from netperf's own Services and pods. Pure."""

from __future__ import annotations

import re

NAME = re.compile(r"(?P<origin>host|pod|outside) to \S.* (?P<what>ClusterIP|NodePort|endpoint) (?P<address>.+):\d+")
CONTROL, DATA = "control", "data"


def planned(plans, node, service):
    """Targets of service_timing on a node: its own to the Service namespace/name:port, and to that Service's pods without it."""
    return [
        {"way": way(target), "node": node, **{key: target[key] for key in ("address", "port", "namespace")}}
        for target in plans[node]["targets"]
        if target["service"] in (service, f"pods of {service}") and way(target)
    ]


def planned_outside(plans, nodes, service):
    """Those of a client outside, to the NodePorts of these nodes."""
    return [
        {"way": way(target), "node": node, "address": target["address"], "port": target["port"]}
        for node in nodes
        for target in plans[node]["outside"]
        if target["service"] == service and way(target)
    ]


def way(target):
    """What a target's name says of the way that its requests take, or None where that is not measured."""
    match = NAME.fullmatch(target["name"])
    if not match:
        return None
    what, address = match["what"], match["address"].strip("[]")
    if what == "endpoint":
        what = "pod"
    elif what == "NodePort" and match["origin"] != "outside":
        # another node's NodePort is translated there, so it is never this node's kube-proxy that serves it
        what = "NodePort on 127.0.0.1" if address == "127.0.0.1" else "own NodePort" if target["by_kube_proxy"] else "another node's NodePort"
    return f"{match['origin']} to {what}{' (IPv6)' if ':' in address else ''}"


def netperf(services, pods, node):
    """Targets of service_timing on a node, with netperf out of the image of its client pod: three servers, each behind a Service of its own.

    One Service for all of them would not do: control and data connection have to come to the same server.
    """
    client = next(pod["metadata"]["uid"] for pod in pods if _component(pod) == "netperf-client" and pod["spec"].get("nodeName") == node)
    inside = {"pod_uid": client}
    found = []
    for service in services:
        ports = _ports(service)
        server = next(pod for pod in pods if _component(pod) == service["metadata"]["name"])
        by_service = {"address": service["spec"]["clusterIP"], "port": ports[CONTROL]["port"], "data_port": ports[DATA]["port"]}
        found += [
            {"way": "host to ClusterIP", "node": node, "namespace": "host", "image_of": client, **by_service},
            {"way": "pod to ClusterIP", "node": node, "namespace": inside, "image_of": client, **by_service},
            {"way": "pod to pod", "node": node, "namespace": inside, "image_of": client, **by_service, "address": server["status"]["podIP"]},
        ]
    return found


def netperf_outside(services, addresses, program):
    """Those of a client outside. addresses: by node, the one whose NodePorts are asked."""
    return [
        {"way": "outside to NodePort", "node": node, "address": address, "program": program,
         "port": _ports(service)[CONTROL]["nodePort"], "data_port": _ports(service)[DATA]["nodePort"]}
        for service in services
        for node, address in addresses.items()
    ]  # fmt: skip


def netperf_ports(service):
    """The Service with its data port everywhere under the number that it has as NodePort: netperf's server listens on the port that its client asks for."""
    number = _ports(service)[DATA]["nodePort"]
    ports = [dict(port, **({"port": number, "targetPort": number} if port["name"] == DATA else {})) for port in service["spec"]["ports"]]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {key: service["metadata"][key] for key in ("name", "namespace")}, "spec": {"ports": ports}}


def _ports(service):
    return {port["name"]: port for port in service["spec"]["ports"]}


def _component(pod):
    return (pod["metadata"].get("labels") or {}).get("app.kubernetes.io/component")

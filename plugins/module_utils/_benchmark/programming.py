# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a new Service takes until it answers on the nodes: from the API server's answer to the first answer on its NodePort."""

from __future__ import annotations

import concurrent.futures
import http.client
import time

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import Latency

#: Seconds between two tries, and for one of them: so exact is the result where a port that is not served yet refuses, and where it says nothing.
PAUSE, PATIENCE = 0.002, 0.1


def targets(api, namespace, selector, addresses, count, timeout):
    """Entries as those of service_probe, one for each of the nodes (name -> address). Raises ClusterError where a Service is not made."""
    seen = {node: [] for node in addresses}
    path = f"/api/v1/namespaces/{namespace}/services"
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(addresses))) as pool:
        for _number in range(count):
            status, _headers, made = api.send("POST", path, service(selector))
            if status != 201:
                raise api.explained(status, made, path)
            port, began = made["spec"]["ports"][0]["nodePort"], time.monotonic()
            for node, waited in zip(addresses, pool.map(lambda address: until_answered(address, port, began, timeout), addresses.values())):
                seen[node].append(waited)
    return [summary(node, waits) for node, waits in seen.items()]


def service(selector):
    """A NodePort Service of pods that are ready already."""
    spec = {"type": "NodePort", "selector": selector, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "programming-"}, "spec": spec}


def until_answered(address, port, began, timeout):
    """Seconds since the beginning (of time.monotonic) until an HTTP answer comes, or None."""
    while time.monotonic() < began + timeout:
        connection = http.client.HTTPConnection(address, port, timeout=PATIENCE)
        try:
            connection.request("GET", "/")
            connection.getresponse()
            return time.monotonic() - began
        except (OSError, http.client.HTTPException):
            time.sleep(PAUSE)
        finally:
            connection.close()
    return None


def summary(node, waits):
    """Times of one node."""
    latency = Latency()
    for waited in waits:
        if waited is not None:
            latency.add(waited)
    return {"name": f"new Service to NodePort of {node}", "requests": len(waits), "failed": waits.count(None), "latency": latency.as_dict()}

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a new Service takes until it answers on the nodes: from the API server's answer to the first answer on its NodePort."""

from __future__ import annotations

import asyncio
import time

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark.fillers import node_port
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark.summary import NEW_SERVICE

#: Seconds between two tries: where a port that is not served yet refuses, and where it says nothing. A try that waits is not given up for the next one,
#: so that an answer from far away is seen, too.
PAUSE, SILENCE = 0.002, 0.1
#: Seconds that one try may take.
PATIENCE = 5
REQUEST = b"GET / HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"


def measure(api, namespace, selector, addresses, count, timeout):
    """Entries as those of timing.measure, one for each of the nodes (name -> address). Raises ClusterError where a Service is not made."""
    waits = {node: [] for node in addresses}
    path = f"/api/v1/namespaces/{namespace}/services"
    for _number in range(count):
        status, _headers, made = api.send("POST", path, node_port(selector))
        if status != 201:
            raise api.explained(status, made, path)
        port, began = made["spec"]["ports"][0]["nodePort"], time.monotonic()
        for node, waited in zip(addresses, asyncio.run(_all(list(addresses.values()), port, began, timeout))):
            waits[node].append(waited)
    return [
        {"node": node, "way": NEW_SERVICE, "test": "seen from the controller", "requests": count, "failed": seen.count(None),
         "samples_us": sorted(round(one * 1e6) for one in seen if one is not None)}
        for node, seen in waits.items()
    ]  # fmt: skip


async def _all(addresses, port, began, timeout):
    return await asyncio.gather(*(_until_answered(address, port, began, timeout) for address in addresses))


async def _until_answered(address, port, began, timeout):
    """Seconds since the beginning (of time.monotonic) until an HTTP answer comes, or None."""
    tries = set()
    try:
        while time.monotonic() < began + timeout:
            tries.add(asyncio.ensure_future(asyncio.wait_for(_ask(address, port), PATIENCE)))
            done, tries = await asyncio.wait(tries, timeout=SILENCE, return_when=asyncio.FIRST_COMPLETED)
            if any(one.exception() is None for one in done):
                return time.monotonic() - began
            if done:
                await asyncio.sleep(PAUSE)
        return None
    finally:
        for one in tries:
            one.cancel()
        await asyncio.gather(*tries, return_exceptions=True)


async def _ask(address, port):
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(REQUEST)
        if not await reader.readline():
            raise ConnectionResetError
    finally:
        writer.close()

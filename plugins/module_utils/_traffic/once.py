# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number of requests to each target, once, from the network each target names, all namespaces at the same time.

A pod that a target names has nothing else to do than to be asked from: the ports of its network are the probes'.
"""

from __future__ import annotations

import asyncio
import threading
import time

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.conntrack import Conntrack, Destination
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.engine import enter_pod, namespaces
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, Path, TrafficError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.request import attempt

# Failures after which a target is not asked again.
ENOUGH_FAILURES = 5
# Requests under way at once, per namespace: a dead target costs its time-out a few times over, not once per request.
AT_ONCE = 32


def probe(paths: list[Path], requests: dict[str, int], timeout: float, in_turn: set[str]) -> tuple[dict[str, list[Attempt]], list[str]]:
    """Every path's attempts by the path's name, and the namespaces that could not be entered, in words.

    in_turn: names of paths whose requests wait for each other, as session affinity needs: it is learnt from the first.
    A path whose namespace could not be entered has no attempts; one that fails again and again has fewer than were wanted.
    """
    found: dict[str, list[Attempt]] = {path.name: [] for path in paths}
    problems: list[str] = []

    def work(pod_uid: str | None) -> None:
        conntrack = open_conntrack()  # in the host's network, where connections of pods are tracked too
        try:
            enter_pod(pod_uid)
            mine = [path for path in paths if path.pod_uid == pod_uid]
            for path, result in asyncio.run(_all(mine, requests, timeout, in_turn, conntrack)):
                found[path.name].append(result)
        except TrafficError as error:
            problems.append(str(error))
        finally:
            if conntrack is not None:
                conntrack.close()

    threads = [threading.Thread(target=work, args=(pod_uid,)) for pod_uid in namespaces(paths)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, problems


class Watch:
    """What others send to some addresses meanwhile: the connections that netfilter begins to track."""

    def __init__(self, paths: list[Path], seconds: float) -> None:
        self._paths = paths
        self._until = time.monotonic() + seconds
        self._conntrack = open_conntrack()
        self._before = self._connections()

    def finish(self, own: set[tuple[str, int]]) -> dict[str, list[str] | None]:
        """Wait for the end of the time; by the path's name, the backend of each new connection ("" when not translated), None when not known.

        own: where our own connections came from, which do not count.
        """
        time.sleep(max(0.0, self._until - time.monotonic()))
        after = self._connections()
        if self._conntrack is not None:
            self._conntrack.close()
        found: dict[str, list[str] | None] = {}
        for path in self._paths:
            key = destination(path)
            known = key in self._before and key in after
            found[path.name] = [backend for source, backend in after[key].items() if source not in own and source not in self._before[key]] if known else None
        return found

    def _connections(self) -> dict[Destination, dict[tuple[str, int], str]]:
        try:
            return self._conntrack.connections(map(destination, self._paths)) if self._conntrack is not None else {}
        except OSError:
            return {}


def destination(path: Path) -> Destination:
    return path.protocol, path.address, path.port


def open_conntrack() -> Conntrack | None:
    try:
        return Conntrack()
    except OSError:
        return None  # a kernel without it, or not root: then every attempt says that it is not known


async def _all(
    paths: list[Path], requests: dict[str, int], timeout: float, in_turn: set[str], conntrack: Conntrack | None
) -> list[tuple[Path, Attempt]]:
    places = asyncio.Semaphore(AT_ONCE)
    turns = {name: asyncio.Lock() for name in in_turn}
    failures = {path.name: 0 for path in paths}
    found: list[tuple[Path, Attempt]] = []

    async def one(path: Path) -> None:
        async with places:
            if failures[path.name] < ENOUGH_FAILURES:
                result = await attempt(path, timeout, conntrack, own_port=path.pod_uid is not None)
                failures[path.name] += result.outcome != "ok"
                found.append((path, result))

    async def one_in_turn(path: Path) -> None:
        async with turns[path.name]:
            await one(path)

    # request by request over all targets, so that those of one target are spread over the time
    todo = [path for number in range(max(requests.values())) for path in paths if number < requests[path.name]]
    await asyncio.gather(*((one_in_turn if path.name in turns else one)(path) for path in todo))
    return found

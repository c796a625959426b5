# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing at a fixed rate: one thread and event loop per network namespace, all in one process.

The rate is open-loop: a request starts when its time has come, whether or not earlier ones were answered, so that an outage
is seen in full. A namespace belongs to a thread, so entering one moves only that thread.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any, Callable

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import netns
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import Attempt, Path, TrafficError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.request import attempt, classify, connect, get, open_socket
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.tally import Tally

# When the prober itself was kept from running for longer than this, requests it should have sent are left out, and counted.
MAX_LAG = 1.0
STOP_CHECK = 0.2


class Engine:
    """A run of the prober over its paths."""

    def __init__(self, paths: list[Path], rate: float, timeout: float, slow_threshold: float) -> None:
        self.paths = paths
        self.rate = rate
        self.timeout = timeout
        self.tallies = {path.name: Tally(slow_threshold) for path in paths}
        self.lock = threading.Lock()
        self.left_out = 0
        self.max_lag = 0.0
        self.gone: dict[str, int] = {}  # the second in which a path was found to have lost its pod
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Enter every namespace and begin. Raises TrafficError when one cannot be entered; then nothing runs."""
        threads = [_NamespaceThread(pod_uid, self._run_namespace) for pod_uid in namespaces(self.paths)]
        try:
            for thread in threads:
                thread.enter()
        except TrafficError:
            self._stopping.set()
            raise
        finally:
            for thread in threads:
                thread.go()
        self._threads.extend(threads)

    def stop(self) -> None:
        """Start no new request; return when those under way have ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    async def _run_namespace(self, pod_uid: str | None) -> None:
        mine = [path for path in self.paths if path.pod_uid == pod_uid]
        await asyncio.gather(*(self._run_path(path, index / len(mine)) for index, path in enumerate(mine)))

    async def _run_path(self, path: Path, phase: float) -> None:
        """phase, 0 to 1, keeps the paths from all sending in the same instant."""
        one = Stream(path, self.timeout).message if path.kind == "stream" else None
        running: set[Any] = set()
        due = time.monotonic() + phase / self.rate
        while path.name not in self.gone and await self._sleep_until(due):
            lag = time.monotonic() - due
            self.max_lag = max(self.max_lag, lag)
            if lag > MAX_LAG:
                missed = int(lag * self.rate)
                self.left_out += missed
                due += missed / self.rate
            if one:
                await self._record(path, one())
            else:
                task = asyncio.ensure_future(self._record(path, attempt(path, self.timeout)))
                running.add(task)
                task.add_done_callback(running.discard)
            due += 1 / self.rate
            if one:
                due = max(due, time.monotonic())  # a stream is closed-loop: one message at a time
        if running:
            await asyncio.wait(running)

    async def _sleep_until(self, due: float) -> bool:
        while not self._stopping.is_set():
            left = due - time.monotonic()
            if left <= 0:
                return True
            await asyncio.sleep(min(left, STOP_CHECK))
        return False

    async def _record(self, path: Path, request: Any) -> None:
        second = int(time.time())
        result: Attempt = await request
        tally = self.tallies[path.name]
        # A pod that goes (a drain, a new version of it) takes its network with it: what is asked there fails for that alone.
        gone = result.outcome != "ok" and path.pod_uid is not None and tally.first_answer is not None and not netns.leads_to(path.address)
        with self.lock:
            if gone:
                self.gone.setdefault(path.name, second)
            else:
                tally.add(second, result)


class Stream:
    """A long-lived connection: messages go over it one after the other; when it breaks it is opened again."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._socket: Any = None

    async def message(self) -> Attempt:
        started = time.monotonic()
        try:
            response = await asyncio.wait_for(self._exchange(), self._timeout)
        except Exception as error:  # pylint: disable=broad-exception-caught  # whatever it is, it is this message's result
            self._close()
            outcome, text = classify(error)
            return Attempt(outcome, time.monotonic() - started, None, text)
        if not response.keep_alive:
            self._close()
        return Attempt("ok", time.monotonic() - started)

    async def _exchange(self) -> Any:
        if self._socket is None:
            self._socket = open_socket(self._path)
            await connect(self._socket, self._path)
        return await get(self._socket, self._path, keep_alive=True)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _NamespaceThread(threading.Thread):
    """A thread that enters a pod's namespace (or stays in the host's), says how that went, and then works there when told to."""

    def __init__(self, pod_uid: str | None, work: Callable[[str | None], Any]) -> None:
        super().__init__(daemon=True)
        self._pod_uid = pod_uid
        self._work = work
        self._entered = threading.Event()
        self._may_go = threading.Event()
        self._problem: TrafficError | None = None

    def enter(self) -> None:
        self.start()
        self._entered.wait()
        if self._problem:
            raise self._problem

    def go(self) -> None:
        self._may_go.set()

    def run(self) -> None:
        try:
            enter_pod(self._pod_uid)
        except TrafficError as problem:
            self._problem = problem
        self._entered.set()
        if self._problem is None:
            self._may_go.wait()
            asyncio.run(self._work(self._pod_uid))


def namespaces(paths: list[Path]) -> list[str | None]:
    return sorted({path.pod_uid for path in paths}, key=lambda pod_uid: pod_uid or "")


def enter_pod(pod_uid: str | None) -> None:
    """Move the calling thread into the pod's network; None stays where it is."""
    if pod_uid is None:
        return
    place = netns.find_pod_netns(pod_uid)
    try:
        handle = os.open(place, os.O_RDONLY)
    except OSError as error:
        raise TrafficError(f"Cannot open the network namespace {place} of pod {pod_uid}: {error.strerror}. Run the module as root (become: true).") from None
    try:
        netns.enter(handle)
    finally:
        os.close(handle)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a request takes over a connection of its own, one at a time: connect, ask, read the answer to its end, close.

With plain blocking sockets, so that next to nothing but the kernel's and the server's time is in it.
"""

from __future__ import annotations

import socket
import threading
import time

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.engine import enter_pod
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError

TEST = "request over a new connection"
REQUEST = b"GET /hostname HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
WARM_UP = 5


def measure(targets, requests, timeout):
    """For each target its name as way, requests, failed and the times of those answered. In the network that each target names."""
    found = []
    for target in targets:
        pod = target["namespace"]["pod_uid"] if isinstance(target["namespace"], dict) else None
        samples = _within(pod, target["address"], target["port"], requests, timeout)
        found.append({"node": target["node"], "way": target["way"], "test": TEST, "requests": requests, "failed": requests - len(samples),
                      "samples_us": sorted(round(one * 1e6) for one in samples)})  # fmt: skip
    return found


def _within(pod, address, port, requests, timeout):
    """In a thread of its own, as entering a network moves the thread."""
    result = []

    def work():
        try:
            enter_pod(pod)
            for _number in range(WARM_UP):
                _request(address, port, timeout)
            result.append([one for one in (_request(address, port, timeout) for _number in range(requests)) if one is not None])
        except TrafficError as error:
            result.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(result[0], TrafficError):
        raise result[0]
    return result[0]


def _request(address, port, timeout):
    """Seconds, or None where it was not answered."""
    began = time.perf_counter()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect((address, port))
            sock.sendall(REQUEST)
            first = received = sock.recv(4096)
            while received:
                received = sock.recv(4096)
        except OSError:
            return None
        ended = time.perf_counter()
    return ended - began if first.startswith(b"HTTP/1.1 200") else None

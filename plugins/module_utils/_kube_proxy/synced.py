# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the kube-proxy that runs here written its rules since it started? Those that are there may be of an earlier life.

Its health cannot tell, for it is well from its start on; a metric can, which is not there, or 0, until then (pkg/proxy/healthcheck and pkg/proxy/metrics
of Kubernetes 1.24 to 1.37).
"""

from __future__ import annotations

import re
import socket
from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import processes

METRIC = re.compile(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
BIND_ADDRESS = re.compile(r"^metricsBindAddress:[ \t]*[\"']?([^\"'\s#]+)", re.MULTILINE)
DEFAULT_PORT = 10249
LOCAL = {"": ["127.0.0.1", "::1"], "0.0.0.0": ["127.0.0.1"], "::": ["::1", "127.0.0.1"]}
TIMEOUT = 3


def synced(proc: str = "/proc") -> Optional[bool]:
    """False as well if none runs; None if it does not tell its metrics."""
    pids = processes.in_this_network("kube-proxy", proc)
    if not pids:
        return False
    for host, port in metrics_at(_bind_address(pids[0], proc)):
        text = _metrics(host, port)
        if text is not None:
            return any(float(value) > 0 for value in METRIC.findall(text))
    return None


def metrics_at(bind_address: str) -> list[tuple[str, int]]:
    """Where to ask, in turn, for the address that was configured ("" if none was)."""
    host, _colon, port = bind_address.rpartition(":")
    host = host.strip("[]")
    return [(one, int(port) if port.isdigit() else DEFAULT_PORT) for one in LOCAL.get(host, [host])]


def _bind_address(pid: str, proc: str) -> str:
    """As the process was told: in its configuration, or by an option without one."""
    words = processes.command_line(pid, proc)
    config = processes.option(words, "config")
    if config is None:
        return processes.option(words, "metrics-bind-address") or ""
    try:
        with open(f"{proc}/{pid}/root{config}", encoding="utf-8") as file:
            found = BIND_ADDRESS.search(file.read())
    except OSError:
        return ""
    return found[1] if found else ""


def _metrics(host: str, port: int) -> Optional[str]:
    """The text, asked for in the oldest way, which ends with the connection."""
    try:
        with socket.create_connection((host, port), TIMEOUT) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            with connection.makefile("rb") as answer:
                head, _blank, body = answer.read().partition(b"\r\n\r\n")
    except OSError:
        return None
    return body.decode(errors="replace") if head.split()[1:2] == [b"200"] else None

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kube-proxy that runs has written its rules: a process table made of files, and a real server that tells metrics."""

from __future__ import annotations

import http.server
import pathlib
import threading
from typing import Callable, Iterator

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import synced

#: As kube-proxy 1.34 prints them; until 1.32 without a label.
BEFORE = "# TYPE kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge\nkubeproxy_sync_proxy_rules_last_timestamp_seconds 0\n"
ONE = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 1.7640231e+09\n'


@pytest.fixture
def metrics() -> Iterator[Callable[[str, int], str]]:
    """Serves a text as metrics; returns where."""
    servers = []

    def serve(text: str, status: int = 200) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/metrics" else 404)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_unused: object) -> None:
                """Nothing is to be told."""

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"127.0.0.1:{servers[-1].server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def kube_proxy(tmp_path: pathlib.Path) -> Callable[[list[str], str], str]:
    """A process table in which one runs, with these words and this configuration; returns where that is."""

    def runs(words: list[str], config: str = "") -> str:
        for pid, name in (("self", "python3"), ("7", "kube-proxy")):
            (tmp_path / pid / "ns").mkdir(parents=True)
            (tmp_path / pid / "ns" / "net").symlink_to("net:[1]")
            (tmp_path / pid / "comm").write_text(f"{name}\n")
        (tmp_path / "7" / "cmdline").write_text("\0".join(["/usr/local/bin/kube-proxy", *words, ""]))
        (tmp_path / "7" / "root").mkdir()
        (tmp_path / "7" / "root" / "config.conf").write_text(config)
        return str(tmp_path)

    return runs


def test_no_kube_proxy_has_not(tmp_path: pathlib.Path) -> None:
    (tmp_path / "self" / "ns").mkdir(parents=True)
    (tmp_path / "self" / "ns" / "net").symlink_to("net:[1]")
    assert synced.synced(str(tmp_path)) is False


@pytest.mark.parametrize(("text", "expected"), [(BEFORE, False), ("", False), (ONE, True), (BEFORE.replace("seconds 0", "seconds 1.76e+09"), True)])
def test_it_tells_in_its_metrics(metrics, kube_proxy, text: str, expected: bool) -> None:
    proc = kube_proxy(["--config=/config.conf"], f'kind: KubeProxyConfiguration\nmetricsBindAddress: "{metrics(text)}"\n')
    assert synced.synced(proc) is expected


def test_where_they_are_may_be_an_option_of_the_command_too(metrics, kube_proxy) -> None:
    assert synced.synced(kube_proxy(["--metrics-bind-address", metrics(ONE)])) is True


def test_it_may_not_tell_them(metrics, kube_proxy) -> None:
    assert synced.synced(kube_proxy(["--config", "/config.conf"], f"metricsBindAddress: {metrics(ONE, 503)}\n")) is None


def test_it_may_not_be_reached(kube_proxy) -> None:
    assert synced.synced(kube_proxy(["--config", "/config.conf"], "metricsBindAddress: 127.0.0.1:1\n")) is None


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("", [("127.0.0.1", 10249), ("::1", 10249)]),
        ("0.0.0.0:9000", [("127.0.0.1", 9000)]),
        ("[::]:9000", [("::1", 9000), ("127.0.0.1", 9000)]),
        ("[fd00::5]:9000", [("fd00::5", 9000)]),
        ("192.0.2.5:10249", [("192.0.2.5", 10249)]),
    ],
)
def test_where_it_is_asked(address: str, asked: list[tuple[str, int]]) -> None:
    assert synced.metrics_at(address) == asked

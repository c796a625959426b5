# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With real sockets and a real server on this machine; the kernel's settings are files in a folder."""

from __future__ import annotations

import http.server
import json
import socket
import threading

import pytest

from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune import effects
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import tune_effects


class Answer(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_words):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def free():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def test_the_health_port_answers_wherever_it_is_bound(server, free, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free}")  # a node's proxy has no business with its own address
    port = server.server_port
    assert effects.health_answer(f"0.0.0.0:{port}", 5) is None and effects.health_answer(f"127.0.0.1:{port}", 5) is None
    monkeypatch.setattr(Answer, "status", 503)
    assert "found status 503" in effects.health_answer(f"0.0.0.0:{port}", 5)
    assert "no answer from http://127.0.0.1" in effects.health_answer(f"0.0.0.0:{free}", 5)
    assert "http://[::1]:1/healthz" in effects.health_answer("[::]:1", 5)


def test_health_check_ports_are_listened_on_or_not(server, free):
    port = server.server_port
    assert effects.health_check_ports([port], True, 5) is None and effects.health_check_ports([free], False, 5) is None
    assert f"nobody on port {free}," in effects.health_check_ports([port, free], True, 5)
    assert f"somebody on port {port}," in effects.health_check_ports([port, free], False, 5)


def test_a_port_that_is_kept_cannot_be_bound(server, free):
    kept = server.server_port
    assert effects.bind_protection(kept, True) is None and effects.bind_protection(free, False) is None
    assert "refused (" in effects.bind_protection(kept, False) and "free to bind" in effects.bind_protection(free, True)


def test_a_port_is_kept_in_a_family_that_the_service_has():
    with socket.socket(socket.AF_INET6) as kept:
        kept.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        kept.bind(("::", 0))
        number = kept.getsockname()[1]
        assert effects.bind_protection(number, True, ipv6=True) is None and effects.bind_protection(number, False) is None
        assert "refused (" in effects.bind_protection(number, False, ipv6=True)
    assert "free to bind" in effects.bind_protection(number, True, ipv6=True)


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A function that sets the kernel's range of ports and what is left out of it."""

    def ports(local, reserved):
        (tmp_path / "ip_local_port_range").write_text(f"{local}\n")
        (tmp_path / "ip_local_reserved_ports").write_text(f"{reserved}\n")

    monkeypatch.setattr(effects, "SYSCTLS", tmp_path)
    return ports


@pytest.mark.parametrize(
    ("local", "reserved", "good"),
    [
        ("32768\t60999", "", True),  # the ranges do not meet
        ("20000\t60999", "30000-32767", True),
        ("20000\t60999", "8080,29000-33000", True),
        ("20000\t60999", "", False),
        ("20000\t60999", "30000-31000", False),
        ("31000\t60999", "8080", False),
    ],
)
def test_the_kernel_leaves_the_range_alone(kernel, local, reserved, good):
    kernel(local, reserved)
    said = effects.reserved_ports(30000, 32767)
    assert (said is None) is good
    assert good or "expected 30000-32767 in it" in said


@pytest.mark.parametrize(
    ("local", "reserved", "protects", "refused", "fleeting"),
    [
        ("32768\t60999", "", False, "", False),  # the ranges do not meet
        ("20000\t60999", "", True, "", False),
        ("20000\t60999", "8080,29000-33000", False, "", True),
        ("20000\t60999", "29000-33000", True, "", False),
        ("20000\t60999", "8080", False, "20000 to 60999 and net.ipv4.ip_local_reserved_ports 8080, expected 30000-32767 in the latter", False),
        ("32767\t60999", "30000-31000,31001-32767", False, "ip_local_reserved_ports=30000-31000,31001-32767,30000-32767", False),
        ("20000\t60999", "", False, "sysctl -w net.ipv4.ip_local_reserved_ports=30000-32767", False),
        ("10000\t20000", "", True, "sysctl -w net.ipv4.ip_local_port_range='10000 32767'", False),  # whatever is protected
        ("10000\t20000", "30000-32767", False, "found 30000-32767, after net.ipv4.ip_local_port_range, 10000 to 20000", False),
        ("10000\t30000", "", True, "", False),
    ],
)
def test_an_agent_that_would_not_start_with_the_range_is_known_before(kernel, local, reserved, protects, refused, fleeting):
    kernel(local, reserved)
    said, known = tune_effects.in_the_way({"node_port_range": "30000,32767", "auto_protect_port_range": protects})
    assert bool(said) is bool(refused) and refused in (said or "")
    assert ("it is gone when the node restarts" in (known or "")) is fleeting


def test_before_agents_start_nothing_else_is_looked_for(kernel, free, capsys):
    kernel("20000\t60999", "")
    asked = {"node": "w1", "before": True, "health_address": f"127.0.0.1:{free}", "node_port_range": "30000-32767", "auto_protect_port_range": False}
    with patch_module_args(asked), pytest.raises(SystemExit):
        tune_effects.main()
    said = json.loads(capsys.readouterr().out)
    assert said["failed"] and said["msg"].startswith("Node w1: auto_protect_port_range: found") and len(said["missing"]) == 1
    assert tune_effects.in_the_way({"node_port_range": None, "auto_protect_port_range": False}) == (None, None)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a node: texts of a real one in fixtures/, and this machine's own sockets, processes and TLS."""

from __future__ import annotations

import contextlib
import copy
import datetime
import ipaddress
import json
import os
import pathlib
import socket
import ssl
import threading

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._node_facts import api_server, cni, devices, facts, portmap, processes
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
LINKS = json.loads((FIXTURES / "address.json").read_text(encoding="utf-8"))
ROUTES = json.loads((FIXTURES / "route.json").read_text(encoding="utf-8"))


def test_who_has_the_port_of_health_checks_is_told_of_the_one_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(facts, "_rules", lambda _reader: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = facts.gather([], 1, "", [], health_port=port)["health_port"]
    assert found["port"] == port and len(found["listeners"]) == 1, found
    assert facts.gather([], 1, "", [])["health_port"]["port"] == 10256


# -- devices

def changed(routes=ROUTES, **changes):
    links = copy.deepcopy(LINKS)
    links[1].update(changes)
    return devices.devices(links, routes)


def test_a_real_node():
    assert changed() == {
        "eth0": {"addresses": ["172.20.0.12"], "default_route": True, "passed_over": None},
        "cilium_host": {"addresses": ["10.20.1.93"], "default_route": False, "passed_over": "its name begins with cilium_"},
    }


@pytest.mark.parametrize(("changes", "why"), [
    ({"flags": ["BROADCAST"]}, "it is down"),
    ({"flags": ["UP", "SLAVE"]}, "it belongs to a bond"),
    ({"master": "br0"}, "it belongs to br0"),
    ({"linkinfo": {"info_kind": "bridge"}}, "it is a bridge"),
    ({"linkinfo": {"info_kind": "openvswitch"}}, "it is a bridge"),
    ({"linkinfo": {"info_kind": "vlan"}}, None),
    ({"linkinfo": {}}, None),
])
def test_devices_that_an_agent_passes_over(changes, why):
    assert changed(**changes)["eth0"]["passed_over"] == why


def test_a_veth_needs_a_default_route_and_other_devices_any():
    without = [route for route in ROUTES if route["dst"] != "default"]
    assert changed(without)["eth0"]["passed_over"] == "it is one end of a veth pair and has no default route"
    assert changed(without, linkinfo={})["eth0"]["passed_over"] is None
    local = [route for route in ROUTES if route["dst"].startswith(("fe80", "ff00"))]
    assert changed(local, linkinfo={})["eth0"]["passed_over"] == "it has no route to a global address"


# -- the API server

@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that vouches for itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


@contextlib.contextmanager
def server(certificate):
    """A TLS server on loopback that takes one connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            with contextlib.suppress(OSError):
                connection, _peer = listening.accept()
                context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(5)


def test_an_api_server_that_the_ca_vouches_for(certificate):
    with server(certificate) as port:
        answer = api_server.probe("127.0.0.1", port, 5, certificate)
    assert (answer["reachable"], answer["trusted"], answer["error"]) == (True, True, None)


def test_a_name_that_the_certificate_does_not_have(certificate):
    with server(certificate) as port:
        answer = api_server.probe("localhost", port, 5, certificate)
    assert (answer["reachable"], answer["trusted"]) == (True, False) and "localhost" in answer["error"]
    assert "127.0.0.1" in answer["addresses"]


def test_without_a_ca_nothing_is_said_about_the_certificate(certificate, tmp_path):
    with server(certificate) as port:
        answer = api_server.probe("127.0.0.1", port, 5, str(tmp_path / "ca.crt"))
    assert (answer["reachable"], answer["trusted"]) == (True, None) and "was not checked" in answer["error"]


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    answer = api_server.probe("127.0.0.1", port, 5)
    assert not answer["reachable"] and "refused" in answer["error"]


def test_something_that_speaks_no_tls():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve():
            connection, _peer = listening.accept()
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        answer = api_server.probe("127.0.0.1", listening.getsockname()[1], 5)
    assert answer["reachable"] and not answer["trusted"] and answer["error"]


# -- ports and processes

def test_only_listening_sockets_of_the_port_count():
    text = (FIXTURES / "tcp6.txt").read_text(encoding="utf-8")
    assert processes.listening(text, 10256) == {"579057"}
    assert processes.listening(text, 80) == set()


def test_who_listens_here():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with open("/proc/self/cmdline", "rb") as handle:
            own = os.path.basename(handle.read().split(b"\0")[0].decode())
        assert processes.listeners(listening.getsockname()[1]) == [own]
        port = listening.getsockname()[1]
    assert processes.listeners(port) == []


def test_watched_programs(tmp_path):
    for pid, words in (("7", ["/usr/sbin/keepalived", "-n"]), ("8", ["/bin/sh", "keepalived"]), ("9", []), ("10", ["kubelet"])):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    (tmp_path / "11").mkdir()
    (tmp_path / "self").mkdir()
    assert processes.watched(str(tmp_path)) == ["keepalived", "kubelet"]


# -- CNI

@pytest.mark.parametrize(("text", "plugins"), [
    ('{"name": "portmap", "plugins": [{"type": "cilium-cni"}, {"type": "portmap"}]}', ["cilium-cni", "portmap"]),
    ('{"name": "cilium", "type": "cilium-cni"}', ["cilium-cni"]),
])
def test_plugins_of_a_configuration(text, plugins):
    assert cni.described(text)["plugins"] == plugins and not cni.described(text)["unread"]


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "plugins", "x"]), inner)
    ).map(json.dumps)
)
def test_what_is_no_configuration_is_told(text):
    found = cni.described(text)
    assert found["unread"] or all(isinstance(plugin, str) for plugin in found["plugins"]) and found["plugins"]


def test_the_first_name_is_the_one_in_use(tmp_path):
    for name, kind in (("10-b.conflist", "b"), ("05-a.conf", "a"), ("00-old.conf.bak", "x")):
        (tmp_path / name).write_text(json.dumps({"type": kind}), encoding="utf-8")
    assert [entry["file"] for entry in cni.configurations(str(tmp_path))] == ["05-a.conf", "10-b.conflist"]
    assert cni.configurations(str(tmp_path / "none")) == []


def test_host_ports_of_portmap():
    dump = """-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"portmap\\" id: \\"5c --dports 9\\"" -m multiport --dports 8088,8443 -j CNI-DN-1
-A CNI-HOSTPORT-DNAT -p udp -m udp --dport 53 -j CNI-DN-2
-A CNI-DN-1 -p tcp -m tcp --dport 9999 -j DNAT --to-destination 10.0.0.1:80
"""
    assert portmap.host_ports(dump) == [53, 8088, 8443]


# -- all of it

@pytest.mark.parametrize(("text", "found"), [
    ("iptables v1.8.9 (nf_tables)\n", {"version": "1.8.9", "backend": "nft"}),
    ("iptables v1.8.7 (legacy)\n", {"version": "1.8.7", "backend": "legacy"}),
    ("iptables v1.6.1\n", {"version": "1.6.1", "backend": "legacy"}),
    ("command not found", None),
    (None, None),
])
def test_what_iptables_is(text, found):
    assert facts.iptables(text) == found


def test_a_program_that_is_missing_or_fails_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(facts.tools, "SEARCH_PATH", str(tmp_path))
    for name, body in (("says-no", "echo sorry >&2; exit 3"), ("no-json", "echo hello")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    reader = facts.Reader()
    assert (reader.text("absent"), reader.text("says-no"), reader.json("no-json")) == (None, None, None)
    assert [word in line for word, line in zip(("absent: not found", "sorry", "printed no JSON: hello"), reader.unread)] == [True] * 3

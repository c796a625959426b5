# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a node: a folder takes the place of its root, the sockets are real. The API server is a stand-in that asks for a certificate as a real one does."""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.server
import ipaddress
import json
import pathlib
import socket
import ssl
import threading

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import api_server, member, node

ROLE = {"node-role.kubernetes.io/control-plane": ""}


def write(root, path, text):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def kubeconfig(server, certificate):
    data = base64.b64encode(certificate.encode()).decode()
    return f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {data}\n    server: {server}\n  name: default-cluster\n"


# -- who is a member


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """(text of a certificate for 127.0.0.1 that vouches for itself, file with it and its key): cluster's authority, server and client in one."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))  # fmt: skip
    text = made.public_bytes(serialization.Encoding.PEM)
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(text + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return text.decode(), path


@contextlib.contextmanager
def serving(authority, answers, ask=True):
    """An API server on loopback; answers: path -> (status, object)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format, *args):  # pylint: disable=redefined-builtin
            pass

        def do_GET(self):
            status, document = answers.get(self.path, (404, {"kind": "Status", "message": f"{self.path} not found"}))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority[0])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def joined(tmp_path, authority):
    """A node on which kubeadm join has ended, of a server at a port; words of the settings say what is otherwise."""

    def make(port, admin=None, control_plane=True):
        write(tmp_path, "etc/kubernetes/kubelet.conf", kubeconfig(f"https://127.0.0.1:{port}", authority[0]))
        write(tmp_path, member.CLIENT, authority[1].read_text())
        if control_plane:
            write(tmp_path, "etc/kubernetes/manifests/kube-apiserver.yaml", "")
        if admin:
            write(tmp_path, "etc/kubernetes/admin.conf", kubeconfig(admin, authority[0]))
        return tmp_path

    return make


def test_a_node_of_no_cluster(tmp_path):
    assert member.member("cp1", str(tmp_path)) is None
    assert member.leftovers(str(tmp_path)) == []


def test_a_whole_control_plane_names_the_endpoint_though_its_kubelet_asks_itself(joined, authority):
    with serving(authority, {"/api/v1/nodes/cp1": (200, {"metadata": {"labels": ROLE}})}) as port:
        found = member.member("cp1", str(joined(port, admin="https://api:6443")))
    assert found == {"server": "https://api:6443", "ca": found["ca"], "control_plane": True, "admin": True, "fault": ""}


def test_members_of_one_cluster_have_one_authority(joined, authority, tmp_path):
    with serving(authority, {"/api/v1/nodes/w1": (200, {"metadata": {}})}) as port:
        worker = member.member("w1", str(joined(port, control_plane=False)))
        assert (worker["server"], worker["control_plane"], worker["admin"], worker["fault"]) == (f"https://127.0.0.1:{port}", False, False, "")
        write(tmp_path, "etc/kubernetes/kubelet.conf", f"    server: https://127.0.0.1:{port}\n    certificate-authority: /etc/kubernetes/pki/ca.crt\n")
        write(tmp_path, "etc/kubernetes/pki/ca.crt", authority[0])
        assert member.member("w1", str(tmp_path)) == worker


@pytest.mark.parametrize("answer, words", [
    ((200, {"metadata": {"labels": {"a": "b"}}}), "Node cp1 has no label node-role.kubernetes.io/control-plane"),
    ((404, {"message": 'nodes "cp1" not found'}), '404 nodes "cp1" not found'),
    ((403, {"message": "node x cannot read node cp1"}), "403 node x cannot read"),
])  # fmt: skip
def test_a_control_plane_where_kubeadm_did_not_end(joined, authority, answer, words):
    with serving(authority, {"/api/v1/nodes/cp1": answer}) as port:
        assert words in member.member("cp1", str(joined(port)))["fault"]


def test_an_api_server_that_does_not_run(joined, authority):
    with serving(authority, {}) as port:
        root = joined(port)
    assert "refused" in member.member("cp1", str(root))["fault"]


def test_a_kubelet_that_has_no_certificate_yet(joined, authority):
    with serving(authority, {}) as port:
        root = joined(port)
        (root / member.CLIENT).unlink()
        fault = member.member("cp1", str(root))["fault"]
    assert f"/{member.CLIENT}" in fault and "No such file" in fault


def test_an_init_that_did_not_end(joined, authority):
    with serving(authority, {"/api/v1/nodes/cp1": (200, {"metadata": {"labels": ROLE}})}) as port:
        root = joined(port)
        write(root, member.INIT, "{}")
        assert "kubeadm init did not end" in member.member("cp1", str(root))["fault"]


def test_leftovers_are_named(tmp_path):
    for path in ("etc/kubernetes/admin.conf", "etc/kubernetes/manifests/etcd.yaml", "var/lib/etcd/member/wal", "etc/kubernetes/pki/ca.crt"):
        write(tmp_path, path, "")
    assert member.leftovers(str(tmp_path)) == ["/etc/kubernetes/admin.conf", "/etc/kubernetes/manifests/etcd.yaml", "/var/lib/etcd/member"]


def test_what_kubeadm_reset_does_not_know_is_no_leftover(tmp_path):
    """Else a node whose init failed stayed refused after the reset that was asked for."""
    write(tmp_path, member.INIT, "{}")
    assert member.member("cp1", str(tmp_path)) is None and member.leftovers(str(tmp_path)) == []


def test_what_holds_a_virtual_address_is_no_leftover(tmp_path):
    for name in ("kube-vip", "keepalived", "haproxy"):
        write(tmp_path, f"etc/kubernetes/manifests/{name}.yaml", "")
    assert member.leftovers(str(tmp_path)) == []


# -- who answers at the endpoint


@pytest.mark.parametrize("answer, is_one", [
    ((200, {"gitVersion": "v1.34.4"}), True),
    ((403, {"kind": "Status", "code": 403}), True),
    ((200, {"hello": "I am a web server"}), False),
    ((200, ["no object"]), False),
])  # fmt: skip
def test_an_api_server_of_whatever_cluster(authority, answer, is_one):
    with serving(authority, {"/version": answer}, ask=False) as port:
        assert api_server.answers("127.0.0.1", port) is is_one


def test_a_balancer_with_nobody_behind_it():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up():
            connection, _peer = listening.accept()
            connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        assert api_server.answers("127.0.0.1", listening.getsockname()[1]) is False
        thread.join(5)


# -- what it has


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "proc/sys/net/ipv4/ip_forward", "1\n")
    write(tmp_path, "proc/swaps", "Filename Type Size Used Priority\n/dev/vdb partition 1 0 -2\n")
    return tmp_path


def test_a_bare_node(root):
    with socket.socket(socket.AF_UNIX) as runtime:
        runtime.bind(str(root / "s"))
        runtime.listen()
        found = node.facts("cp1", f"unix://{root}/s", None, str(root))
    assert (found["member"], found["other"], found["leftovers"], found["api_server"]) == (None, "", [], False)
    assert found["runtime"] == {"path": f"{root}/s", "error": "", "config": None}
    assert found["sysctls"]["net.ipv4.ip_forward"] == "1" and found["sysctls"]["net.ipv6.conf.all.forwarding"] == "missing"
    assert found["swap"] == ["/dev/vdb"]
    assert all(ipaddress.ip_address(address) for address in found["addresses"])


def test_nobody_listens_and_k3s_is_there(root):
    (root / "var/lib/rancher/k3s/agent").mkdir(parents=True)
    found = node.facts("cp1", f"unix://{root}/nobody", None, str(root))
    assert found["other"] == "k3s" and found["runtime"]["error"] == "No such file or directory"


# -- containerd's configuration: what the program itself printed, see fixtures/README.md


@pytest.mark.parametrize("name, expected", [
    ("debian-1.6.20", {"version": 2, "disabled": [], "cgroup_driver": "cgroupfs", "cni_programs": ["/usr/lib/cni"],
                       "sandbox_image": "registry.k8s.io/pause:3.6"}),
    ("docker-1.6.20", {"version": 2, "disabled": ["cri"], "cgroup_driver": "cgroupfs", "cni_programs": [], "sandbox_image": ""}),
    ("ours-1.6.20", {"version": 2, "disabled": [], "cgroup_driver": "systemd", "cni_programs": ["/opt/cni/bin"],
                     "sandbox_image": "registry.local/k8s/pause:3.10.1"}),
])  # fmt: skip
def test_what_matters_of_containerds_configuration(name, expected, tmp_path):
    text = (pathlib.Path(__file__).parent / "fixtures" / f"{name}.toml").read_text(encoding="utf-8")
    assert node.containerd(text, str(tmp_path)) == {**expected, "sandbox_mirrored": False}


def test_containerd_2_has_other_names(tmp_path):
    text = """version = 3
disabled_plugins = ['io.containerd.cri.v1.images', 'io.containerd.snapshotter.v1.zfs']
[plugins]
  [plugins.'io.containerd.cri.v1.runtime']
    [plugins.'io.containerd.cri.v1.runtime'.containerd]
      default_runtime_name = 'nvidia'
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.nvidia.options]
        SystemdCgroup = true
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        SystemdCgroup = false
    [plugins.'io.containerd.cri.v1.runtime'.cni]
      bin_dirs = ['/opt/cni/bin', '/usr/lib/cni']
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = 'registry.k8s.io/pause:3.10'
"""
    found = node.containerd(text, str(tmp_path))
    assert found == {"version": 3, "disabled": ["io.containerd.cri.v1.images"], "cgroup_driver": "systemd", "cni_programs": ["/opt/cni/bin", "/usr/lib/cni"],
                     "sandbox_image": "registry.k8s.io/pause:3.10", "sandbox_mirrored": False}  # fmt: skip


@pytest.mark.parametrize("folder, mirrored", [("etc/two/images.local_5000_", True), ("etc/one/_default", True), ("etc/one/registry.k8s.io", False)])
def test_a_registry_that_containerd_asks_elsewhere(tmp_path, folder, mirrored):
    (tmp_path / folder).mkdir(parents=True)
    text = """version = 3
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = 'images.local:5000/pause:3.10'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '/etc/one:/etc/two'
"""
    assert node.containerd(text, str(tmp_path))["sandbox_mirrored"] is mirrored


def test_without_a_configuration_nothing_is_said():
    assert node.containerd("") is None

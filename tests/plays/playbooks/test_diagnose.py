# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real diagnose.yml on hosts that are this machine. In place of the API server is one that has a Service, and no agent."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import tarfile
import tempfile
import threading

import pytest
from playbook_run import ansible_playbook

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "playbooks"
SERVICE = {"metadata": {"namespace": "shop", "name": "web"}, "spec": {"clusterIP": "10.96.0.8", "selector": {"app": "web"}, "ports": [{"port": 80}]}}
PATHS = {
    "/version": {"gitVersion": "v1.34.4"},
    "/api/v1/services": {"items": [SERVICE]}, "/api/v1/namespaces/shop/services": {"items": [SERVICE]},
    "/apis/discovery.k8s.io/v1/endpointslices": {"items": []}, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices": {"items": []},
    "/api/v1/namespaces/kube-system/pods": {"items": []}, "/api/v1/namespaces/shop/pods": {"items": []},
}  # fmt: skip


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = PATHS.get(self.path.partition("?")[0])
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found or {}).encode())

    def log_message(self, *_words):
        pass


@pytest.fixture
def run(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
    (tmp_path / "kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "current-context": "c"}))  # fmt: skip
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": dict.fromkeys(("n1", "n2", "n3"), {}), "vars": {
        "ansible_connection": "local", "kpr_cluster": "prod", "kpr_node_access": "connection",
        "kpr_kubeconfig": str(tmp_path / "kubeconfig"), "kpr_artifacts_dir": str(tmp_path / "out")}}}))  # fmt: skip

    def play(*words):
        environment = {**os.environ, "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "TMPDIR": temporary}
        done = ansible_playbook("-i", "hosts.json", PLAYBOOKS / "diagnose.yml", *words, cwd=tmp_path, env=environment)
        assert not list(pathlib.Path(temporary).glob("kubeproxy-free-*")), "the folder in which it was gathered is gone"
        return done.returncode, done.stdout + done.stderr

    with tempfile.TemporaryDirectory() as temporary:  # pytest's own folders have names too long for Ansible's sockets
        yield play
    server.shutdown()


def test_a_wrong_name_stops_the_cluster_with_one_message(run, tmp_path):
    status, output = run("-e", "kpr_service=shop/nothing")
    assert status != 0 and "Service shop/nothing is not there" in output and output.count("fatal: ") == 1, output
    recap = {line.split()[0]: line for line in output.partition("PLAY RECAP")[2].splitlines() if ":" in line}
    assert [name for name, line in recap.items() if "failed=1" in line] == ["n1"], output
    assert "node | Read the node" not in output and not (tmp_path / "out").exists(), "nothing was done on the others"


@pytest.mark.parametrize("words, object_", [((), "every Service"), (("-e", "kpr_service=shop/web", "--check"), None)])
def test_findings_and_an_archive(run, tmp_path, words, object_):
    status, output = run(*words)
    assert status == 0 and "FAULT no-pod-matches: Service shop/web" in output and "changed=0" in output, output
    told = json.loads((tmp_path / "out" / "prod" / "diagnosis.json").read_text())
    assert [one["object"] for one in told["findings"] if one["id"] == "not-probed"] == ([object_] if object_ else [])
    assert told["versions"]["kubernetes"] == "v1.34.4" and told["versions"]["ansible"].startswith("2.") and told["versions"]["agents"] == {}
    (archive,) = (tmp_path / "out" / "prod").glob("diagnosis-*.tar.gz")
    assert f"for support: {archive}" in output and archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as packed:
        files = {member.name.partition("/")[2]: member for member in packed if member.isfile()}
        assert set(files) == {"diagnosis.json", "facts.json", "nodes.json"}
        nodes = json.loads(packed.extractfile(files["nodes.json"]).read())
    assert set(nodes) == {"n1", "n2", "n3"} and {node["error"] for node in nodes.values()} == {""} and all(node["facts"]["kernel"] for node in nodes.values())

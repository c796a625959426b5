# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Kubernetes API server on loopback: it serves the objects it is given and the exec protocol, over real sockets."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import pathlib
import struct
import threading
import urllib.parse

import ansible
import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """One request; self.server.fake is the FakeApi."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Stay silent."""

    def do_GET(self):
        fake, url = self.server.fake, urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        fake.requests.append((url.path, {key: values[-1] for key, values in query.items()}))
        if url.path.endswith("/exec"):
            self.exec(fake, url.path.split("/"), query)
        elif url.path in fake.statuses:
            self.answer(fake.statuses[url.path], {"message": "refused on purpose"})
        elif url.path in fake.objects:
            self.answer(200, self.page(fake.objects[url.path], query))
        else:
            self.answer(404, {"message": "not found"})

    def do_PUT(self):
        """Replaces an object."""
        fake = self.server.fake
        fake.replaced.append(self.path)
        fake.objects[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200, fake.objects[self.path])

    def do_POST(self):
        """Says what a dry run says: the object, or that it may not be."""
        fake, path = self.server.fake, urllib.parse.urlsplit(self.path).path
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert "dryRun=All" in self.path, "nothing else is to be created here"
        self.answer(*((fake.statuses[path], {"message": "refused on purpose"}) if path in fake.statuses else (201, body)))

    def page(self, found, query):
        if not isinstance(found, list):
            return found
        start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        rest = start + limit < len(found)
        return {"items": found[start : start + limit], "metadata": {"continue": str(start + limit)} if rest else {}}

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def exec(self, fake, path, query):
        pod = path[path.index("pods") + 1]
        behaviour = fake.pods.get(pod, "missing")
        if behaviour == "missing":
            self.answer(404, {"message": f'pods "{pod}" not found'})
        elif behaviour == "dead kubelet":
            fake.stopped.wait(30)  # the API server tries to reach the kubelet and says nothing meanwhile
        elif behaviour == "no kubelet":
            self.answer(500, {"message": "error dialing backend: dial tcp 192.0.2.9:10250: connect: no route to host"})
        else:
            self.upgrade()
            if behaviour == "stuck":
                fake.stopped.wait(30)
            elif behaviour != "broken":
                self.remote_command(*behaviour(query["command"]) if callable(behaviour) else behaviour)
        self.close_connection = True

    def upgrade(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Protocol", "v5.channel.k8s.io"),
            ("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()),
        ):
            self.send_header(name, value)
        self.end_headers()

    def remote_command(self, stdout, stderr, code):
        status = (
            {"status": "Success"}
            if code == 0
            else {
                "status": "Failure",
                "reason": "NonZeroExitCode",
                "message": f"exit code {code}",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
            }
        )
        half = len(stdout.encode()) // 2
        for channel, data in ((1, stdout.encode()[:half]), (2, stderr.encode()), (1, stdout.encode()[half:]), (3, json.dumps(status).encode())):
            self.frame(0x2, bytes([channel]) + data)
        self.frame(0x8, struct.pack(">H", 1000))

    def frame(self, opcode, data):
        size = bytes([len(data)]) if len(data) < 126 else struct.pack(">BH", 126, len(data)) if len(data) < 65536 else struct.pack(">BQ", 127, len(data))
        self.wfile.write(bytes([0x80 | opcode]) + size + data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class FakeApi:
    """objects: path -> object or list; statuses: path -> HTTP status; pods: name -> (stdout, stderr, code), a function of the command, or a fault by name;
    requests: (path, query) of those that read; replaced: paths that were written."""

    def __init__(self, folder):
        self.objects, self.statuses, self.pods, self.requests, self.replaced = {}, {}, {}, [], []
        self.stopped = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.fake = self
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self.kubeconfig = str(folder / "kubeconfig")
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.host}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "users": [{"name": "test", "user": {"token": "secret"}}],
        }
        (folder / "kubeconfig").write_text(json.dumps(document))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fake_api(tmp_path):
    fake = FakeApi(tmp_path)
    yield fake
    fake.stop()


@pytest.fixture
def with_collection(tmp_path_factory):
    """The environment in which another Python finds this collection."""
    folder = tmp_path_factory.mktemp("collections")
    (folder / "ansible_collections" / "fleetops").mkdir(parents=True)
    (folder / "ansible_collections" / "fleetops" / "kubeproxy_free").symlink_to(pathlib.Path(__file__).resolve().parents[3])
    path = f"{folder}{os.pathsep}{pathlib.Path(ansible.__file__).parents[1]}"  # under ansible-test, Ansible is not where its Python looks
    return {**os.environ, "PYTHONPATH": path, "ANSIBLE_COLLECTIONS_PATH": str(folder)}

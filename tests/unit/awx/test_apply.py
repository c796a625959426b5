# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx/apply.yml and awx/launch.yml with the real modules of awx.awx, against a recording stand-in for AWX on loopback.

The stand-in keeps what it is sent and finds it again by its fields; it knows nothing of what AWX does with it. So this shows that the modules take the data and
what they send, and not that AWX accepts or runs it.
"""

from __future__ import annotations

import http.server
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import threading
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = ROOT / ".work" / "ansible_collections" / "awx" / "awx"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("ansible-playbook") or not MODULES.exists(), reason="needs awx.awx: make setup")]
MINE = {"awx_image": "localhost/kubeproxy-free:1", "awx_project_url": "https://git.example.net/kubeproxy_free.git", "awx_project_tag": "0.1.0",
        "awx_inventory_url": "https://git.example.net/fleet.git", "awx_inventory_path": "prod", "awx_notification_url": "https://chat.example.net/hook",
        "vault_awx_node_key": "KEY-OF-NODES", "vault_awx_kubeconfig": "SECRET-KUBECONFIG"}  # fmt: skip
#: The type that the modules expect of an object, where it is not the endpoint without its s.
UNIFIED = {"job_templates": "job_template", "projects": "project", "inventory_sources": "inventory_source"}


class RecordingStandIn(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.numbers = itertools.count(1)
        self.objects: dict[str, list[dict]] = {}  # endpoint: objects
        self.documents: dict[str, dict] = {}  # path: what was posted there and is no object
        self.linked: dict[str, list[int]] = {}  # path of a list of an object: ids
        self.writes: list[str] = []
        self.launched: list[dict] = []
        for endpoint, name in (("organizations", "Default"), ("credential_types", "Machine"), ("credential_types", "Vault")):
            self.add(endpoint, {"name": name})

    def add(self, endpoint: str, fields: dict) -> dict:
        number = next(self.numbers)
        url = f"/api/v2/{endpoint}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/", "launch": f"{url}launch/"}
        found = {"scm_revision": "", **fields, "id": number, "url": url, "type": UNIFIED.get(endpoint, endpoint[:-1]), "related": related, "summary_fields": {}}
        self.objects.setdefault(endpoint, []).append(found)
        return found

    def find(self, endpoint: str, wanted: dict) -> list[dict]:
        endpoints = UNIFIED if endpoint == "unified_job_templates" else [endpoint]
        every = [item for name in endpoints for item in self.objects.get(name, [])]
        return [item for item in every if all(str(item.get(name)) == value for name, value in wanted.items())]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):  # pylint: disable=arguments-differ
        """Stay silent."""

    def answer(self, document, status=200):
        body = json.dumps(document).encode() if document is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def path_and_query(self):
        url = urllib.parse.urlsplit(self.path)
        return url.path, dict(urllib.parse.parse_qsl(url.query)), url.path.strip("/").split("/")[2:]

    def page(self, found):
        self.answer({"count": len(found), "results": found, "next": None})

    def one(self, parts):
        return next(item for item in self.server.objects[parts[0]] if str(item["id"]) == parts[1])

    def do_GET(self):
        path, query, parts = self.path_and_query()
        if len(parts) == 1:
            self.page(self.server.find(parts[0], query))
        elif len(parts) == 2:
            self.answer(self.one(parts))
        elif path in self.server.documents:
            self.answer(self.server.documents[path])
        else:
            self.page([{"id": number} for number in self.server.linked.get(path, [])])

    def do_POST(self):
        path, _query, parts = self.path_and_query()
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.writes.append(f"POST {path}")
        if len(parts) == 1:
            self.answer(self.server.add(parts[0], sent), 201)
        elif parts[2] == "launch":
            self.server.launched.append(sent)
            self.answer({"id": next(self.server.numbers), "status": "pending"}, 201)
        elif parts[2] == "create_approval_template":
            approval = self.server.add("workflow_approval_templates", sent)
            self.one(parts)["related"]["unified_job_template"] = approval["url"]
            self.answer(approval, 201)
        elif set(sent) <= {"id", "associate", "disassociate"}:
            self.server.linked.setdefault(path, []).append(sent["id"])
            self.answer(None, 204)
        else:
            self.server.documents[path] = sent
            self.answer({})

    def do_PATCH(self):
        path, _query, parts = self.path_and_query()
        self.server.writes.append(f"PATCH {path}")
        found = self.one(parts)
        found.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(found)


@pytest.fixture
def stand_in():
    server = RecordingStandIn()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def play(stand_in, tmp_path):
    def run(playbook, **variables):
        (tmp_path / "mine.json").write_text(json.dumps(variables))
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "CONTROLLER_OAUTH_TOKEN": "token",
                       "CONTROLLER_HOST": f"http://127.0.0.1:{stand_in.server_port}", "HOME": str(tmp_path)}  # fmt: skip
        command = ["ansible-playbook", "-i", "localhost,", str(ROOT / "awx" / playbook), "-e", f"@{tmp_path / 'mine.json'}"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not any(secret in done.stdout + done.stderr for secret in ("KEY-OF-NODES", "SECRET-KUBECONFIG"))
        return done.stdout + done.stderr

    return run


def named(server, endpoint):
    return {item.get("name", item.get("identifier")): item for item in server.objects[endpoint]}


def test_the_modules_take_the_data_and_send_it(stand_in, play):
    git, registry = (stand_in.add("credentials", {"name": name})["id"] for name in ("git of the fleet", "registry"))
    said = play("apply.yml", **MINE, awx_inventory_credential="git of the fleet", awx_image_credential="registry")
    assert "WARNING" not in said
    kind = named(stand_in, "credential_types")["kubeproxy-free kubeconfig"]
    assert kind["injectors"]["file"] == {"template.kubeconfig": "{{ kubeconfig }}", "template.helm_kubeconfig": "{{ helm_kubeconfig or kubeconfig }}"}
    assert kind["injectors"]["extra_vars"]["kpr_helm_kubeconfig"] == "{{ tower.filename.helm_kubeconfig }}"
    credentials = named(stand_in, "credentials")
    assert set(credentials) == {"git of the fleet", "registry", "kubeproxy-free nodes", "kubeproxy-free clusters"}
    clusters = credentials["kubeproxy-free clusters"]
    assert clusters["credential_type"] == kind["id"] and clusters["inputs"] == {"kubeconfig": "SECRET-KUBECONFIG", "helm_kubeconfig": ""}

    projects = named(stand_in, "projects")
    assert projects["kubeproxy-free"]["scm_branch"] == "0.1.0" and "credential" not in projects["kubeproxy-free"]
    assert projects["kubeproxy-free inventory"]["credential"] == git
    assert named(stand_in, "execution_environments")["kubeproxy-free"]["credential"] == registry
    assert named(stand_in, "inventory_sources")["kubeproxy-free fleet"]["source_project"] == projects["kubeproxy-free inventory"]["id"]

    migrate = named(stand_in, "job_templates")["kubeproxy-free migrate"]
    assert (migrate["playbook"], migrate["job_type"], migrate["ask_job_type_on_launch"]) == ("playbooks/migrate.yml", "run", True)
    assert migrate["project"] == projects["kubeproxy-free"]["id"] and migrate["diff_mode"] is True
    assert json.loads(migrate["extra_vars"]) == {"kpr_artifacts_dir": "/var/lib/kubeproxy-free"}
    assert len(stand_in.linked[migrate["url"] + "credentials/"]) == 2
    asked = [question["variable"] for question in stand_in.documents[migrate["url"] + "survey_spec/"]["spec"]]
    assert asked[:3] == ["kpr_hosts", "kpr_wave_count", "kpr_waves"]

    nodes = named(stand_in, "workflow_job_template_nodes")
    assert nodes["canary"]["unified_job_template"] == migrate["id"] and nodes["canary"]["extra_data"] == {"kpr_wave_count": 1}
    for failed in ("canary", "rest"):
        assert stand_in.linked[nodes[failed]["url"] + "failure_nodes/"] == [nodes["approve-rollback"]["id"]]
    assert stand_in.linked[nodes["canary"]["url"] + "success_nodes/"] == [nodes["approve-rest"]["id"]]
    assert set(named(stand_in, "workflow_approval_templates")) == {"Move the canary?", "Move the other nodes?", "Give the whole cluster back?"}


def test_a_fleet_is_launched_as_a_workflow_for_each_cluster(stand_in, play):
    (organization,) = stand_in.objects["organizations"]
    workflow = {"name": "kubeproxy-free migration", "organization": organization["id"], "ask_variables_on_launch": False, "survey_enabled": True}
    stand_in.add("workflow_job_templates", workflow)
    play("launch.yml", awx_clusters=["prod_eu_1", "prod_us_1"])
    assert [sent["extra_vars"] for sent in stand_in.launched] == [{"kpr_hosts": "prod_eu_1"}, {"kpr_hosts": "prod_us_1"}]

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment that the collection describes, built and used as AWX uses it. `make test-ee` runs this."""

from __future__ import annotations

import functools
import http.server
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import threading

import pytest
import yaml

from lab.nodes import PODMAN, limits
from lab.parts import key
from lab.progress import step
from lab.rootfs import Rootfs
from lab.settings import load
from tests.own_lab import ROOT, OwnLab
from tools import package

USER = 1000  # that of the image
SECRET = "SECRET-OF-THE-RELEASE"  # among the values that Cilium's release has
CERTIFICATES = pathlib.Path("/etc/ssl/certs")


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout[-6000:]}"
    return done.stdout


def in_container(image, command, *options):
    """The output of a command that may fail."""
    words = [*PODMAN, "run", "--rm", *limits(), *options, image, *command]
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200, check=False).stdout


def base_image():
    """A local base: Debian with Python, and without Ansible."""
    root = Rootfs(load()).controller()
    name = f"localhost/kubeproxy-free-ee-base:{key(root.name)}"
    if subprocess.run([*PODMAN, "image", "exists", name], check=False).returncode:
        run(*PODMAN, "import", root, name)
    return name


def build(folder, programs):
    """The image by the shipped definition, from the shipped artifact; collections that it depends on come as files, because no Galaxy is asked.

    programs: the folder of Helm and kubectl.
    """
    context = folder / "context-files"
    context.mkdir()
    package.build(context)
    (artifact,) = context.glob("fleetops-*.tar.gz")
    artifact.rename(context / "kubeproxy_free.tar.gz")
    for name in ("helm", "kubectl"):
        shutil.copy(programs / name, context)
    definition = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))
    definition["options"]["skip_pip_install"] = True  # Debian's Python has it, and no ensurepip
    for file in context.glob("*-*.tar.gz"):
        definition["additional_build_files"].append({"src": f"context-files/{file.name}", "dest": "collections"})
        definition["dependencies"]["galaxy"]["collections"].append({"name": f"/collections/{file.name}", "type": "file"})
    (folder / "execution-environment.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    name = "localhost/kubeproxy-free-ee:test"
    arguments = {"EE_BASE_IMAGE": base_image(), "ANSIBLE_GALAXY_CLI_COLLECTION_OPTS": "--offline"}
    words = [word for argument in arguments.items() for word in ("--build-arg", "=".join(argument))]
    # Without containers inside of containers, and with the machine's certificates, behind whatever proxy it is.
    more = f"--network host --volume {CERTIFICATES}:{CERTIFICATES}:ro --env PIP_CERT={CERTIFICATES}/ca-certificates.crt"
    run("ansible-builder", "build", "--tag", name, "--container-runtime", "podman", "--verbosity", "2", *words, "--extra-build-cli-args", more, cwd=folder,
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"})  # fmt: skip
    return name


class Runner(OwnLab):
    """A lab, and a folder as AWX lays it out for ansible-runner: inventory, key, kubeconfigs, and the project, which has the playbooks.

    repository: folder and address of a chart repository, which no `helm repo add` has made known.
    """

    def __init__(self, folder, repository):
        super().__init__("ee", 22, WORKERS=1)
        self.folder = folder
        self.repository, self.address = repository

    def helm(self, *words):
        return run(self.variables["kpr_helm_binary"], "--kubeconfig", self.variables["kpr_kubeconfig"], *words)

    def give_the_release_a_secret(self):
        """One that the chart makes nothing of while Hubble is off."""
        chart = self.variables["kpr_cilium_chart_ref"]
        self.helm("upgrade", "cilium", chart, "--namespace", "kube-system", "--reuse-values", "--set", f"hubble.tls.server.key={SECRET}")
        assert SECRET in self.helm("get", "values", "cilium", "--namespace", "kube-system")

    def lay_out(self):
        variables = self.variables
        key_file = pathlib.Path(variables.pop("ansible_ssh_private_key_file"))
        self.helm("package", variables["kpr_cilium_chart_ref"], "--destination", self.repository)
        self.helm("repo", "index", self.repository)
        for name in ("inventory", "project", "env"):
            (self.folder / name).mkdir()
        shutil.copytree(ROOT / "playbooks", self.folder / "project" / "playbooks")
        shutil.copy(ROOT / "ansible.cfg", self.folder / "project")
        self.grant(self.folder / "kubeconfig")
        shutil.copy(variables["kpr_kubeconfig"], self.folder / "helm-kubeconfig")
        shutil.copy(key_file.with_name("known_hosts"), self.folder / "known_hosts")
        shutil.copy(key_file, self.folder / "env" / "ssh_key")
        del variables["kpr_helm_binary"]
        variables |= {
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/runner/known_hosts -o StrictHostKeyChecking=yes",
            "kpr_kubeconfig": "/runner/kubeconfig",
            "kpr_helm_kubeconfig": "/runner/helm-kubeconfig",
            "kpr_cilium_chart_ref": "cilium",
            "kpr_cilium_chart_repo_url": self.address,
            "kpr_artifacts_dir": "/runner/artifacts/reports",
        }
        hosts = {self.name: {"hosts": self.hosts, "vars": variables}}
        (self.folder / "inventory" / "hosts.json").write_text(json.dumps(hosts), encoding="utf-8")
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, USER, 0)

    @staticmethod
    def shell(image, script, user=USER):
        return in_container(image, ["sh", "-ec", script], "--network=none", f"--user={user}:0")

    def play(self, image, playbook, *words, job=None, **answers):
        """(ansible-runner's status, its events) of a playbook of the project, with roles from the image. answers: extra variables, as a survey gives them."""
        job = job or playbook
        line = shlex.join([*words, "-e", json.dumps(answers)])
        command = ["ansible-runner", "run", "/runner", "--playbook", f"playbooks/{playbook}.yml", "--ident", job, "--cmdline", line]
        with step(f"{job} in the execution environment"):
            output = in_container(image, command, "--network=host", f"--user={USER}:0", f"--volume={self.folder}:/runner")
        artifacts = self.folder / "artifacts" / job
        assert (artifacts / "status").exists(), output
        events = [json.loads(path.read_text(encoding="utf-8")) for path in (artifacts / "job_events").glob("*-*.json")]
        return (artifacts / "status").read_text(encoding="utf-8").strip(), sorted(events, key=lambda event: event["counter"])


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("charts")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def runner(tmp_path_factory, repository):
    made = Runner(tmp_path_factory.mktemp("runner"), repository)
    made.fresh()
    made.give_the_release_a_secret()
    made.lay_out()
    yield made
    made.lab("down")


@pytest.fixture(scope="session")
def image(runner):
    with tempfile.TemporaryDirectory(prefix="kubeproxy-free-ee-") as folder, step("build the execution environment"):
        return build(pathlib.Path(folder), pathlib.Path(runner.variables["kpr_helm_binary"]).parent)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of execution-environment.yml and meta/execution-environment.yml. No image is built here."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(not shutil.which("ansible-builder"), reason="needs ansible-builder")


def builder(folder, *words):
    done = subprocess.run(["ansible-builder", *words], cwd=folder, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_build_context_has_the_collection_and_the_programs(tmp_path):
    shutil.copy(ROOT / "execution-environment.yml", tmp_path)
    (tmp_path / "context-files").mkdir()
    for name in ("kubeproxy_free.tar.gz", "helm", "kubectl"):
        (tmp_path / "context-files" / name).write_text(name)
    builder(tmp_path, "create", "--output-filename", "Containerfile")  # else it is named after the container program that is found
    context = tmp_path / "context"
    assert (context / "_build" / "collections" / "kubeproxy_free.tar.gz").is_file()
    assert sorted(path.name for path in (context / "_build" / "bin").iterdir()) == ["helm", "kubectl"]
    containerfile = (context / "Containerfile").read_text()
    installed = re.search(r"name: (\S+)\n\s+type: file", (context / "_build" / "requirements.yml").read_text())[1]
    galaxy = containerfile[containerfile.index("AS galaxy") : containerfile.index("AS builder")]
    assert f"COPY _build/collections {pathlib.PurePosixPath(installed).parent}\n" in galaxy  # before it is installed from there
    assert galaxy.index("COPY _build/collections") < galaxy.index("ansible-galaxy collection install")
    assert containerfile.startswith("ARG EE_BASE_IMAGE=") and "\nFROM $EE_BASE_IMAGE AS base\n" in containerfile


def test_the_collection_tells_what_it_needs(tmp_path):
    namespace = tmp_path / "ansible_collections" / "fleetops"
    namespace.mkdir(parents=True)
    (namespace / "kubeproxy_free").symlink_to(ROOT)
    found = re.findall(r"- '(\S+)  # from collection fleetops.kubeproxy_free'", builder(tmp_path, "introspect", str(tmp_path)))
    wanted = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert found == wanted and len(found) > 1


def test_no_registry_is_named():
    for name in ("execution-environment.yml", "meta/execution-environment.yml"):
        assert re.findall(r"[\w-]+\.[a-z]{2,}/", (ROOT / name).read_text()) == []

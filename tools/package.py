# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection, install it with what it requires into an empty folder, and use it from there as a user would."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".work" / "ansible_collections"

#: What users of the collection need, at its top level. The artifact holds what git tracks of this, and nothing else.
SHIPPED = {"CHANGELOG.rst", "CONTRIBUTING.md", "COPYING", "README.md", "SECURITY.md", "awx", "changelogs", "docs", "execution-environment.yml", "inventories",
           "meta", "playbooks", "plugins", "rbac", "requirements.txt", "roles"}
#: What ansible-galaxy makes.
MADE = {"MANIFEST.json", "FILES.json"}


class PackageError(Exception):
    pass


def wanted(tracked: list[str]) -> set[str]:
    return MADE | {name for name in tracked if name.split("/")[0] in SHIPPED}


def mistakes(found: set[str], tracked: list[str]) -> list[str]:
    """What is wrong with an artifact that holds these files."""
    said = []
    for name in sorted(found - wanted(tracked)):
        why = "not meant for it" if name in tracked else "git does not know it"
        said.append(f"{name} is in the artifact and {why}. If it belongs there, add it to git, and its top level to SHIPPED in tools/package.py; "
                    "if not, to build_ignore in galaxy.yml.")  # fmt: skip
    return said + [f"{name} is missing from the artifact. See build_ignore in galaxy.yml." for name in sorted(wanted(tracked) - found)]


def _tracked() -> list[str]:
    return subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip("\0").split("\0")


def _run(folder: pathlib.Path, *words: object, refused: str = "") -> None:
    """Run in a folder whose home and collections path are its own: nothing that is installed already may help.

    refused: what it has to say where it is meant to fail.
    """
    command = list(map(str, words))
    environment = {**os.environ, "ANSIBLE_HOME": str(folder / "home"), "ANSIBLE_COLLECTIONS_PATH": str(folder / "installed")}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if bool(done.returncode) != bool(refused) or refused not in done.stdout:
        expected = f", expected an error that says {refused}" if refused else ""
        raise PackageError(f"`{' '.join(command)}` ended with {done.returncode}{expected}:\n{done.stdout}")


def _build_dependency(name: str, folder: pathlib.Path) -> None:
    """Make an artifact of a collection that was unpacked from the `ansible` wheel, which leaves out files that its manifest lists."""
    draft = folder / name
    shutil.copytree(COLLECTIONS / name.replace(".", "/"), draft)
    info = json.loads((draft / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]
    for listing in ("MANIFEST.json", "FILES.json"):
        (draft / listing).unlink()
    (draft / "galaxy.yml").write_text(yaml.safe_dump({key: value for key, value in info.items() if value}), encoding="utf-8")
    _run(folder, "ansible-galaxy", "collection", "build", draft, "--output-path", folder)


def build(folder: pathlib.Path) -> None:
    """Make the artifact, and those of the collections that it depends on, in the folder."""
    _run(folder, "ansible-galaxy", "collection", "build", ROOT, "--output-path", folder)
    for name in yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]:
        _build_dependency(name, folder)


def check(folder: pathlib.Path) -> None:
    """Build, install in the empty folder and run from there; raise PackageError for what a user would stumble over."""
    build(folder)
    artifact = next(folder.glob("fleetops-kubeproxy_free-*.tar.gz"))
    with tarfile.open(artifact) as archive:
        found = mistakes({member.name for member in archive if not member.isdir()}, _tracked())
    if found:
        raise PackageError("\n".join(found))
    _run(folder, "ansible-galaxy", "collection", "install", "--offline", *sorted(folder.glob("*.tar.gz")), "--collections-path", folder / "installed")
    installed = folder / "installed" / "ansible_collections" / "fleetops" / "kubeproxy_free"
    for playbook in sorted((installed / "playbooks").glob("*.yml")):
        _run(folder, "ansible-playbook", "--syntax-check", "-i", "localhost,", f"fleetops.kubeproxy_free.{playbook.stem}")
    # For real, on this machine and without a cluster: roles, modules and plugins are those that were installed.
    settings = {"ansible_connection": "local", "kpr_cluster": "none", "kpr_kubeconfig": str(folder / "none"), "kpr_artifacts_dir": str(folder / "plans")}
    _run(folder, "ansible-playbook", "-i", "localhost,", "fleetops.kubeproxy_free.plan", "-e", json.dumps(settings), refused="cluster-unreadable, cluster none")


def problems() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="kubeproxy-free-package-") as folder:
        try:
            check(pathlib.Path(folder))
        except PackageError as error:
            return [str(error)]
    return []

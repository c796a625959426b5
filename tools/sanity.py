# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity and units, without containers, on a copy of the checkout.

ansible-test insists on a folder named ansible_collections/fleetops/kubeproxy_free, and keeps its virtual environments in
it: so the copy stays in the cache and only what changed is copied again. Arguments go to `ansible-test sanity`, which then
runs alone: python3 tools/sanity.py --test pep8 plugins/modules
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import ansible_test
from ansible.release import __version__ as core
from setup import find_python, link

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".work" / "results"
COPY = pathlib.Path(sys.prefix).parent / f"ansible-test-{core}" / "ansible_collections"
COLLECTION = COPY / "fleetops" / "kubeproxy_free"

#: What nodes may have; ansible-core 2.19 to 2.21 support 3.9 and later there.
NODE_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

#: pslint needs PowerShell, and the collection has none.
SKIPPED = ("pslint",)

#: Kubernetes manifests of several documents in one file, which the yamllint of ansible-test does not take.
NOT_COPIED = ("lab/files/", "rbac/")

#: ansible-test downloads pip's bootstrap script; this one, put where it caches that, takes the pip that Python brings along.
#: (Each step in a process of its own: ensurepip makes the pip in its process forget the machine's configuration.)
GET_PIP = """import subprocess, sys
for words in (["ensurepip"], ["pip", "install", "--quiet", "--disable-pip-version-check", "pip==%s"]):
    subprocess.run([sys.executable, "-m", *words], check=True)
"""


def write_get_pip() -> None:
    source = pathlib.Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    wanted = re.search(r"pip='([0-9.]+)'", source)
    if not wanted:
        sys.exit(f"sanity: ansible-core {core} does not say any more which pip it wants; see GET_PIP in tools/sanity.py")
    path = pathlib.Path(f"~/.ansible/test/cache/get_pip_{wanted[1].replace('.', '_')}.py").expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GET_PIP % wanted[1], encoding="utf-8")


def copy_checkout() -> None:
    """Bring the copy up to date with what git knows or would know of the checkout; ansible-test's own folders stay."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    files = {name for name in os.fsdecode(listed.stdout).split("\0") if name and not name.startswith(NOT_COPIED) and (ROOT / name).is_file()}
    for old in [path for path in COLLECTION.rglob("*") if not path.is_dir() or path.is_symlink()]:
        name = str(old.relative_to(COLLECTION))
        if name not in files and not name.startswith("tests/output/"):
            old.unlink()
    for name in files:
        source, target = ROOT / name, COLLECTION / name
        if not target.exists() or source.stat().st_mtime_ns != target.stat().st_mtime_ns:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for namespace in (ROOT / ".work" / "ansible_collections").iterdir():
        if namespace.is_symlink():
            link(COPY / namespace.name, namespace.resolve())


class Runner:
    """ansible-test with this virtual environment's Python as controller and the oldest Python found as a node's."""

    def __init__(self) -> None:
        self.controller = platform.python_version().rpartition(".")[0]
        found = {minor: python for minor in NODE_PYTHONS if (python := find_python(minor))}
        self.oldest = next(iter(found), self.controller)
        if self.oldest != NODE_PYTHONS[0]:
            print(f"sanity: no Python {NODE_PYTHONS[0]} here; what runs on nodes is checked with {self.oldest} and later only")
        first, *others = os.environ["PATH"].split(os.pathsep)
        folders = [os.path.dirname(path) for path, _version in found.values()]
        self.environment = {**os.environ, "PATH": os.pathsep.join([first, *folders, *others]), "LC_ALL": "C.UTF-8"}

    def __call__(self, test: str, targets: list[str], *words: str) -> int:
        command = ["ansible-test", test, "--controller", f"origin:python=venv/{self.controller}"]
        command += [word for target in targets for word in ("--target-python", target)]
        command += ["--requirements", "--color", "no", *words]
        print(f"sanity: {' '.join(command)}", flush=True)
        return subprocess.run(command, cwd=COLLECTION, env=self.environment, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    COLLECTION.mkdir(parents=True, exist_ok=True)
    with open(COPY.parent / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another checkout may be using the copy
        write_get_pip()
        copy_checkout()
        junit = COLLECTION / "tests" / "output" / "junit"
        shutil.rmtree(junit, ignore_errors=True)
        run = Runner()
        skip = [word for name in SKIPPED for word in ("--skip-test", name)]
        failed = run("sanity", sorted({run.oldest, run.controller}), "--junit", *skip, *sys.argv[1:])
        if not sys.argv[1:]:  # `make unit` has run them with the controller's Python
            failed |= run("units", [f"venv/{run.oldest}"])
        RESULTS.mkdir(parents=True, exist_ok=True)
        for path in junit.glob("*.xml"):
            shutil.copy(path, RESULTS / f"ansible-test-{path.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

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
import glob
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

import ansible_test
from ansible.release import __version__ as core

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".work" / "results"
COPY = pathlib.Path(sys.prefix).parent / f"ansible-test-{core}" / "ansible_collections"
COLLECTION = COPY / "fleetops" / "kubeproxy_free"

#: pslint needs PowerShell, and the collection has none.
SKIPPED = ("pslint",)

#: Kubernetes manifests of several documents in one file, which the yamllint of ansible-test does not take.
NOT_COPIED = ("lab/files/",)

#: ansible-test downloads pip's bootstrap script; this one, put where it caches that, takes the pip that Python brings along.
GET_PIP = """import ensurepip, os, subprocess, sys
ensurepip.bootstrap()
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pip==%s"]))
"""


def write_get_pip() -> None:
    source = pathlib.Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text(encoding="utf-8")
    wanted = re.search(r"pip='([0-9.]+)'", source)
    if not wanted:
        sys.exit(f"sanity: ansible-core {core} does not say any more which pip it wants; see GET_PIP in tools/sanity.py")
    path = pathlib.Path(f"~/.ansible/test/cache/get_pip_{wanted[1].replace('.', '_')}.py").expanduser()
    if not path.exists():
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
        if namespace.is_symlink() and not (COPY / namespace.name).exists():
            (COPY / namespace.name).symlink_to(namespace.resolve())


def environment() -> dict[str, str]:
    """PATH with every interpreter there is, so that `import` and `compile` run on them: pyenv's shims hide all but one."""
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not entry.endswith(".pyenv/shims")]
    path[1:1] = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin")))
    return {**os.environ, "PATH": os.pathsep.join(path), "LC_ALL": "C.UTF-8"}


def ansible_test_run(*words: str) -> int:
    python = platform.python_version().rpartition(".")[0]
    command = ["ansible-test", words[0], "--venv", "--python", python, "--requirements", "--color", "no", *words[1:]]
    print(f"sanity: {' '.join(command)}", flush=True)
    return subprocess.run(command, cwd=COLLECTION, env=environment(), stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    COLLECTION.mkdir(parents=True, exist_ok=True)
    with open(COPY.parent / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another checkout may be using the copy
        write_get_pip()
        copy_checkout()
        junit = COLLECTION / "tests" / "output" / "junit"
        shutil.rmtree(junit, ignore_errors=True)
        skip = [word for name in SKIPPED for word in ("--skip-test", name)]
        failed = ansible_test_run("sanity", "--junit", *skip, *sys.argv[1:])
        if not sys.argv[1:]:
            failed |= ansible_test_run("units")
        RESULTS.mkdir(parents=True, exist_ok=True)
        for path in junit.glob("*.xml"):
            shutil.copy(path, RESULTS / f"ansible-test-{path.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

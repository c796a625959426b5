# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each run in a network namespace of its own, filled anew; a whole process is timed, with the memory of its largest part."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any, Iterator

from bench.cleanup.rules import DUMPS, chains
from bench.cleanup.table import BASE, BY_KUBE_PROXY

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / ".work")}  # where setup has put the collection
LAUNCH = pathlib.Path(__file__).with_name("launch.py")
NAMESPACE = f"kprbench-{os.getpid()}"
MODULE = """
import json, resource, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import kube_proxy_rules
with patch_module_args(json.loads(sys.argv[1])):
    try:
        kube_proxy_rules.main()
    finally:
        # What the module itself took; the largest process may be one that it has started.
        print("own KiB:", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
OWN = re.compile(r"^own KiB: (\d+)$", re.MULTILINE)


def ways(backend: str, folder: pathlib.Path, kube_proxy: pathlib.Path | None) -> dict[str, list[str]]:
    """What is compared, as command lines."""
    programs = folder / backend
    programs.mkdir(exist_ok=True)
    for family in DUMPS:
        for suffix in ("", "-save", "-restore"):  # kube-proxy takes what is called iptables
            link = programs / f"{family}{suffix}"
            if not link.exists():
                link.symlink_to(f"/usr/sbin/{family}-{backend}{suffix}")
    path = f"PATH={programs}:{os.environ['PATH']}"
    module = [sys.executable, "-c", MODULE]
    settings = '"state": "absent", "kubelet_version": "v1.34.4"'
    found = {
        BASE: ["sh", "-c", "; ".join(f"{family}-{backend}-save >/dev/null" for family in DUMPS)],
        "module, with backup": [*module, f'{{{settings}, "backup_dir": "{folder}/backup"}}'],
        "module, without backup": [*module, f'{{{settings}, "backup": false}}'],
        "one-liner": ["sh", "-c", "; ".join(f"{family}-{backend}-save | grep -v KUBE | {family}-{backend}-restore" for family in DUMPS)],
    }
    if kube_proxy:
        found[BY_KUBE_PROXY] = ["env", path, str(kube_proxy), "--cleanup"]
    return found


@contextlib.contextmanager
def filled(backend: str, dumps: dict[str, list[str]]) -> Iterator[None]:
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        for family, lines in dumps.items():
            subprocess.run(["ip", "netns", "exec", NAMESPACE, f"{family}-{backend}-restore"], input="\n".join([*lines, ""]), text=True, check=True)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def run(backend: str, dumps: dict[str, list[str]], way: str, command: list[str], log: pathlib.Path) -> dict[str, Any]:
    """One run. A way that ends with an error is an error here too, except kube-proxy's, which complains of what it cannot reach in a namespace."""
    with filled(backend, dumps):
        launched = subprocess.run([sys.executable, LAUNCH, str(log), "ip", "netns", "exec", NAMESPACE, *command],
                                  text=True, stdout=subprocess.PIPE, env=ENVIRONMENT, check=True)  # fmt: skip
        took = json.loads(launched.stdout)
        if took.pop("status") and way != BY_KUBE_PROXY:
            raise RuntimeError(f"{way} ended with an error: {log.read_text(errors='replace')[-2000:]}")
        said = OWN.search(log.read_text(errors="replace"))
        return {**took, "own": int(said[1]) / 1024 if said else None, "left": sum(chains(_saved(f"{family}-{backend}-save")) for family in dumps)}


def _saved(program: str) -> list[str]:
    return subprocess.run(["ip", "netns", "exec", NAMESPACE, program], text=True, capture_output=True, check=True).stdout.splitlines()

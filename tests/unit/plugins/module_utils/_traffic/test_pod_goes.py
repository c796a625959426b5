# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing from a pod that goes meanwhile: a real network namespace, whose device is taken away as a CNI does it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic import netns
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.engine import Engine
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import parse_paths

MISSING = [tool for tool in ("unshare", "ip") if not shutil.which(tool)] + ([] if os.geteuid() == 0 else ["root"])
pytestmark = [pytest.mark.netns, pytest.mark.skipif(bool(MISSING), reason="needs " + ", ".join(MISSING))]

ADDRESS, PORT = "192.168.77.1", 8001
# Its server is in the namespace with it; each line it reads is what happens next.
POD = f"""
ip link set lo up && ip link add eth0 type veth peer name far && ip address add {ADDRESS}/24 dev eth0 && ip link set eth0 up && ip link set far up
python3 -m http.server {PORT} --bind {ADDRESS} >/dev/null 2>&1 & server=$!
until (exec 3<>/dev/tcp/{ADDRESS}/{PORT}) 2>/dev/null; do sleep 0.1; done
echo ready
while read -r what; do
  case $what in pod) ip link delete eth0;; server) kill $server; wait $server;; esac
  echo "$what has gone"
done
"""


@pytest.fixture
def watched(monkeypatch):
    """(the pod's shell, an engine that probes from it)."""
    with subprocess.Popen(["unshare", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", POD],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pod:  # fmt: skip
        try:
            assert pod.stdout.readline() == "ready\n"
            inner = subprocess.run(["pgrep", "-P", str(pod.pid)], capture_output=True, text=True, check=True).stdout.split()[0]
            monkeypatch.setattr(netns, "find_pod_netns", lambda uid: f"/proc/{inner}/ns/net")
            where = {"kind": "http", "address": ADDRESS, "port": PORT, "namespace": {"pod_uid": "of-the-client"}}
            engine = Engine(parse_paths([{"name": "requests", **where}, {"name": "stream", **where, "kind": "stream"}]), 20, 0.5, 1)
            engine.start()
            yield pod, engine
            engine.stop()
        finally:
            pod.kill()


def until(what):
    for _tenth in range(100):
        if what():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to that in 10 s")


def goes(pod, what):
    pod.stdin.write(f"{what}\n")
    pod.stdin.flush()
    assert pod.stdout.readline() == f"{what} has gone\n"


def failures(engine):
    return {name: sum(tally.counts.values()) - tally.counts["ok"] for name, tally in engine.tallies.items()}


def test_a_pod_that_goes_ends_its_paths_and_is_no_failure(watched):
    pod, engine = watched
    until(lambda: all(tally.counts["ok"] > 2 for tally in engine.tallies.values()))
    goes(pod, "pod")
    until(lambda: set(engine.gone) == {"requests", "stream"})
    engine.stop()
    assert failures(engine) == {"requests": 0, "stream": 0}


def test_a_server_that_goes_is_a_failure(watched):
    pod, engine = watched
    until(lambda: all(tally.counts["ok"] > 2 for tally in engine.tallies.values()))
    goes(pod, "server")
    until(lambda: all(failures(engine).values()))
    assert not engine.gone

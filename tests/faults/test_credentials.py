# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller with the credentials of a pod. It is no pod: it gets the files and variables that one has, in a mount namespace of its own."""

from __future__ import annotations

import json
import pathlib

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]
PLACE = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")


@pytest.fixture
def account(untouched, tmp_path):
    """A folder with what a pod of an administrator's service account has there."""
    lab, name = untouched, "controller"
    lab.kubectl("-n", "kube-system", "create", "serviceaccount", name)
    lab.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", f"--serviceaccount=kube-system:{name}")
    try:
        folder = tmp_path / "account"
        folder.mkdir(mode=0o700)
        (folder / "token").write_text(lab.kubectl("-n", "kube-system", "create", "token", name, "--duration=1h").strip(), encoding="utf-8")
        (folder / "ca.crt").write_text(lab.on("cp1", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
        (folder / "namespace").write_text("kube-system", encoding="utf-8")
        yield folder
    finally:
        lab.kubectl("delete", "clusterrolebinding", name)
        lab.kubectl("-n", "kube-system", "delete", "serviceaccount", name)


@pytest.fixture
def in_a_pod(untouched, account, tmp_path):
    """What makes a controller one in a pod: options of Lab.run."""
    lab, written = untouched, untouched.written
    del written["vars"]["kpr_kubeconfig"]
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({lab.name: written}), encoding="utf-8")
    environment = {"KUBERNETES_SERVICE_HOST": written["vars"]["kpr_api_server_host"], "KUBERNETES_SERVICE_PORT": "6443", "HOME": str(tmp_path)}
    there = PLACE.is_dir()
    PLACE.mkdir(parents=True, exist_ok=True)
    yield {"inventory": inventory, "environment": environment, "rights": {},
           "through": ("unshare", "--mount", "sh", "-c", f'mount --bind {account} {PLACE} && exec "$@"', "sh")}  # fmt: skip
    if not there:
        PLACE.rmdir()
        PLACE.parent.rmdir()


def test_the_service_account_of_the_pod_that_the_controller_runs_in(untouched, in_a_pod, tmp_path):
    lab = untouched
    beside = {**in_a_pod, "environment": {**in_a_pod["environment"], "KUBECONFIG": str(lab.kubeconfig)}}
    status, output = lab.run("migrate", **beside)
    assert status != 0 and "the service account of this pod" in output and lab.phase() == "", output[-3000:]
    for playbook, phase in (("migrate", "settled"), ("rollback", "")):
        status, output = lab.run(playbook, **in_a_pod)
        assert status == 0 and lab.phase() == phase, output[-3000:]

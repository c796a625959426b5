# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example inventories, as ansible-inventory reads them, against what roles and playbooks take."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves

ROOT = pathlib.Path(__file__).resolve().parents[3]
needs_ansible = pytest.mark.skipif(not shutil.which("ansible-inventory"), reason="needs ansible-inventory")
EXAMPLES = {
    "example-fleet": {"prod-eu-1": 43, "prod-us-1": 16, "stage-1": 4},
    "example-constructed": {"shop-ams": 2, "shop-fra": 2, "search-fra": 1},
}


@pytest.fixture(params=EXAMPLES)
def hosts(request):
    """The hosts of one example with their variables. Every warning is an error."""
    environment = {**os.environ, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    done = subprocess.run(["ansible-inventory", "-i", f"inventories/{request.param}", "--list"], cwd=ROOT, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout, object_hook=lambda value: value.get("__ansible_unsafe", value))["_meta"]["hostvars"]  # as --list writes composed texts
    return request.param, {host: values for host, values in found.items() if "kpr_cluster" in values}


@needs_ansible
def test_an_example_inventory_says_what_a_migration_needs_and_nothing_that_is_not_read(hosts, interface):
    name, found = hosts
    clusters = [values["kpr_cluster"] for values in found.values()]
    assert {cluster: clusters.count(cluster) for cluster in clusters} == EXAMPLES[name]
    for host, values in found.items():
        assert interface.problems(values) == [], host
        assert {"kpr_kubeconfig", "kpr_node_name", "kpr_api_server_host", "kpr_api_server_port"} <= values.keys(), host
        waves.settings(values["kpr_waves"])


@needs_ansible
def test_what_the_hosts_of_a_cluster_share_they_share(hosts):
    own = {"kpr_node_name"}
    shared: dict = {}
    for host, values in hosts[1].items():
        kept = {name: value for name, value in values.items() if name.startswith("kpr_") and name not in own}
        assert shared.setdefault(values["kpr_cluster"], kept) == kept, host


@needs_ansible
def test_a_node_that_is_taken_as_not_ready_is_there_and_can_stay_out_of_the_waves(hosts):
    """A wave would halt at it (docs/migrate.md)."""
    for values in hosts[1].values():
        broken = {name.removeprefix("node-not-ready@node ") for name in values.get("kpr_accept_findings", []) if name.startswith("node-not-ready")}
        short = {host.split(".")[0] for host, other in hosts[1].items() if other["kpr_cluster"] == values["kpr_cluster"]}
        assert broken <= short, values["kpr_cluster"]
        assert not broken or values.get("kpr_exclude_labels"), values["kpr_cluster"]


def test_secrets_are_references():
    """Names that tell of secrets have templates of vault_ variables as values, and nothing in the examples is encrypted: nobody has its key."""
    for path in sorted(ROOT.glob("inventories/example-*/**/*.yml")):
        text = path.read_text(encoding="utf-8")
        assert "$ANSIBLE_VAULT" not in text, path
        for name, value in re.findall(r"^\s*(\w*(?:password|token|secret|private_key)\w*): (.*)$", text, re.MULTILINE):
            assert re.fullmatch(r'"\{\{ vault_\w+ \}\}"', value), f"{path}: {name}"


def test_the_readme_names_variables_that_are_read(interface):
    found = set(re.findall(r"\bkpr_[a-z0-9_]*[a-z0-9]\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(found) > 10 and found <= interface.variables


@pytest.mark.parametrize("values", [{"kpr_wavse": [1]}, {"kpr_api_server_port": "many"}, {"kpr_checks": [{"name": "x", "ulr": "y"}]}, {"kpr_plan": {}}])
def test_mistakes_are_seen(interface, values):
    assert len(interface.problems(values)) == 1

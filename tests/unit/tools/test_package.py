# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fnmatch
import pathlib

import pytest
import yaml

from ansible_collections.fleetops.kubeproxy_free.tools import package

IGNORED = yaml.safe_load((package.ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
TRACKED = ["README.md", "plugins/a.py", "tests/test_a.py", "Makefile"]
GOOD = {"MANIFEST.json", "FILES.json", "README.md", "plugins/a.py"}


def ignored(name):
    """As ansible-galaxy does: a folder that matches is left out with all that is in it."""
    path = pathlib.PurePosixPath(name)
    return any(fnmatch.fnmatch(str(part), pattern) for part in (path, *path.parents) for pattern in IGNORED)


def test_an_artifact_with_what_is_meant_for_it_is_good():
    assert package.mistakes(GOOD, TRACKED) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (GOOD | {"plugins/secret.txt"}, "plugins/secret.txt is in the artifact and git does not know it"),
        (GOOD | {"tests/test_a.py"}, "tests/test_a.py is in the artifact and not meant for it"),
        (GOOD - {"plugins/a.py"}, "plugins/a.py is missing"),
    ],
)
def test_a_file_too_many_or_too_few_is_named(found, said):
    (mistake,) = package.mistakes(found, TRACKED)
    assert mistake.startswith(said)


@pytest.mark.parametrize(
    "name",
    ["awx/mine.yml", "awx/mine-prod.yml", "inventories/prod/hosts.yml", "inventories/eu/group_vars/all.yml", "inventories/lab/hosts.yml", "kubeconfig",
     "kubeconfigs/prod", "prod.kubeconfig", ".work/env"],
)  # fmt: skip
def test_what_is_the_users_is_not_packed(name):
    assert ignored(name)


@pytest.mark.parametrize("name", ["inventories/example-fleet/hosts.yml", "plugins/lookup/kubeconfig.py", "awx/controller.yml", "changelogs/fragments/awx.yml"])
def test_what_others_need_is_packed(name):
    assert not ignored(name)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clusters in one inventory and one run, each with its own waves, checks and gates; one of them fails. `make test-fleet` runs this."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.own_lab import ROOT, OwnLab

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class Fleet:
    """Two labs of two nodes, and what their owner has written about them."""

    def __init__(self, folder):
        self.folder, self.broken = folder, folder / "broken"
        self.labs = {"east": OwnLab("east", 24, WORKERS=1), "west": OwnLab("west", 21, WORKERS=1)}
        check = {"name": "the shop of the west", "command": ["test", "!", "-e", str(self.broken)]}
        own = {"kpr_checks": [check], "handover_check_timeout": 5, "kpr_waves": ["100%"], "kpr_control_planes": "mixed"}
        (folder / "owner.json").write_text(json.dumps({"west": {"vars": own}}), encoding="utf-8")

    def run(self, playbook):
        """(exit status, output, hosts that were changed)."""
        inventories = [word for lab in self.labs.values() for word in ("-i", lab.inventory)] + ["-i", self.folder / "owner.json"]
        settings = {"kpr_artifacts_dir": str(self.folder), "kpr_traffic": True}
        command = ["ansible-playbook", *inventories, ROOT / "playbooks" / f"{playbook}.yml", "-e", json.dumps(settings)]
        done = subprocess.run(command, cwd=ROOT, env=self.labs["east"].environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800,
                              check=False)  # fmt: skip
        (self.folder / f"{playbook}.log").write_text(done.stdout, encoding="utf-8")
        recap = done.stdout.split("PLAY RECAP")[1]
        return done.returncode, done.stdout, {host for host, count in re.findall(r"^(\S+) .*changed=(\d+)", recap, re.M) if int(count)}

    def phases(self):
        return {name: lab.phase() for name, lab in self.labs.items()}

    def refused(self, name):
        traffic = json.loads((self.folder / name / "report.json").read_text(encoding="utf-8"))["traffic"]
        assert traffic["paths"]
        return {path["name"]: path["refused"] for path in traffic["paths"] if path["refused"]}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    for lab in made.labs.values():
        lab.fresh()
    yield made
    for lab in made.labs.values():
        lab.lab("down")


def test_one_cluster_fails_and_the_other_goes_on(fleet):
    fleet.broken.touch()
    status, output, _changed = fleet.run("migrate")
    assert status != 0 and "Cluster west was halted" in output and "the shop of the west" in output and "Cluster east was halted" not in output
    assert fleet.phases() == {"east": "settled", "west": "halted"}
    assert fleet.refused("east") == fleet.refused("west") == {}
    steps = re.findall(r"^\S+ (east|west): wave (\d) of (\d), take_over", output, re.M)
    assert {(cluster, of) for cluster, _wave, of in steps} == {("east", "2"), ("west", "1")}, "each has its own waves"


def test_the_next_run_moves_the_one_that_is_left_and_changes_nothing_of_the_other(fleet):
    fleet.broken.unlink()
    status, output, changed = fleet.run("migrate")
    assert status == 0 and fleet.phases() == {"east": "settled", "west": "settled"}, output[-3000:]
    assert changed and all(host.startswith("west-") for host in changed)


def test_both_go_back_in_one_run(fleet):
    status, output, _changed = fleet.run("rollback")
    assert status == 0 and fleet.phases() == {"east": "", "west": ""}, output[-3000:]
    assert fleet.refused("east") == fleet.refused("west") == {}

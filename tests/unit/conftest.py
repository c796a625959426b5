# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's interface, as its roles and playbooks have it: for tests that compare what is written elsewhere with it."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = re.compile(r"\bkpr_[a-z0-9_]*[a-z0-9]\b")
COMMENT = re.compile(r"(^|\s)#.*")
#: Set by the collection itself in every run; an inventory does not have them.
INTERNAL = {"kpr_run", "kpr_began", "kpr_plan", "kpr_leader", "kpr_speaker", "kpr_cluster_hosts", "kpr_wave_hosts", "kpr_nodes", "kpr_summary"}


class Interface:
    def __init__(self) -> None:
        defaults = sorted(ROOT.glob("roles/*/defaults/main.yml"))
        self.playbooks = {path.name for path in ROOT.glob("playbooks/*.yml")}
        read = [*defaults, *ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]
        self.variables = {name for path in read for name in NAME.findall(COMMENT.sub("", path.read_text(encoding="utf-8")))} - INTERNAL
        self.options: dict[str, dict] = {}  # kpr_NAME: the specification of the first option that defaults to it
        self.role_options: dict[str, dict] = {}  # those of the roles' own names
        for path in defaults:
            specs = yaml.safe_load((path.parents[1] / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
            options = {name: option for entry in specs.values() for name, option in entry["options"].items()}
            self.role_options |= options
            for name, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                found = re.match(r"\{\{ \(*(kpr_\w+)", str(value))
                if found:
                    self.options.setdefault(found[1], options[name])

    def problems(self, values: dict) -> list[str]:
        """What is wrong with these variables: those that nothing reads, and values that a role would refuse. Templates are not judged."""
        wanted = {name: value for name, value in values.items() if name.startswith("kpr_")}
        unknown = [f"{name}: nothing in roles and playbooks reads it" for name in sorted(wanted.keys() - self.variables)]
        judged = {name: value for name, value in wanted.items() if name in self.options and "{{" not in str(value)}
        spec = {name: {key: value for key, value in self.options[name].items() if key in ("type", "elements", "choices", "options")} for name in judged}
        return unknown + ArgumentSpecValidator(spec).validate(judged).error_messages


@pytest.fixture(scope="session")
def interface():
    return Interface()

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml

from ansible_collections.fleetops.kubeproxy_free.tools.check_roles import problems

GOOD = {
    "washer_speed": {"type": "int", "default": 400, "description": "Turns per minute."},
    "washer_water": {"type": "str", "description": "Where it comes from."},
    "washer_soap": {"type": "str", "required": True, "description": "The kind of soap."},
    "washer_heat": {"type": "int", "default": "{{ kpr_heat\n   | default(40) }}", "description": "How hot."},
    "kpr_cluster": {"type": "str", "required": True, "description": "The cluster."},
}
DEFAULTS = {"washer_speed": 400, "washer_water": "{{ kpr_water | default(omit) }}", "washer_heat": "{{ kpr_heat | default(40) }}"}


@pytest.fixture
def found(tmp_path):
    """Write a role with these defaults and options, and return what is found wrong with it."""

    def check(defaults, options, readme=True):
        role = tmp_path / "roles" / "washer"
        for name, content in (("defaults/main.yml", defaults), ("meta/argument_specs.yml", {"argument_specs": {"main": {"options": options}}})):
            path = role / name
            path.parent.mkdir(parents=True)
            path.write_text(yaml.safe_dump(content))
        if readme:
            (role / "README.md").write_text("# washer\n")
        return problems(tmp_path)

    return check


def test_a_role_whose_spec_tells_the_truth_is_good(found):
    assert found(DEFAULTS, GOOD) == []


def test_a_role_without_readme_and_spec_is_told(tmp_path):
    (tmp_path / "roles" / "washer").mkdir(parents=True)
    assert problems(tmp_path) == ["roles/washer: README.md is missing", "roles/washer: meta/argument_specs.yml is missing"]


@pytest.mark.parametrize(
    ("defaults", "options", "expected"),
    [
        ({"washer_new": 1}, {}, "washer_new is in defaults/main.yml and not here"),
        ({"washer_speed": 500}, {}, "washer_speed has the default 400 here and 500 in defaults/main.yml"),
        ({"washer_heat": "{{ kpr_heat | default(60) }}"}, {}, "| default(40) }}' here and '{{ kpr_heat | default(60) }}' in defaults/main.yml"),
        ({"washer_heat": "{{ kpr_heat | default(omit) }}"}, {}, "washer_heat has the default"),
        ({"washer_soap": "green"}, {}, "washer_soap is required and has a default in defaults/main.yml"),
        ({}, {"washer_old": {"type": "int", "default": 1, "description": "Gone."}}, "washer_old has a default here and none in defaults/main.yml"),
        ({}, {"washer_bare": {"type": "int"}}, "washer_bare has no description"),
        ({}, {"washer_vague": {"description": "Something."}}, "washer_vague has no type"),
        ({}, {"speed": {"type": "int", "description": "Of whom?"}}, "speed should start with washer_"),
    ],
)
def test_what_drifts_apart_is_named(found, defaults, options, expected):
    assert expected in "\n".join(found({**DEFAULTS, **defaults}, {**GOOD, **options}))

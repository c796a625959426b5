# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare each role's defaults/main.yml with its meta/argument_specs.yml, so that what is documented is what is there."""

from __future__ import annotations

import pathlib

import yaml


def _load(path: pathlib.Path) -> dict:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _differ(default: object, option: dict) -> bool:
    """Whether they say something else, whatever the space. What is omitted has no default that a spec could say: its description does."""
    if "default(omit)" in str(default):
        return "default" in option
    return " ".join(str(default).split()) != " ".join(str(option.get("default")).split()) if "{{" in str(default) else option.get("default") != default


def role_problems(role: pathlib.Path) -> list[str]:
    """One sentence for each thing that is wrong with a role's interface."""
    problems = [f"roles/{role.name}: {name} is missing" for name in ("README.md", "meta/argument_specs.yml") if not (role / name).exists()]
    where = f"roles/{role.name}/meta/argument_specs.yml"
    defaults = _load(role / "defaults" / "main.yml")
    entry_points = _load(role / "meta" / "argument_specs.yml").get("argument_specs") or {}
    options: dict[str, dict] = {}
    for entry in entry_points.values():
        options.update(entry.get("options") or {})

    for name in sorted({*defaults, *options}):
        if not name.startswith((f"{role.name}_", "kpr_")):
            problems.append(f"{where}: {name} should start with {role.name}_")
    for name in sorted(defaults.keys() - options.keys()):
        problems.append(f"{where}: {name} is in defaults/main.yml and not here")
    for name, option in sorted(options.items()):
        problems += [f"{where}: {name} has no {key}" for key in ("type", "description") if not option.get(key)]
        if name not in defaults and "default" in option:
            problems.append(f"{where}: {name} has a default here and none in defaults/main.yml")
        if name in defaults and option.get("required"):
            problems.append(f"{where}: {name} is required and has a default in defaults/main.yml")
        if name in defaults and _differ(defaults[name], option):
            problems.append(f"{where}: {name} has the default {option.get('default')!r} here and {defaults[name]!r} in defaults/main.yml")
    return problems


def problems(root: pathlib.Path) -> list[str]:
    return [problem for role in sorted((root / "roles").glob("*/")) for problem in role_problems(role)]

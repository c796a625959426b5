# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable: those of the whole collection, and each role's own, from the roles' argument specs and defaults."""

from __future__ import annotations

import pathlib
import re
from typing import Iterator

import yaml

from tools.documents.markdown import plain, table

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
SHARED = re.compile(r"\bkpr_[a-z_]+\b")
#: The value behind it in a role's defaults, "{{ kpr_drain | default(false) }}".
BEHIND = r"\b{} \| default\(((?:\[[^\]]*\]|'[^']*'|\{{\}}|[\w.]+))(?:, true)?(?:\)| \|)"
#: A role's words about the variable of the collection that is its default; what is taken without that one stays.
OF_ITSELF = re.compile(r" ?Default is `kpr_[^.,]*(?:, else (?P<else>[^.]*))?\.")
#: What playbooks tell roles, not what users set.
INNER = {"kpr_cluster_hosts", "kpr_leader", "kpr_speaker", "kpr_wave_hosts", "kpr_run", "kpr_plan"}
#: Whose description of a shared variable is the most general one.
FIRST = ("preflight", "handover", "report", "cilium")
#: Those that mean something else to each of the roles that they feed, or less than what the one that they feed can do.
OF_SEVERAL = {
    "kpr_outside_host": "Inventory host that is no node of the cluster and reaches its nodes' addresses, for example `localhost`. verify probes NodePorts, "
                        "external IPs, LoadBalancer IPs and hostPorts from there, too, and benchmark measures the NodePorts. Empty does neither.",
    "kpr_service": "The Service to look at, `namespace/name`, which every node then probes. Empty judges all of them and probes nothing.",
}  # fmt: skip
#: Variables that playbooks themselves read.
BY_PLAYBOOKS = (
    ("kpr_cluster", "", "Name of the cluster that a host is a node of. Hosts without it are left alone."),
    ("kpr_node_name", "inventory_hostname", "The host's name in Kubernetes."),
    ("kpr_hosts", "all", "Pattern of the hosts of a run. Give it with `-e`: it chooses hosts before their variables are read."),
    ("kpr_waves", '[1, 5, "20%"]', "Nodes in the first wave, the second and every further one, as numbers or shares of the cluster. "
     "A control plane has a wave of its own."),
    ("kpr_wave_count", "0", "Waves that a run moves; 0 for all."),
    ("kpr_control_planes", "last", "When control planes move: last, first, or mixed with workers."),
    ("kpr_artifacts_dir", "~/.local/share/kubeproxy-free",
     "Folder on the controller for plans, reports, benchmarks, diagnoses and rules of alerts, in one folder for each cluster, which "
     "has its name, or one made of it where a folder cannot have that. Empty writes no plan, and the rest where it goes by default."),
    ("kpr_node_access", "connection", "How nodes are reached: connection as the inventory says, or pod through the API, without SSH."),
    ("kpr_traffic", "false", "Whether connections are watched through the whole run."),
)


def page() -> str:
    parts = ["# Variables\n\nVariables of the whole collection begin with `kpr_` and belong in the inventory, but for `kpr_hosts`. A role's own begin with its "
             "name and are for those who use the role alone, or who need more than the first table has. Defaults in braces are taken from the variables of the "
             "collection.\n",
             "## Of the whole collection\n", _shared(), "## Of each role\n"]  # fmt: skip
    for role in sorted(ROLES.iterdir()):
        parts.append(_role(role))
    return "\n".join(parts)


def _options(role: pathlib.Path) -> dict[str, dict]:
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    return {name: option for entry in spec.values() for name, option in (entry.get("options") or {}).items()}


def _defaults(role: pathlib.Path) -> dict:
    path = role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _shared() -> str:
    """A variable of the collection means what the roles' variables mean that it is the default of."""
    found: dict[str, list[tuple[str, dict]]] = {}
    values: dict[str, str] = {}
    for role in sorted(ROLES.iterdir(), key=lambda path: (FIRST.index(path.name) if path.name in FIRST else len(FIRST), path.name)):
        options = _options(role)
        for name, default in _defaults(role).items():
            for shared in SHARED.findall(str(default)):
                if name in options and shared not in INNER and shared not in [row[0] for row in BY_PLAYBOOKS]:
                    found.setdefault(shared, []).append((name, options[name]))
                    behind = re.search(BEHIND.format(shared), str(default))
                    if behind and behind[1] != "omit":
                        values.setdefault(shared, behind[1].strip("'"))
    rows = [(f"`{name}`", f"`{default}`" if default else "", "", words) for name, default, words in BY_PLAYBOOKS]
    for shared, uses in sorted(found.items()):
        _name, option = uses[0]
        default = f"`{values[shared]}`" if values.get(shared) else ""
        feeds = ", ".join(f"`{use}`" for use in dict.fromkeys(use for use, _option in uses))
        words = OF_ITSELF.sub(lambda found: f" Default is {found['else']}." if found["else"] else "", plain(option["description"]))
        rows.append((f"`{shared}`", default, feeds, OF_SEVERAL.get(shared, words)))
    return table(("variable", "default", "feeds", "meaning"), rows)


def _role(role: pathlib.Path) -> str:
    options, defaults = _options(role), _defaults(role)
    if not options:
        return f"### {role.name}\n\nNone.\n"
    rows = [(f"`{name}`", _type(option), _default(name, option, defaults), _meaning(option)) for name, option in _with_inner(options)]
    return f"### {role.name}\n\n" + table(("variable", "type", "default", "meaning"), rows)


def _with_inner(options: dict[str, dict], before: str = "") -> Iterator[tuple[str, dict]]:
    """Each option, and after it those of its keys: tune_options.mode."""
    for name, option in options.items():
        yield before + name, option
        yield from _with_inner(option.get("options") or {}, f"{before}{name}.")


def _type(option: dict) -> str:
    kind = option.get("type", "str")
    return f"{kind} of {option['elements']}" if option.get("elements") else kind


def _default(name: str, option: dict, defaults: dict) -> str:
    if option.get("required"):
        return "required"
    value = defaults.get(name, option.get("default"))
    return "" if value is None else f"`{str(value).strip()}`".replace("\n", " ")


def _meaning(option: dict) -> str:
    choices = f" One of {', '.join(f'`{choice}`' for choice in option['choices'])}." if option.get("choices") else ""
    return plain(option["description"]) + choices

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to Helm values, and from what agents say to what they do not run yet. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import waves as fleet
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune.options import OPTIONS


def given(options):
    """Those that have a value, in the order of the table. Raises ValueError for one that does not exist."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ValueError(f"found {', '.join(unknown)}, expected options of {', '.join(OPTIONS)}")
    return {name: options[name] for name in OPTIONS if options.get(name) is not None}


def values(options, version):
    """Helm values for these options. Raises ValueError for one that this version of Cilium does not have any more."""
    minor = compat.minor(version)
    if minor is None:
        raise ValueError(f"found the version of Cilium {version!r}, expected one such as 1.19.1")
    result = {}
    for name, value in given(options).items():
        option = OPTIONS[name]
        if minor > (1, option.last):
            raise ValueError(f"{name}: found Cilium {version}, expected 1.{option.last} or older; later ones always do it. Leave it out of kpr_tune.")
        *above, last = option.path.split(".")
        place = result
        for key in above:
            place = place.setdefault(key, {})
        place[last] = _chart(name, value)
    return result


def settings(options):
    """The agent's settings that these options are about."""
    return [OPTIONS[name].key for name in given(options)]


def waves(names, nodes, sizes):
    """Split these nodes into waves of the given sizes, control planes last. nodes: what cluster_facts says of all of them."""
    places = [{"host": name, "control_plane": nodes.get(name, {}).get("control_plane", False)} for name in sorted(names)]
    return fleet.split(places, fleet.settings(sizes)["sizes"])


def differences(agents, options):
    """Return {node: sentences} for agents that do not run these options, by their own status or by the settings that their pod has started with."""
    result = {}
    for node, agent in sorted(agents.items()):
        found = [f"the agent did not answer: {agent['error']}"] if agent["error"] else _differing(agent, given(options))
        if found:
            result[node] = found
    return result


def _differing(agent, options):
    found = []
    for name, value in options.items():
        option = OPTIONS[name]
        started = agent["settings"].get(option.key)
        if started is None or started.strip().lower() != _text(_chart(name, value)):
            said = "not set" if started is None else started.strip() or "empty"
            found.append(f"{name}: started with {option.key} {said}, expected {_text(_chart(name, value))}")
            continue
        says, expected = agent["features"].get(option.feature), dict(option.says).get(value, _status(value))
        if option.feature and says != expected:
            found.append(f"{name}: its status says {says}, expected {expected}")
    return found


def _chart(name, value):
    return value.replace("-", ",") if name == "node_port_range" else value


def _status(value):
    return value.lower() if isinstance(value, str) else value


def _text(value):
    return str(value).strip().lower()

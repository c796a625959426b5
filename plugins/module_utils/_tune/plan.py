# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to Helm values, and from what agents say to what they do not run yet. Pure."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat, ports
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._tune.options import OPTIONS

PORTS = "node_port_range"


def given(options):
    """Those that have a value, in the order of the table and of its kinds; extra variables and surveys give text.

    Raises ValueError for one that does not exist, and for a value that is not of its kind.
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ValueError(f"found {', '.join(unknown)}, expected options of {', '.join(OPTIONS)}")
    return {name: _of_kind(name, options[name]) for name in OPTIONS if options.get(name) is not None}


def _of_kind(name, value):
    kind = OPTIONS[name].kind
    try:
        if name == PORTS:
            return ports.text(ports.port_range(value))
        return boolean(value) if kind is bool else kind(value)
    except (TypeError, ValueError):
        expected = "FIRST-LAST, for example 30000-32767" if name == PORTS else {bool: "true or false", int: "a number"}[kind]
        raise ValueError(f"{name}: found {value!r}, expected {expected}") from None


def values(options, version):
    """Helm values for these options. Raises ValueError for one that this version of Cilium does not have any more, and for a value that agents never run."""
    minor = compat.minor(version)
    if minor is None:
        raise ValueError(f"found the version of Cilium {version!r}, expected one such as 1.19.1")
    result = {}
    for name, value in given(options).items():
        option = OPTIONS[name]
        if minor > (1, option.last):
            raise ValueError(f"{name}: found Cilium {version}, expected 1.{option.last} or older; later ones always do it. Leave it out of kpr_tune.")
        if option.always not in (None, value):
            raise ValueError(f"{name}: found {str(value).lower()}, expected {str(option.always).lower()}, which agents that replace kube-proxy run "
                             "whatever is set. Leave it out of kpr_tune.")  # fmt: skip
        *above, last = option.path.split(".")
        place = result
        for key in above:
            place = place.setdefault(key, {})
        place[last] = value.replace("-", ",") if name == PORTS else value
    return result


def settings(options):
    """The agent's settings that these options are about, without any those of all."""
    return [OPTIONS[name].key for name in given(options) or OPTIONS]


def differences(agents, options):
    """Return {node: sentences} for agents that do not run these options, by their own status or by the settings that their pod has started with."""
    wanted = given(options)
    return _by_node(agents, lambda agent: _differing(agent, wanted))


def unapplied(agents):
    """Return {node: sentences} for agents that have started with other settings than their next pod would; agents that were asked for all of settings()."""
    return _by_node(agents, _not_as_configured)


def _by_node(agents, judge):
    found = {node: [f"the agent did not answer: {agent['error']}"] if agent["error"] else judge(agent) for node, agent in sorted(agents.items())}
    return {node: sentences for node, sentences in found.items() if sentences}


def _differing(agent, wanted):
    found = []
    for name, value in wanted.items():
        option = OPTIONS[name]
        started = agent["settings"].get(option.key)
        if started is None or _started(name, started) != str(value).lower():
            said = "not set" if started is None else started.strip() or "empty"
            found.append(f"{name}: started with {option.key} {said}, expected {str(value).lower() or 'empty'}")
            continue
        says, expected = agent["features"].get(option.feature), dict(option.says).get(value, value)
        if option.feature and says != expected and not (option.rarely and says is None):
            found.append(f"{name}: its status says {says}, expected {expected}")
    return found


def _started(name, said):
    limits = ports.known(said) if name == PORTS else None
    return ports.text(limits) if limits else said.strip().lower()


def _not_as_configured(agent):
    if agent["configured"] is None:
        return ["what it is configured to run could not be read"]
    started, configured = agent["settings"], agent["configured"]["settings"]
    return [f"started with {key} {started.get(key, 'not set')}, expected {configured.get(key, 'not set')}"
            for key in settings({}) if started.get(key, "").strip() != configured.get(key, "").strip()]  # fmt: skip

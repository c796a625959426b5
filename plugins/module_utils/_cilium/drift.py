# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an agent runs otherwise than it is configured: it was not recreated since the change. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import words

KPR = "kube-proxy-replacement"
TRUE = frozenset({"1", "t", "true"})  # strconv.ParseBool, lower case


def _boolean(value):
    return value.strip().lower() in TRUE


def _kpr(agent):
    return agent["kube_proxy_replacement"]["enabled"]


def _masquerade(agent):
    return None if agent["masquerading"] in (None, "disabled") else agent["masquerading"] == "bpf"


def _feature(name):
    return lambda agent: agent["features"].get(name) if agent["features"].get("node_port") else None


def _hostns_only(agent):
    # The agent tells its coverage from 1.14 on.
    if not agent["features"].get("socket_lb") or not agent["version"] or _minor(agent["version"]) < (1, 14):
        return None
    return agent["features"]["socket_lb_coverage"] == "hostns-only"


def _routing(name):
    return lambda agent: (agent["routing"] or {}).get(name)


def _minor(version):
    return tuple(int(part) for part in version.split(".")[:2])


# key of cilium-config -> (its value in normal form, the running value in normal form or None when the agent does not say)
COMPARED = {
    KPR: (lambda value: words.enabled(value.strip().lower()), _kpr),
    "enable-bpf-masquerade": (_boolean, _masquerade),
    "bpf-lb-mode": (lambda value: value.strip().lower(), _feature("mode")),
    "bpf-lb-algorithm": (lambda value: value.strip().lower(), _feature("algorithm")),
    "node-port-range": (lambda value: value.strip().replace(",", "-"), _feature("node_port_range")),
    "bpf-lb-sock-hostns-only": (_boolean, _hostns_only),
    "routing-mode": (lambda value: value.strip().lower(), _routing("network")),
}


def drift(configured, agent):
    """A sentence for every key whose running value is known and is another than the configured one."""
    found = []
    for key, (normal, running) in COMPARED.items():
        if key not in configured:
            continue
        wanted, actual = normal(configured[key]["value"]), running(agent)
        if actual is not None and wanted != actual:
            found.append(f"{key} is configured as '{configured[key]['value']}' ({configured[key]['source']}) but the agent runs with "
                         f"'{str(actual).lower()}': its pod is older than the change")
    return found


def of_interest(configured, settings=()):
    """The configured values that are compared or asked for, and kube_proxy_replacement in normal form."""
    kpr = configured.get(KPR, {"value": None, "source": None})
    return {
        "kube_proxy_replacement": words.enabled(kpr["value"].strip().lower()) if kpr["value"] is not None else None,
        "source": kpr["source"],
        "settings": {key: configured[key]["value"] for key in (*COMPARED, *settings) if key in configured},
    }

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values while some nodes have moved and others have not: the release says that kube-proxy is not replaced, and nodes are told otherwise. Pure."""

from __future__ import annotations

from ansible.module_utils.common.dict_transformations import dict_merge
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat, leaves, value_rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.wanted import Wanted

#: Last minor whose agent does not start with masquerading by eBPF unless it replaces kube-proxy. Source: daemon/cmd/daemon.go of 1.13 to 1.18; 1.19 took that
#: check out. It is told to nodes that move all the same: without the replacement the agent has no rule any more that leads pods' answers back through those of
#: kube-proxy ("hairpin traffic that originated from a local pod", pkg/datapath/iptables/iptables.go), so a pod gets none from NodePorts of its own node where
#: externalTrafficPolicy is Local (seen on 1.19.4).
MASQUERADE_LAST = 18
MASQUERADE, MASQUERADE_KEY = "bpf.masquerade", "enable-bpf-masquerade"

#: The chart writes it only with the replacement as the release's default, and the agent binds it when it starts: up to 1.18 it ends if kube-proxy still holds
#: the port, from 1.19 on it does not try again. So it belongs to nodes that kube-proxy has left. Source: daemon/cmd/kube_proxy_healthz.go, daemon/healthz.
HEALTH, HEALTH_KEY = "kubeProxyReplacementHealthzBindAddr", "kube-proxy-replacement-healthz-bind-address"

KPR = "kubeProxyReplacement"

#: What nodes without kube-proxy need until the last of them has it back.
NEEDED = (("k8sServiceHost",), ("k8sServicePort",), ("k8sServiceHostRef",), ("k8s", "apiServerURLs"), ("waitForKubeProxy",))

#: (Helm value that an agent refuses without masquerading by eBPF, whether also without the replacement). Set while the replacement was there, it cannot stay.
#: Source: daemon/cmd/daemon.go and kube_proxy_replacement.go of 1.13 to 1.18; daemon/cmd/daemon.go and pkg/kpr/initializer of 1.19.
LEANING = (("ipMasqAgent.enabled", False), ("installNoConntrackIptablesRules", True))


def masquerades_alone(values, version):
    """Whether agents with these values masquerade by eBPF and do not replace kube-proxy, which their owner has chosen then."""
    wanted = _wanted(values, version)
    return wanted.minor > MASQUERADE_LAST and wanted.true(MASQUERADE) and not wanted.kpr


def split(values, version, replaced=False, own=None):
    """Return what these values mean for a release that does not replace kube-proxy yet (replaced: that does so already, beside it).

    own: the values that it has, or had; an owner who masquerades by eBPF beside kube-proxy goes on doing so. So does one who wants ip-masq-agent's rules where
    agents take them.
    Returned are values, Helm values to lay over them; moved, settings for nodes whose agents replace it; retired, settings for nodes that it has left.
    """
    wanted = _wanted(values, version)
    held, moved = {}, {}
    serves = wanted.true("ipMasqAgent.enabled") if wanted.minor > MASQUERADE_LAST else wanted.true("nodePort.enabled")
    if wanted.true(MASQUERADE) and not (replaced or serves or masquerades_alone(own or {}, version)):
        leaves.put(held, MASQUERADE.split("."), False)
        moved[MASQUERADE_KEY] = "true"
    health = str(wanted.get(HEALTH) or "")
    return {"values": held, "moved": moved, "retired": {HEALTH_KEY: health} if health else {}}


def _wanted(values, version):
    return Wanted(values, (compat.minor(version) or compat.LAST)[1], {})


def on_the_way_back(values, former, version):
    """Return {values, absent}: what to lay over a release, and to take out of it, before the first node goes back.

    Each agent that is recreated then runs with its former settings, while nodes that still are without kube-proxy have what they need.
    """
    former = translated(former, version)
    back = {
        "values": leaves.without(former["values"], NEEDED),
        "absent": [path for path in former["absent"] if tuple(path[:1]) not in NEEDED and tuple(path[:2]) not in NEEDED],
    }
    then = dict_merge(leaves.without(values, back["absent"]), back["values"])
    held = split(then, version, _wanted(then, version).kpr, former["values"])["values"]
    held = dict_merge(held, _leaning(_wanted(dict_merge(then, held), version)))
    return {**back, "values": dict_merge(back["values"], held)}


def _leaning(wanted):
    held = {}
    for path, on_replacement in LEANING:
        if wanted.true(path) and not (wanted.true("bpf.masquerade") and (wanted.kpr or not on_replacement)):
            leaves.put(held, path.split("."), False)
    return held


def translated(former, version):
    """Return former values ({values, absent}) in the words of this version's chart, which may be another one than they were kept from."""
    wanted = _wanted(former["values"], version)
    good, deprecated = next(line[1:] for line in value_rules.KPR_WORDS if wanted.minor >= line[0])
    word = wanted.text(KPR)
    if word in value_rules.KPR_WORDS_NOW and word not in good | deprecated:
        return {**former, "values": {**former["values"], KPR: value_rules.KPR_WORDS_NOW[word]}}
    return former

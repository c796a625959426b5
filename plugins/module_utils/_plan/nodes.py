# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes: readiness, versions, kernel, devices, virtual addresses. Pure."""
from __future__ import annotations

import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, minor, node, some

# The status words of kernel_check; ok says nothing.
KERNEL = {"blocker": BLOCKER, "warning": WARNING, "unknown": WARNING, "note": NOTE}


def not_ready(picture):
    for name, facts in sorted(picture.linux_nodes.items()):
        if not facts["ready"]:
            yield finding(
                "node-not-ready", BLOCKER, node(name), facts["not_ready_because"],
                "An agent that is recreated there may not come up.",
                f"Repair it (see: kubectl describe node {name}) before the migration.",
            )


def cordoned(picture):
    for name, facts in sorted(picture.linux_nodes.items()):
        if facts["cordoned"]:
            yield finding(
                "node-cordoned", WARNING, node(name), "scheduling is disabled",
                "Somebody may be working on it. Agents tolerate it, test pods may not be placed there.",
                f"Wait, or: kubectl uncordon {name}",
            )
        elif facts["cordoned_by_a_run"]:
            yield finding(
                "node-cordoned-by-a-run", WARNING, node(name), "a run of the migration has disabled scheduling, and has not enabled it again",
                "Unless it is at work just now, it has died. The node takes no pods until another run goes on.",
                f"Run migrate or rollback again, which enables it. Where neither can: kubectl uncordon {name}",
            )


def kubelet_differs(picture):
    for name, facts in sorted(picture.read_nodes.items()):
        running = (picture.cluster["nodes"].get(name) or {}).get("kubelet")
        if facts["kubelet"] and running and facts["kubelet"] != running:
            yield finding(
                "kubelet-not-restarted", WARNING, node(name), f"installed kubelet {facts['kubelet']}, running {running}",
                "An upgrade of this node is half done.",
                "End the upgrade (kubeadm upgrade node, then restart kubelet) before the migration.",
            )


def upgrade_unfinished(picture):
    server, kubeadm = picture.cluster["kubernetes"], picture.cluster["kubeadm"] or {}
    recorded = kubeadm.get("kubernetes_version")
    if minor(server) and minor(recorded) and minor(server) != minor(recorded):
        yield finding(
            "kubeadm-upgrade-unfinished", BLOCKER, "ConfigMap kube-system/kubeadm-config", f"kubernetesVersion {recorded}, the API server is {server}",
            "`kubeadm upgrade apply` writes kube-proxy's DaemonSet again, and would undo the node affinity that keeps it off migrated nodes.",
            "End the upgrade with `kubeadm upgrade apply`, then run the plan again.",
        )
    behind = [name for name, facts in picture.linux_nodes.items() if minor(facts["kubelet"]) and minor(server) and minor(facts["kubelet"]) != minor(server)]
    if behind:
        yield finding(
            "kubelet-behind", WARNING, picture.name, f"{some(behind)}: kubelet of another minor version than the API server ({server})",
            "The cluster is between two versions. What kubelet keeps in iptables differs between them.",
            "End the upgrade of these nodes before the migration.",
        )


def kernel(picture):
    for name, facts in sorted(picture.read_nodes.items()):
        for verdict in (facts.get("kernel_check") or {}).get("verdicts", []):
            severity = KERNEL.get(verdict["status"])
            if severity:
                yield finding(
                    _ident(verdict["subject"]), severity, node(name), f"{verdict['found']}; expected: {verdict['expected']}",
                    f"Required or recommended for Cilium {picture.wanted['cilium_version']} ({verdict['source']}).",
                    verdict["remedy"],
                )


def _ident(subject):
    """The id of a verdict's finding: kernel, kernel-ebpf-in-cgroups."""
    return "-".join(["kernel", *re.findall(r"[a-z0-9]+", subject.lower().removeprefix("kernel"))])


def no_device(picture):
    if picture.config.get("devices") or picture.value("devices"):
        return
    for name, facts in sorted(picture.read_nodes.items()):
        if facts["devices"] is not None and not any(device["passed_over"] is None for device in facts["devices"].values()):
            reasons = "; ".join(f"{device}: {entry['passed_over']}" for device, entry in sorted(facts["devices"].items()))
            yield finding(
                "no-device", BLOCKER, node(name), f"no device that an agent would choose ({reasons or 'no device has an address'})",
                "An agent that replaces kube-proxy ends at its start when it finds no device to serve NodePorts on.",
                "Set devices in kpr_cilium_values to the device that has the node's address, or give the node a default route.",
            )


def address_without_device(picture):
    if picture.config.get("devices") or picture.value("devices"):
        return
    for name, facts in sorted(picture.read_nodes.items()):
        chosen = {address for device in (facts["devices"] or {}).values() if device["passed_over"] is None for address in device["addresses"]}
        known = {address for device in (facts["devices"] or {}).values() for address in device["addresses"]}
        lost = [address for address in (picture.cluster["nodes"].get(name) or {}).get("addresses", []) if address in known - chosen]
        if lost and chosen:
            yield finding(
                "node-address-not-served", WARNING, node(name), f"{some(lost)} is on a device that an agent would not choose",
                "NodePorts would not answer on that address any more.",
                "Set devices in kpr_cilium_values so that it matches that device too.",
            )


RULES = (not_ready, cordoned, kubelet_differs, upgrade_unfinished, kernel, no_device, address_without_device)

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else meets Service traffic or a drain: other CNIs, meshes, virtual IPs, volumes, disruption budgets, nodes for the pods. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import rules
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, node, some

AGENT_PLUGIN = "cilium-cni"
META_PLUGINS = ("multus", "multus-shim")
VIP_PROGRAMS = ("keepalived", "kube-vip")
SAFE_MOUNTS = "; ".join(f"{whose} {', '.join(releases)}" for whose, releases in rules.safe_mounts().items())


def cni(picture):
    for name, facts in sorted(picture.read_nodes.items()):
        used = facts["cni"][0] if facts["cni"] else None
        if not used:
            continue
        if used["unread"]:
            yield finding(
                "cni-config-unread", WARNING, node(name), f"/etc/cni/net.d/{used['file']}: {used['unread']}",
                "It decides which CNI new pods get.",
                "Repair or remove the file.",
            )
        elif AGENT_PLUGIN not in used["plugins"] and not set(used["plugins"]) & set(META_PLUGINS):
            yield finding(
                "cni-other", BLOCKER, node(name), f"/etc/cni/net.d/{used['file']} leads to {some(used['plugins'])}",
                "Another CNI is in charge. A migration turns the replacement on in Cilium, it does not change the CNI.",
                "Move the node to Cilium as its CNI first, or remove the file if it is a leftover.",
            )


def cni_workloads(picture):
    for entry in picture.cluster["known"]:
        if entry["kind"] == "cni" and entry["desired"]:
            yield finding(
                "cni-workload", WARNING, entry["object"], f"{entry['product']} runs beside Cilium",
                "Two CNIs may both write rules for the same pods.",
                "Remove it if it is a leftover.",
            )


def mesh(picture):
    only_host = picture.value("socketLB.hostNamespaceOnly") or picture.config.get("bpf-lb-sock-hostns-only") == "true"
    products = {}
    for entry in picture.cluster["known"]:
        if entry["kind"] == "mesh":
            products.setdefault(entry["product"], entry["object"])
    for product, item in sorted(products.items()):
        if not only_host:
            yield finding(
                "mesh-bypassed", BLOCKER, item, f"{product} runs, and socketLB.hostNamespaceOnly is not set",
                "The replacement translates Service addresses in the pods' sockets, before the mesh's side-car sees them. It is bypassed, with its "
                "encryption and policies.",
                "Set socketLB.hostNamespaceOnly: true in kpr_cilium_values.",
            )


def virtual_ips(picture):
    for entry in picture.cluster["known"]:
        if entry["kind"] == "vip":
            yield _virtual(entry["object"], f"{entry['product']} moves virtual IPs")
    for name, facts in sorted(picture.read_nodes.items()):
        for program in sorted(set(facts["programs"]) & set(VIP_PROGRAMS)):
            yield _virtual(node(name), f"{program} runs there")


def _virtual(item, found):
    return finding(
        "virtual-ip", WARNING, item, found,
        "Virtual IPs have been reported to stop answering on nodes where Cilium replaces kube-proxy, when they are not on a device that it chose.",
        "Let the first wave be a node that holds one, and try every virtual IP from outside after it.",
    )


def volumes(picture):
    checked = [(node.get("kernel_check") or {}).get("features", {}).get("service_mounts") for node in picture.read_nodes.values()]
    severity = NOTE if checked and all(status == "ok" for status in checked) else WARNING
    by_kind = {}
    for entry in picture.cluster["volumes"]:
        by_kind.setdefault(entry["kind"], []).append(entry["name"] + (f" ({entry['service']})" if entry["service"] else ""))
    for kind, names in sorted(by_kind.items()):
        yield finding(
            "volume-by-service", severity, f"{kind} volumes", f"{len(names)} are mounted through a Service: {some(names)}",
            "Kernels without the fix let the replacement rewrite the server's address in the kernel's own sockets; mounts hang, up to a frozen node. "
            f"Fixed in {SAFE_MOUNTS}.",
            "See that the kernels are at least these, or mount by an address that is no Service.",
        )


def budgets(picture):
    tight = picture.cluster["tight_budgets"]
    if not tight:
        return
    found, drains = f"PodDisruptionBudgets that allow no eviction: {some(tight)}", picture.wanted["drain"] and not picture.settled
    yield finding(
        "budget-blocks-drain", WARNING if drains else NOTE, picture.name, found,
        "With kpr_drain each wave drains its nodes first. It waits for these budgets as long as handover_drain_timeout says, then fails and halts the cluster."
        if drains else "The migration drains no node; whoever does so by hand would wait for them.",
        "Give these workloads another replica, or run without kpr_drain." if drains else "Nothing, or give these workloads another replica.",
    )


def drain_stops(picture):
    if picture.wanted["drain"] and not picture.wanted["drain_deletes"] and not picture.settled and picture.cluster["scratch"]:
        yield finding(
            "drain-stops", BLOCKER, picture.name, f"workloads whose pods have emptyDir volumes: {some(picture.cluster['scratch'])}",
            "With kpr_drain each wave drains its nodes first. Like kubectl drain it stops at such a pod, as what is in the volume is lost with it, and the "
            "cluster is halted.",
            "Set handover_drain_delete_emptydir_data: true if that may be lost, or run without kpr_drain. Where none of these pods is on a node that moves, "
            "accept this finding.",
        )


def drain_nowhere(picture):
    takes_pods = [name for name, facts in picture.linux_nodes.items() if facts["ready"] and not facts["cordoned"]]
    if picture.wanted["drain"] and not picture.settled and len(takes_pods) == 1:
        yield finding(
            "drain-nowhere", BLOCKER, node(takes_pods[0]), "it is the only node that takes pods",
            "With kpr_drain its pods are evicted and have nowhere to go, and neither has the workload that proves its wave, which would go back to kube-proxy.",
            "Run without kpr_drain, or have another node that is ready and not cordoned.",
        )


RULES = (cni, cni_workloads, mesh, virtual_ips, volumes, budgets, drain_stops, drain_nowhere)

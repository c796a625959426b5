# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy and kubeadm: that it is the one that can be moved away, who would bring it back, and which of its settings are lost. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kube_proxy import health
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import record as kubeadm_record, versions
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, node, some

DAEMONSET, CONFIG_MAP = "DaemonSet kube-system/kube-proxy", "ConfigMap kube-system/kube-proxy"
MODES = ("", "iptables", "ipvs", "nftables")
FIELD_SINCE, COUNTS_SINCE = versions.dotted(versions.FIELD_SINCE), versions.dotted(versions.FIELD_COUNTS_SINCE)
SKIP = f"--skip-phases={versions.PHASE}"

# (setting, whether its value matters, severity, Helm value that answers it, why, remedy). Fields of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1).
SETTINGS = (
    ("nodePortAddresses", bool, WARNING, "nodePort.addresses", "kube-proxy serves NodePorts on these addresses only, Cilium on all of the chosen devices.",
     "Set nodePort.addresses in kpr_cilium_values to the same ranges."),
    ("mode", "ipvs".__eq__, NOTE, None, "The device kube-ipvs0, IP sets and IPVS servers are removed with the rules. Schedulers other than random are lost.",
     "Where the scheduler matters, look at loadBalancer.algorithm in kpr_cilium_values."),
    ("iptables.masqueradeAll", bool, NOTE, None, "Pods see a node's address as the client's now, and will see the client's own.",
     "See that network policies and access lists of the workloads allow the clients' own addresses."),
    ("ipvs.excludeCIDRs", bool, WARNING, None, "Somebody else has IPVS servers on the nodes. They are left alone.", "Check them after the first node."),
    ("ipvs.strictARP", bool, NOTE, None,
     "strictARP set arp_ignore and arp_announce, which stay as they are. MetalLB in layer 2 mode needs them with IPVS only.", "Nothing."),
)

#: How providers let go of kube-proxy. Sources: docs.aws.amazon.com/eks/latest/APIReference/API_DeleteAddon (preserve);
#: learn.microsoft.com/azure/aks/configure-kube-proxy.
RELEASES = {
    "EKS add-ons": " It stays in place, and its field manager's mark too: aws eks delete-addon --cluster-name NAME --addon-name kube-proxy --preserve",
    "AKS": " AKS has no way to let go of it alone: networkProfile.kubeProxyConfig.enabled: false (with an own network plugin) takes it off all nodes at once.",
}


def daemonset(picture):
    kube_proxy = picture.cluster["kube_proxy"]
    for other in kube_proxy["others"]:
        whose = f", and belongs to {other['owner']['name']} ({other['owner']['evidence']})" if other["owner"] else ""
        yield finding(
            "kube-proxy-elsewhere", BLOCKER, other["object"], f"it runs kube-proxy under another name than kubeadm's{whose}",
            "Only DaemonSet kube-system/kube-proxy is kept off the nodes; this one would go on writing rules.",
            "Remove it, or move its nodes back to kubeadm's kube-proxy, before the migration.",
        )
    found = kube_proxy["daemonset"]
    if picture.settled:
        if found:
            yield finding(
                "kube-proxy-returned", BLOCKER, DAEMONSET, "it exists, but the migration of this cluster has ended",
                "An upgrade by kubeadm or another manager has brought it back. It writes its rules beside Cilium's work.",
                "Find out who made it (kubectl -n kube-system get ds kube-proxy --show-managed-fields), delete it and its ConfigMap, and run migrate again, "
                "which removes its rules; then record, which tells kubeadm.",
            )
        return
    if not found:
        if not picture.settling and (not picture.cluster["cilium"] or picture.config.get("kube-proxy-replacement") not in ("true", "strict")):
            yield finding(
                "kube-proxy-missing", BLOCKER, DAEMONSET, "it does not exist, and no migration has ended",
                "There is nothing to take away and nothing that a way back could restore. k3s, RKE2 and some installers run kube-proxy outside of the "
                "cluster.",
                "See who serves Services (on a node: ps -ef | grep kube-proxy; iptables-save -t nat | grep -c KUBE-SVC).",
            )
    elif found["ready"] < found["desired"] and not picture.moving:
        yield finding(
            "kube-proxy-not-ready", WARNING, DAEMONSET, f"{found['ready']} of {found['desired']} ready",
            "Nodes without it do not serve all Services now.",
            "See: kubectl -n kube-system get pods -l k8s-app=kube-proxy -o wide",
        )


def outside(picture):
    if picture.cluster["kube_proxy"]["daemonset"] or picture.cluster["kube_proxy"]["others"]:
        return
    for name, facts in sorted(picture.read_nodes.items()):
        if facts["rules"] and facts["rules"]["running"]:
            yield finding(
                "kube-proxy-process", BLOCKER, node(name), f"kube-proxy runs without a DaemonSet: {facts['rules']['running']}",
                "What runs it is unknown, so it cannot be stopped in order, nor brought back.",
                "Stop it where it was configured (a systemd unit, a static pod), and disable it there.",
            )


def owner(picture):
    kube_proxy = picture.cluster["kube_proxy"]
    for item, found in ((DAEMONSET, (kube_proxy["daemonset"] or {}).get("owner")), (CONFIG_MAP, kube_proxy["config_owner"])):
        if found:
            yield finding(
                "kube-proxy-owner", BLOCKER, item, f"it belongs to {found['name']} ({found['evidence']})",
                "Its owner would undo the node affinity that keeps it off migrated nodes, or create it again.",
                f"Suspend {found['name']} for kube-proxy and take kube-proxy out of its source; then accept this finding.{RELEASES.get(found['name'], '')}",
            )


def settings(picture):
    config = picture.cluster["kube_proxy"]["config"]
    if not config or picture.settled:
        return
    if config["unread"]:
        yield finding(
            "kube-proxy-config-unread", WARNING, CONFIG_MAP, config["unread"],
            "Its settings are unknown to the plan. They are saved as they are all the same.",
            "See: kubectl -n kube-system get cm kube-proxy -o yaml",
        )
    if config["settings"].get("mode", "") not in MODES:
        yield finding(
            "kube-proxy-mode", BLOCKER, CONFIG_MAP, f"mode: {config['settings']['mode']}",
            f"Rules of modes other than {', '.join(MODES[1:])} are not known.",
            "Change kube-proxy to one of these modes first.",
        )
    for setting, matters, severity, value, why, remedy in SETTINGS:
        given = config["settings"].get(setting)
        if given is not None and matters(given) and not (value and picture.value(value)):
            yield finding(
                f"kube-proxy-{setting.replace('.', '-').lower()}", severity, CONFIG_MAP, f"{setting}: {given}",
                why,
                remedy,
            )


def kubeadm(picture):
    found = picture.cluster["kubeadm"]
    item = "ConfigMap kube-system/kubeadm-config"
    if not found:
        yield finding(
            "kubeadm-config-missing", WARNING, item, "it does not exist",
            "This is not a kubeadm cluster, or it hides it. Nothing can be written there that keeps kube-proxy away.",
            "See that the cluster's own installer does not bring kube-proxy back.",
        )
    elif found["unread"]:
        yield finding(
            "kubeadm-config-unread", BLOCKER, item, found["unread"],
            "The field that keeps kube-proxy away is written there.",
            "Repair the ConfigMap.",
        )
    elif not kubeadm_record.has_field(found["api_version"]):
        yield finding(
            "kubeadm-cannot-record", WARNING, item, f"{found['api_version'] or 'no apiVersion'}, Kubernetes {picture.cluster['kubernetes']}",
            f"Its format is none that has the field proxy.disabled. Before {COUNTS_SINCE} the missing ConfigMap kube-proxy keeps it away; an upgrade to "
            f"{COUNTS_SINCE} or later would bring it back.",
            f"After the upgrade to {FIELD_SINCE}, and before that to {COUNTS_SINCE}, run the playbook record, which then sets the field; or pass "
            f"{SKIP} to every upgrade from {COUNTS_SINCE} on.",
        )
    elif picture.settled and not found["proxy_disabled"]:
        yield finding(
            "kubeadm-would-return", WARNING, item, "proxy.disabled is not true",
            f"From {COUNTS_SINCE} on `kubeadm upgrade` looks at nothing else, and would bring kube-proxy back.",
            "Run the playbook record before the next upgrade; it sets the field.",
        )


def kubeadm_faults(picture):
    for fault in [] if not picture.cluster["kubeadm"] else versions.faults_ahead(picture.cluster["kubernetes"] or ""):
        yield finding(
            "kubeadm-ignores-record", NOTE, picture.name, f"Kubernetes {picture.cluster['kubernetes']}, which may be upgraded with kubeadm {fault}",
            "Once kube-proxy is gone, an upgrade with it brings kube-proxy back, whatever kubeadm's record says.",
            f"Leave it out: upgrade to {versions.dotted(fault.mended)} or later. Or pass {SKIP} to kubeadm upgrade apply, and to kubeadm upgrade node on the "
            "other control planes.",
        )


def record(picture):
    found = picture.cluster["record"]
    item = "ConfigMap kube-system/kubeproxy-free"
    if found and found["unread"]:
        yield finding(
            "record-unread", BLOCKER, item, found["unread"],
            "It says how far the migration is and what a way back restores.",
            "Restore it from a backup of the cluster.",
        )
    elif picture.moving:
        yield finding(
            "migration-begun", NOTE, item, f"phase {found['phase']}" + (f": {found['reason']}" if found["reason"] else ""),
            "A migration was begun and has not ended. It goes on where it stopped.",
            "Run the migration again, or roll back.",
        )


def answered(picture):
    """Where agents answer health checks in kube-proxy's place; empty if they do not."""
    return picture.value("kubeProxyReplacementHealthzBindAddr") or picture.config.get("kube-proxy-replacement-healthz-bind-address") or ""


def _asked(picture):
    """The port at which kube-proxy answers, for that is where load balancers ask; None if there is no configuration that tells."""
    config = picture.cluster["kube_proxy"]["config"]
    if not config or config["unread"] or picture.settled:
        return None
    return health.port(config["settings"].get("healthzBindAddress", health.ADDRESS))


def health_port(picture):
    address, asked = answered(picture), _asked(picture)
    strangers = {name: [program for program in facts["health_port"]["listeners"] if program not in ("kube-proxy", "cilium-agent")]
                 for name, facts in picture.read_nodes.items()}
    for name, programs in sorted(strangers.items()):
        if programs and address:
            yield finding(
                "health-port-taken", BLOCKER, node(name), f"port {picture.read_nodes[name]['health_port']['port']} is held by {some(programs)}",
                "The agent shall answer health checks there, and could not.",
                "Free the port, or change kubeProxyReplacementHealthzBindAddr.",
            )
    balanced = picture.cluster["services"]["by_type"].get("LoadBalancer", 0)
    have = f" There are {balanced} Services of type LoadBalancer." if balanced else ""
    if not address or asked not in (health.port(address), None):
        asked = asked or health.PORT
        yield finding(
            "health-port-lost", WARNING if balanced else NOTE, picture.name,
            f"kubeProxyReplacementHealthzBindAddr is {address or 'not set'}, and kube-proxy's port is {asked}",
            f"Nobody answers on port {asked} any more. Load balancers that ask there take the nodes out.{have}",
            f'Run tune with kpr_tune: {{health_address: "0.0.0.0:{asked}"}}, unless nobody asks there.' if picture.settled else
            f'Set kubeProxyReplacementHealthzBindAddr: "0.0.0.0:{asked}" in kpr_cilium_values, unless nobody asks there.',
        )
    elif not picture.settled:
        yield finding(
            "health-port-pauses", NOTE, picture.name, f"kubeProxyReplacementHealthzBindAddr is {address}",
            "An agent binds the port when it starts, and can only when kube-proxy has left it. So the agents of each wave are recreated a second time, and "
            f"until they are back, for about half a minute, nobody answers there. Load balancers that ask there may leave the node out meanwhile.{have}",
            "Let the first wave be one node and see what your load balancer does; keep waves small enough for the other nodes to carry the load.",
        )


RULES = (record, daemonset, outside, owner, settings, kubeadm, kubeadm_faults, health_port)

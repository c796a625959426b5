# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cilium: that it is there and well, that node by node configuration can work, and what the values do. Pure."""
from __future__ import annotations

from ansible.module_utils.common.dict_transformations import dict_merge

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat, faults, per_node
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.values import check_values
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium.wanted import Wanted
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan.picture import BLOCKER, NOTE, WARNING, finding, minor, node, some

OURS = "kubeproxy-free"  # name of the CiliumNodeConfig that the migration makes
KEY = "kube-proxy-replacement"
KUBE_PROXY = "DaemonSet kube-system/kube-proxy"
#: Versions that no longer serve what CiliumNodeConfigs of 1.15 are stored as, and the one that does again (cilium/cilium#47774, #48087).
UNSTORED, STORED = ("1.20.0", "1.20.1"), "1.20.2"
SOME_UNSTORED = " and ".join(UNSTORED)
GITOPS = ("Argo CD", "Flux", "Rancher", "kapp", "Sveltos", "Cluster API")


def missing(picture):
    if not picture.cluster["cilium"]:
        yield finding(
            "cilium-missing", BLOCKER, picture.name, f"no DaemonSet cilium in namespace {picture.wanted['cilium_namespace']}",
            "A migration turns the replacement on in a Cilium that is there; it does not change the CNI.",
            "Install Cilium as the CNI first, or set kpr_cilium_namespace to the namespace it is in.",
        )


def release(picture):
    if not picture.cluster["cilium"] or not picture.wanted["helm"]:  # without Helm nothing is known of its releases
        return
    item, found = f"Helm release {picture.wanted['cilium_namespace']}/{picture.wanted['cilium_release']}", picture.cluster["release"]
    if not found:
        yield finding(
            "cilium-not-by-helm", BLOCKER, item, "it does not exist, but the DaemonSet cilium does",
            "The migration changes Cilium through its Helm release.",
            "Set kpr_cilium_release and kpr_cilium_namespace to its name and namespace (see: helm list -A). A Cilium that was not installed by Helm must "
            "first be adopted by it.",
        )
    elif found["status"] == "failed":
        yield finding(
            "cilium-release-failed", WARNING, item, "its status is failed",
            "Its last change was not applied whole, so the agents may not run what its values say. The step `prepare` sets all of them again.",
            f"See: helm -n {picture.wanted['cilium_namespace']} history {picture.wanted['cilium_release']}; where its last values are not the wanted ones, "
            f"roll back first: helm -n {picture.wanted['cilium_namespace']} rollback {picture.wanted['cilium_release']} REVISION",
        )
    elif found["status"] != "deployed":
        yield finding(
            "cilium-release-pending", BLOCKER, item, f"its status is {found['status']}",
            "Helm refuses to upgrade a release in that state, in which a change that was cut off leaves it.",
            f"See: helm -n {picture.wanted['cilium_namespace']} history {picture.wanted['cilium_release']}; then roll back to the last deployed revision: "
            f"helm -n {picture.wanted['cilium_namespace']} rollback {picture.wanted['cilium_release']} REVISION",
        )
    if picture.cluster.get("chart_error") and not picture.settled:
        yield finding(
            "chart-unreachable", BLOCKER, "controller", f"Helm does not find the chart: {picture.cluster['chart_error']}",
            "The step `prepare` sets the release's values with it.",
            "Set kpr_cilium_chart_ref (and kpr_cilium_chart_repo_url) to a chart that the controller reaches; a repository has to be added there first "
            "(helm repo add), in an execution environment in its image.",
        )
    owner = picture.cluster["cilium"]["owner"]
    if owner and owner["name"] in GITOPS:
        yield finding(
            "cilium-owner", BLOCKER, f"DaemonSet {picture.wanted['cilium_namespace']}/cilium", f"it belongs to {owner['name']} ({owner['evidence']})",
            "It would turn the changed values back.",
            f"Suspend {owner['name']} for Cilium during the migration, and bring the final values into its source.",
        )


def rollout(picture):
    cilium = picture.cluster["cilium"]
    if not cilium:
        return
    namespace = picture.wanted["cilium_namespace"]
    for what, name, state in (("agents", "DaemonSet", cilium["agents"]), ("operator", "Deployment", cilium["operator"])):
        item = f"{name} {namespace}/{'cilium' if what == 'agents' else 'cilium-operator'}"
        if state is None:
            yield finding(
                "cilium-operator-missing", BLOCKER, item, "it does not exist",
                "Agents wait for what the operator makes.",
                f"See: helm -n {namespace} status cilium",
            )
        elif state["ready"] + (len(picture.half_way) if what == "agents" else 0) < state["desired"] or not state["current"]:
            yield finding(
                f"cilium-{what}-not-ready", BLOCKER, item,
                f"{state['ready']} of {state['desired']} ready" + ("" if state["current"] else ", a change is being rolled out"),
                "A migration can only be judged from a good state.",
                f"See: kubectl -n {namespace} describe {name.lower()} {item.rpartition('/')[2]}",
            )


def agents(picture):
    for name, agent in sorted((picture.cluster["agents"] or {}).items()):
        if name not in picture.cluster["nodes"]:
            continue  # its node was deleted, and the pod will be within minutes
        item, namespace, pod = node(name), picture.wanted["cilium_namespace"], agent["pod"] or "-l k8s-app=cilium"
        if agent["error"] and name in picture.half_way:
            yield finding(
                "cilium-agent-silent", WARNING, item, agent["error"],
                "An earlier run was taking this node over. This one recreates its agent first, and gives its wave back where that does not start.",
                f"Correct what keeps it from starting: kubectl -n {namespace} logs {pod} -c cilium-agent",
            )
            continue
        if agent["error"]:
            yield finding(
                "cilium-agent-silent", BLOCKER, item, agent["error"],
                "Its answer is the gate of every step.",
                f"See: kubectl -n {namespace} logs {pod} -c cilium-agent",
            )
            continue
        if (agent["health"]["state"] or "Ok").lower() != "ok":
            yield finding(
                "cilium-agent-unwell", WARNING, item, f"it says {agent['health']['state']}: {agent['health']['message']}",
                "What does not work before the migration cannot be proven by it.",
                "See: cilium-dbg status --verbose in its pod.",
            )
        if agent["drift"] and not picture.moving:
            yield finding(
                "cilium-agent-drift", WARNING, item, "; ".join(agent["drift"]),
                "Its next restart, for whatever reason, changes what it does.",
                "Recreate its pod now, or set the configuration back.",
            )


def replaced_already(picture):
    if picture.settled or picture.moving:
        return
    on = [name for name, agent in (picture.cluster["agents"] or {}).items() if agent["kube_proxy_replacement"]["enabled"]]
    everywhere = len(on) == len(picture.cluster["agents"] or {})
    if on and everywhere and not picture.cluster["kube_proxy"]["daemonset"]:
        yield finding(
            "replacement-already-on", NOTE, picture.name, f"agents of all nodes replace kube-proxy already, and there is no {KUBE_PROXY}",
            "Nothing is left to move, and the migration changes nothing.",
            "Nothing. Before each upgrade with kubeadm run the playbook record.",
        )
    elif on:
        yield finding(
            "replacement-already-on", NOTE if everywhere else WARNING, picture.name,
            f"agents of {'all nodes' if everywhere else some(on)} replace kube-proxy already",
            "Those agents are not recreated; their wave proves that they serve, and takes kube-proxy away. A way back leaves them as they are.",
            "Nothing; see that this is meant.",
        )


def version(picture):
    present, wanted = (picture.cluster["cilium"] or {}).get("version"), picture.wanted["cilium_version"]
    old, new = minor(present), minor(wanted)
    if not old or not new or present.lstrip("v") == wanted.lstrip("v"):
        return
    if new < old:
        yield finding(
            "cilium-downgrade", BLOCKER, picture.name, f"Cilium {present} runs, kpr_cilium_version is {wanted}",
            "Cilium supports going back by one minor version only, and not together with another change.",
            f"Set kpr_cilium_version to {present}, or leave it out.",
        )
    elif new[0] != old[0] or new[1] - old[1] > 1:
        yield finding(
            "cilium-version-skip", BLOCKER, picture.name, f"Cilium {present} runs, kpr_cilium_version is {wanted}",
            "Upgrades are tested between consecutive minor versions only.",
            "Upgrade one minor version at a time, before the migration.",
        )
    else:
        yield finding(
            "cilium-upgrade", WARNING, picture.name, f"Cilium {present} runs, kpr_cilium_version is {wanted}",
            "The step `prepare` upgrades Cilium too, so that two changes happen at once.",
            f"Upgrade first, or set kpr_cilium_version to {present}.",
        )


def faulty(picture):
    for one in faults.of(picture.wanted["cilium_version"]) if picture.cluster["cilium"] else ():
        fixed = compat.dotted(one.fixed)
        yield finding(
            "cilium-release-faulty", WARNING, picture.name, f"Cilium {picture.wanted['cilium_version']} has a fault that {fixed} has no more ({one.issue})",
            one.sees,
            f"Use {fixed} or later: kpr_cilium_version, or upgrade first.",
        )


def kubernetes(picture):
    wanted, server = compat.minor(picture.wanted["cilium_version"]), minor(picture.cluster["kubernetes"])
    if not picture.cluster["cilium"] or not wanted or not server:
        return
    known = compat.MINORS.get(wanted)
    if not known:
        yield finding(
            "cilium-version-unknown", WARNING, picture.name, f"nothing is known here about Cilium {compat.dotted(wanted)}",
            f"The plan knows {compat.dotted(compat.FIRST)} to {compat.dotted(compat.LAST)}.",
            "Read the upgrade notes of that version, or use one that the plan knows.",
        )
        return
    if server < known.chart:
        yield finding(
            "kubernetes-refused", BLOCKER, picture.name, f"Kubernetes {picture.cluster['kubernetes']}",
            f"Helm refuses the chart of Cilium {compat.dotted(wanted)} in clusters older than {compat.dotted(known.chart)}.",
            "Upgrade Kubernetes, or use an older Cilium.",
        )
    first, last = known.kubernetes
    if not first <= server <= last:
        yield finding(
            "kubernetes-untested", WARNING, picture.name, f"Kubernetes {picture.cluster['kubernetes']}",
            f"Cilium {compat.dotted(wanted)} is tested with {compat.dotted(first)} to {compat.dotted(last)}.",
            "Use a Cilium that is tested with it, or try the migration on a test cluster first.",
        )


def node_configs(picture):
    cilium = picture.cluster["cilium"]
    if not cilium or picture.settled:
        return
    item = f"DaemonSet {picture.wanted['cilium_namespace']}/cilium"
    if not cilium["node_config_served"]:
        yield finding(
            "node-config-unknown", BLOCKER, picture.name, "the API serves no CiliumNodeConfig",
            "Nodes are moved one by one with that object. It exists from Cilium 1.13 on.",
            "Upgrade Cilium first.",
        )
        return
    overrides, apart = cilium["overrides"], per_node.split(_wanted(picture), picture.wanted["cilium_version"], own=_own(picture))
    keys = {KEY, *apart["moved"], *apart["retired"]}
    blocked = keys - set(overrides["allowed"]) if overrides["allowed"] else keys & set(overrides["denied"])
    if not overrides["read"] or blocked:
        found = "its agents read no CiliumNodeConfig" if not overrides["read"] else f"its agents let no CiliumNodeConfig set {some(blocked)}"
        yield finding(
            "node-config-blocked", BLOCKER, item, found,
            "Nodes are moved one by one with that object; it would have no effect.",
            "Correct daemon.configSources, daemon.allowedConfigOverrides and daemon.blockedConfigOverrides of the release.",
        )
    for other in cilium["node_configs"] or []:
        if other["name"] != OURS and KEY in other["defaults"]:
            wins = other["name"] > OURS
            yield finding(
                "node-config-foreign", BLOCKER if wins else WARNING, f"CiliumNodeConfig {picture.wanted['cilium_namespace']}/{other['name']}",
                f"it sets {KEY} to {other['defaults'][KEY]}",
                "Of several that select a node the one with the last name wins, and that is " + ("this one." if wins else "the migration's own."),
                f"Delete it, or take {KEY} out of it, before the migration.",
            )
    if set(cilium["node_config_stored"]) - {"v2"} and picture.wanted["cilium_version"] in UNSTORED:
        yield finding(
            "node-config-storage", BLOCKER, "CustomResourceDefinition ciliumnodeconfigs.cilium.io",
            f"stored versions are {some(cilium['node_config_stored'])}",
            f"Cilium {SOME_UNSTORED} do not come up in a cluster that was first installed with 1.15 or older.",
            f"Use {STORED} or later.",
        )


def values(picture):
    if picture.settled or not picture.cluster["cilium"]:
        return
    item = f"Helm release {picture.wanted['cilium_namespace']}/{picture.wanted['cilium_release']}"
    if picture.value("rollOutCiliumPods"):
        yield finding(
            "agents-roll-at-end", WARNING, item, "rollOutCiliumPods is true",
            "At the end the replacement becomes the release's default, and all agents would be recreated for nothing, two at a time.",
            "Set rollOutCiliumPods: false in kpr_cilium_values for the migration.",
        )
    if picture.cluster["cilium"]["waits_for_kube_proxy"]:
        yield finding(
            "agents-wait-for-kube-proxy", NOTE, item, "waitForKubeProxy is true",
            "An agent that is recreated on a node without kube-proxy would wait for ever. The step `prepare` sets it to false.",
            "Nothing.",
        )
    if per_node.masquerades_alone(_own(picture), picture.cluster["cilium"]["version"] or ""):
        yield finding(
            "masquerading-beside-kube-proxy", NOTE, item, "bpf.masquerade is true, and kube-proxy serves",
            "Pods get no answer from NodePorts of their own node where externalTrafficPolicy is Local: it goes past kube-proxy's rules. The replacement mends "
            "that; until a node has it, proofs do not ask these from its pods.",
            "Nothing.",
        )
    for entry in _judged(picture):
        yield finding(
            entry["name"], entry["severity"], f"Helm value {entry['key']}", entry["found"],
            entry["why"],
            entry["remedy"],
        )


def _judged(picture):
    """What is to be said of the values that the release will have in the end, and what is in the way of those that it has while nodes move.

    The API's address and the version have rules of their own.
    """
    if not picture.cluster["release"]:
        return []
    wanted, version = _wanted(picture), picture.wanted["cilium_version"]
    api = {"k8sServiceHost": picture.wanted["api_server_host"], "k8sServicePort": 6443} if picture.wanted["api_server_host"] else {}
    given = api or any(picture.value(path) for path in ("k8sServiceHost", "k8sServiceHostRef.name", "k8s.apiServerURLs"))
    in_the_end = {"kubeProxyReplacement": True, **api, **({} if given else {"k8sServiceHost": "not given", "k8sServicePort": 6443})}
    before = Wanted(_own(picture), 0, {})  # agents that replaced kube-proxy beside it go on doing so
    meanwhile = dict_merge(per_node.split(wanted, version, before.kpr, _own(picture))["values"],
                           {**in_the_end, "kubeProxyReplacement": before.get("kubeProxyReplacement") if before.kpr else False})
    try:
        found = check_values(dict_merge(wanted, in_the_end), version)
        found += [one for one in check_values(dict_merge(wanted, meanwhile), version) if one["severity"] == BLOCKER and one not in found]
    except ValueError:
        return []
    return [one for one in found if one["name"] != "chart-version"]


def _own(picture):
    return (picture.cluster["release"] or {}).get("values") or {}


def _wanted(picture):
    return dict_merge(_own(picture), picture.wanted["values"])


RULES = (missing, release, rollout, agents, replaced_already, version, faulty, kubernetes, node_configs, values)

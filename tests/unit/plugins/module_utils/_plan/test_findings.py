# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each finding, produced by the object or the node's answer that it is about, and by nothing else."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils import _plan
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import judge, release
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._plan import findings

CASES = []


def case(ident, severity, item=None, **given):
    """The decorated function makes the cluster such that the plan has this finding. given: what else must be in the finding's text."""

    def keep(change):
        CASES.append(pytest.param(change, ident, severity, item, given.get("says", ""), id=f"{ident}-{change.__name__}"))
        return change

    return keep


# -- inventory and reachability

@case("cluster-unreadable", "blocker", "cluster demo", says="401")
def kubeconfig_wrong(cluster):
    cluster.error = "the API server https://192.0.2.1:6443 does not accept these credentials (HTTP 401 Unauthorized)"


@case("helm-missing", "blocker", says="kpr_helm_binary")
def no_helm(cluster):
    cluster.wanted["helm"] = ""
    cluster.release = None


@case("traffic-unnamed", "warning", "cluster demo", says="kpr_traffic_namespaces")
def traffic_of_no_namespace(cluster):
    cluster.wanted["traffic"] = True


@case("node-unreachable", "blocker", "node worker1", says="ansible -i INVENTORY plan-worker1 -m ansible.builtin.ping")
def no_ssh(cluster):
    cluster.nodes["worker1"] = {"host": "plan-worker1", "error": "it cannot be reached: timed out"}


@case("no-control-plane", "blocker", says="cp1")
def workers_only(cluster):
    del cluster.nodes["cp1"]


@case("node-unknown", "blocker", "node worker9")
def misnamed_host(cluster):
    cluster.nodes["worker9"] = cluster.nodes["worker1"]


@case("nodes-left-out", "blocker", says="worker1")
def one_node_not_in_the_run(cluster):
    del cluster.nodes["worker1"]


@case("nodes-not-linux", "warning", says="win1")
def windows(cluster):
    cluster.add("nodes", "worker1", "win1")["status"]["nodeInfo"]["operatingSystem"] = "windows"


@case("cluster-facts-unread", "warning", says="refuses")
def forbidden(cluster):
    cluster.unread.append("the API server refuses to let these credentials read /api/v1/persistentvolumes")


@case("node-facts-unread", "warning", "node cp1", says="iptables-save")
def program_missing(cluster):
    cluster.nodes["cp1"]["unread"].append("iptables-save: not found")


# -- nodes

@case("node-not-ready", "blocker", "node worker1", says="disk")
def node_not_ready(cluster):
    cluster.object("nodes", "worker1")["status"]["conditions"] = [{"type": "Ready", "status": "False", "message": "disk is full"}]


@case("node-cordoned", "warning", "node worker1", says="kubectl uncordon worker1")
def node_cordoned(cluster):
    cluster.object("nodes", "worker1")["spec"]["unschedulable"] = True


@case("node-cordoned-by-a-run", "warning", "node worker1", says="kubectl uncordon worker1")
def node_cordoned_by_a_run_that_died(cluster):
    cluster.object("nodes", "worker1")["spec"]["unschedulable"] = True
    cluster.object("nodes", "worker1")["metadata"]["labels"]["kubeproxy-free.fleetops.io/cordoned"] = "true"


@case("kubelet-not-restarted", "warning", "node worker1", says="v1.35.0")
def kubelet_installed_and_not_restarted(cluster):
    cluster.nodes["worker1"]["kubelet"] = "v1.35.0"


@case("kubeadm-upgrade-unfinished", "blocker", says="v1.35.0")
def api_server_upgraded(cluster):
    cluster.objects["version"]["gitVersion"] = "v1.35.0"


@case("kubelet-behind", "warning", says="worker1")
def kubelet_of_another_minor(cluster):
    cluster.object("nodes", "worker1")["status"]["nodeInfo"]["kubeletVersion"] = "v1.33.9"


@case("kernel", "blocker", "node worker1", says="choose Cilium 1.17")
def kernel_too_old(cluster):
    verdict = judge.minimum(release.parse("5.4.0-200-generic", ""), (1, 19), "1.19.1")
    cluster.nodes["worker1"]["kernel_check"] = {"features": {"base": "blocker"}, "verdicts": [verdict]}


@case("kernel-configuration", "warning", "node worker1")
def kernel_unknown_is_not_fine(cluster):
    cluster.nodes["worker1"]["kernel_check"] = {"verdicts": [
        {"subject": "configuration", "status": "unknown", "found": "no /proc/config.gz", "expected": "readable", "source": "-", "remedy": "modprobe configs"}]}


@case("no-device", "blocker", "node worker1", says="eth0: it is a bridge")
def no_device(cluster):
    cluster.nodes["worker1"]["devices"]["eth0"]["passed_over"] = "it is a bridge"


@case("node-address-not-served", "warning", "node worker1", says="172.20.0.12")
def node_address_on_a_device_not_chosen(cluster):
    devices = cluster.nodes["worker1"]["devices"]
    devices["br0"] = {**devices["eth0"], "passed_over": "it is a bridge"}
    devices["eth0"] = {"addresses": ["198.51.100.3"], "default_route": True, "passed_over": None}


# -- the API server's address

@case("api-address-unset", "blocker", says="kpr_api_server_host")
def no_address(cluster):
    cluster.wanted["api_server_host"] = ""


@case("api-address-is-service", "blocker", says="10.120.0.1")
def service_address(cluster):
    cluster.wanted["api_server_host"] = "10.120.0.1"


@case("api-address-is-service", "blocker")
def service_name(cluster):
    cluster.wanted["api_server_host"] = "kubernetes.default.svc.cluster.local"


@case("api-address-pinned", "blocker", says="cp1, one of 2 control planes")
def one_of_two_control_planes(cluster):
    cluster.object("nodes", "worker1")["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = ""
    cluster.wanted["api_server_host"] = "172.20.0.11"


@case("api-address-pinned", "blocker", says="api.example.com is cp1, one of 2 control planes")
def a_name_of_one_of_two_control_planes(cluster):
    one_of_two_control_planes(cluster)
    cluster.wanted["api_server_host"] = "api.example.com"
    for name, address in (("cp1", "127.0.1.1"), ("worker1", "172.20.0.11")):
        cluster.nodes[name]["api"][0].update(host="api.example.com", addresses=[address])


@case("api-address-pinned", "blocker", says="172.20.0.11, cp1 is cp1, one of 2 control planes")
def a_list_of_urls_that_lead_to_one_machine(cluster):
    one_of_two_control_planes(cluster)
    cluster.wanted.update(api_server_host="", values={"k8s": {"apiServerURLs": "https://172.20.0.11:6443 https://cp1:6443"}})


@case("api-unreachable", "blocker", "node worker1", says="172.20.0.11:6443: timed out")
def firewall(cluster):
    cluster.nodes["worker1"]["api"][0].update(reachable=False, error="timed out")


@case("api-certificate", "blocker", "node worker1", says="certSANs")
def certificate_for_another_name(cluster):
    cluster.nodes["worker1"]["api"][0].update(trusted=False, error="Hostname mismatch")


@case("api-certificate-unchecked", "warning", "node worker1")
def certificate_unchecked(cluster):
    cluster.nodes["worker1"]["api"][0].update(trusted=None, error="/etc/kubernetes/pki/ca.crt cannot be read")


@case("api-address-unset", "blocker", says="controlPlaneEndpoint is api.plan.lab:6443")
def no_address_but_an_endpoint(cluster):
    cluster.wanted["api_server_host"] = ""


@case("api-address-pinned", "blocker", says="cp1, one of 2 control planes")
def a_list_of_urls_before_the_chart_knows_it(cluster):
    one_of_two_control_planes(cluster)
    cluster.object("daemonsets", "cilium")["spec"]["template"]["spec"]["containers"][0]["image"] = "quay.io/cilium/cilium:v1.17.1"
    cluster.wanted["cilium_version"] = "1.17.1"
    _kubernetes(cluster, "1.32.4")
    cluster.wanted["values"] = {"k8s": {"apiServerURLs": "https://172.20.0.11:6443 https://172.20.0.12:6443"}}


@case("api-address-unset", "blocker", says="ConfigMap kube-system/api, to which k8sServiceHostRef leads")
def a_reference_that_leads_nowhere(cluster):
    no_address(cluster)
    cluster.wanted["values"] = {"k8sServiceHostRef": {"name": "api", "key": "host"}}


@case("agents-roll-before", "warning", says="All 2 agents are recreated once, 2 at a time")
def address_changes(_cluster):
    pass  # the cluster's agents use the Service address


@case("agents-roll-before", "warning", says="OnDelete")
def address_changes_and_no_agent_rolls(cluster):
    cluster.object("daemonsets", "cilium")["spec"]["updateStrategy"] = {"type": "OnDelete"}


@case("agents-roll-at-once", "blocker", "DaemonSet kube-system/cilium", says="10 of 10 agents")
def all_agents_roll_at_once(cluster):
    _fleet(cluster)["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = "100%"


def _fleet(cluster):
    """Ten agents, of which two nodes are enough for the plan."""
    agents = cluster.object("daemonsets", "cilium")
    agents["status"].update(desiredNumberScheduled=10, numberReady=10)
    return agents


# -- Cilium

@case("cilium-missing", "blocker", says="kpr_cilium_namespace")
def no_cilium(cluster):
    cluster.delete("daemonsets", "cilium")


@case("cilium-not-by-helm", "blocker", says="helm list -A")
def no_release(cluster):
    cluster.release = None


@case("chart-unreachable", "blocker", "controller", says="repo cilium not found")
def no_chart(cluster):
    cluster.chart_error = "Error: repo cilium not found"


@case("cilium-release-pending", "blocker", says="pending-upgrade")
def pending_release(cluster):
    cluster.release["status"] = "pending-upgrade"


@case("cilium-release-failed", "warning", says="its status is failed")
def failed_release(cluster):
    cluster.release["status"] = "failed"


@case("cilium-owner", "blocker", says="Argo CD")
def cilium_by_argo(cluster):
    cluster.object("daemonsets", "cilium")["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "cilium:apps/DaemonSet:kube-system/cilium"


@case("cilium-agents-not-ready", "blocker", says="1 of 2")
def agent_down(cluster):
    cluster.object("daemonsets", "cilium")["status"]["numberReady"] = 1


@case("cilium-agents-not-ready", "blocker", says="being rolled out")
def agents_rolling(cluster):
    cluster.object("daemonsets", "cilium")["metadata"]["generation"] += 1


@case("cilium-operator-not-ready", "blocker", "Deployment kube-system/cilium-operator")
def operator_down(cluster):
    cluster.object("deployments", "cilium-operator")["status"]["readyReplicas"] = 0


@case("cilium-operator-missing", "blocker")
def operator_gone(cluster):
    cluster.delete("deployments", "cilium-operator")


@case("cilium-agent-silent", "blocker", "node worker1", says="no connection")
def agent_silent(cluster):
    cluster.agents["worker1"]["error"] = "no connection into it within 10 s"


@case("cilium-agent-unwell", "warning", "node worker1", says="Degraded")
def agent_unwell(cluster):
    cluster.agents["worker1"]["health"] = {"state": "Degraded", "message": "3 warnings"}


@case("cilium-agent-drift", "warning", "node worker1")
def agent_drifts(cluster):
    cluster.agents["worker1"]["drift"] = ["it is configured to replace kube-proxy and does not"]


@case("replacement-already-on", "warning", says="worker1")
def replacement_on_one_node(cluster):
    cluster.agents["worker1"]["kube_proxy_replacement"]["enabled"] = True


@case("replacement-already-on", "note", says="are not recreated")
def replacement_everywhere(cluster):
    for agent in cluster.agents.values():
        agent["kube_proxy_replacement"]["enabled"] = True


@case("replacement-already-on", "note", says="changes nothing")
def replacement_from_the_first_moment(cluster):
    replacement_everywhere(cluster)
    cluster.cilium_config(kube_proxy_replacement="true")
    cluster.delete("daemonsets", "kube-proxy")
    for node in cluster.nodes.values():
        node["rules"]["running"] = None


@case("kubernetes-untested", "warning", says="1.31 to 1.34")
def kubernetes_newer_than_tested(cluster):
    _kubernetes(cluster, "1.36.1")


@case("kubernetes-refused", "blocker", says="1.21")
def kubernetes_older_than_the_chart_takes(cluster):
    _kubernetes(cluster, "1.20.15")


def _kubernetes(cluster, version):
    cluster.objects["version"]["gitVersion"] = f"v{version}"
    data = cluster.objects["kubeadm_config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("v1.34.4", f"v{version}")
    for node in cluster.objects["nodes"]:
        node["status"]["nodeInfo"]["kubeletVersion"] = f"v{version}"
    for node in cluster.nodes.values():
        node["kubelet"] = f"v{version}"


@case("cilium-version-unknown", "warning", says="1.21")
def newer_than_the_tables(cluster):
    cluster.object("daemonsets", "cilium")["spec"]["template"]["spec"]["containers"][0]["image"] = "quay.io/cilium/cilium:v1.21.0"
    cluster.wanted["cilium_version"] = "1.21.0"


@case("cilium-downgrade", "blocker", says="1.18.2")
def downgrade(cluster):
    cluster.wanted["cilium_version"] = "1.18.2"


@case("cilium-version-skip", "blocker", says="1.21.0")
def two_minors_at_once(cluster):
    cluster.wanted["cilium_version"] = "1.21.0"


@case("cilium-upgrade", "warning", says="1.20.2")
def upgrade_with_it(cluster):
    cluster.wanted["cilium_version"] = "1.20.2"


@case("cilium-release-faulty", "warning", says="1.19.3 or later")
def release_with_a_fault(cluster):
    cluster.wanted["cilium_version"] = "1.19.2"


@case("node-config-unknown", "blocker")
def no_node_config(cluster):
    cluster.objects.update(node_configs_v2=None, node_configs_v2alpha1=None)


def _build_config(cluster, *arguments):
    containers = cluster.object("daemonsets", "cilium")["spec"]["template"]["spec"]["initContainers"]
    next(one for one in containers if "build-config" in one.get("command", []))["command"] += arguments


@case("node-config-blocked", "blocker", says="blockedConfigOverrides")
def key_denied(cluster):
    _build_config(cluster, "--deny-config-keys=kube-proxy-replacement,devices")


@case("node-config-blocked", "blocker")
def key_not_allowed(cluster):
    _build_config(cluster, "--allow-config-keys=devices")


@case("node-config-blocked", "blocker", says="let no CiliumNodeConfig set kube-proxy-replacement-healthz-bind-address")
def health_port_denied(cluster):
    _build_config(cluster, "--deny-config-keys=kube-proxy-replacement-healthz-bind-address")
    cluster.release["values"]["kubeProxyReplacementHealthzBindAddr"] = "0.0.0.0:10256"


@case("node-config-blocked", "blocker", says="read no CiliumNodeConfig")
def only_the_config_map_is_read(cluster):
    _build_config(cluster, "--source=config-map:cilium-config")


def _node_config(cluster, name):
    cluster.objects["node_configs_v2"].append({"metadata": {"name": name, "namespace": "kube-system"}, "spec": {
        "nodeSelector": {"matchLabels": {"zone": "a"}}, "defaults": {"kube-proxy-replacement": "false"}}})


@case("node-config-foreign", "blocker", "CiliumNodeConfig kube-system/zone-a", says="this one")
def node_config_that_wins(cluster):
    _node_config(cluster, "zone-a")


@case("node-config-foreign", "warning", "CiliumNodeConfig kube-system/a-zone")
def node_config_that_loses(cluster):
    _node_config(cluster, "a-zone")


@case("node-config-storage", "blocker", says="1.20.2 or later")
def stored_in_the_old_version(cluster):
    cluster.objects["node_config_kind"]["status"]["storedVersions"] = ["v2alpha1", "v2"]
    cluster.wanted["cilium_version"] = "1.20.1"


@case("agents-roll-at-end", "warning")
def roll_out_pods(cluster):
    cluster.release["values"]["rollOutCiliumPods"] = True


@case("agents-wait-for-kube-proxy", "note")
def wait_for_kube_proxy(cluster):
    cluster.object("daemonsets", "cilium")["spec"]["template"]["spec"]["initContainers"].append({"name": "wait-for-kube-proxy", "image": "x"})


@case("value-ignored", "warning", "Helm value hostServices")
def dead_value(cluster):
    cluster.wanted["values"] = {"hostServices": {"enabled": True}}


@case("iptables-masquerade", "note", "Helm value bpf.masquerade")
def masquerade_by_iptables(cluster):
    cluster.wanted["values"] = {"bpf": {"masquerade": False}}


@case("masquerading-beside-kube-proxy", "note", "Helm release kube-system/cilium")
def masquerade_by_ebpf_before_the_replacement(cluster):
    cluster.release["values"] = {"bpf": {"masquerade": True}}


@case("no-conntrack", "blocker", "Helm value installNoConntrackIptablesRules")
def value_that_is_right_in_the_end_and_stops_agents_meanwhile(cluster):
    cluster.wanted["values"] = {"installNoConntrackIptablesRules": True}


@case("value-type", "blocker", "Helm value k8s.apiServerURLs", says='"https://10.0.0.1:6443 https://10.0.0.2:6443"')
def a_list_where_the_chart_wants_a_text(cluster):
    cluster.wanted["values"] = {"k8s": {"apiServerURLs": ["https://172.20.0.11:6443", "https://172.20.0.12:6443"]}}


@case("value-word", "blocker", "Helm value loadBalancer.mode")
def value_that_the_agent_refuses(cluster):
    cluster.release["values"]["loadBalancer"] = {"mode": "dsrr"}


# -- kube-proxy and kubeadm

@case("kube-proxy-elsewhere", "blocker", "DaemonSet kube-system/my-proxy")
def another_kube_proxy(cluster):
    cluster.add("daemonsets", "kube-proxy", "my-proxy")


@case("kube-proxy-elsewhere", "blocker", "DaemonSet kube-system/kube-proxy-worker", says="belongs to Gardener")
def a_providers_kube_proxy_under_its_own_name(cluster):
    cluster.add("daemonsets", "kube-proxy", "kube-proxy-worker")
    cluster.object("daemonsets", "kube-proxy-worker")["metadata"]["labels"] = {"resources.gardener.cloud/managed-by": "gardener"}


@case("kube-proxy-returned", "blocker")
def returned(cluster):
    cluster.record("settled")


@case("kube-proxy-missing", "blocker")
def no_daemonset(cluster):
    cluster.delete("daemonsets", "kube-proxy")


@case("kube-proxy-process", "blocker", "node worker1", says="process 912")
def process_without_daemonset(cluster):
    cluster.delete("daemonsets", "kube-proxy")


@case("kube-proxy-not-ready", "warning", says="1 of 2")
def kube_proxy_down(cluster):
    cluster.object("daemonsets", "kube-proxy")["status"]["numberReady"] = 1


@case("kube-proxy-owner", "blocker", "DaemonSet kube-system/kube-proxy", says="Helm")
def kube_proxy_by_helm(cluster):
    cluster.object("daemonsets", "kube-proxy")["metadata"]["annotations"] = {"meta.helm.sh/release-name": "kube-proxy"}


@case("kube-proxy-owner", "blocker", "DaemonSet kube-system/kube-proxy", says="--preserve")
def kube_proxy_of_the_add_ons_of_eks(cluster):
    cluster.object("daemonsets", "kube-proxy")["metadata"]["managedFields"] = [{"manager": "eks"}]


@case("kube-proxy-owner", "blocker", "DaemonSet kube-system/kube-proxy", says="belongs to AKS (label kubernetes.azure.com/managedby=aks)")
def kube_proxy_of_aks(cluster):
    marks = {"addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.azure.com/managedby": "aks"}
    cluster.object("daemonsets", "kube-proxy")["metadata"]["labels"] = marks


@case("kube-proxy-owner", "blocker", "ConfigMap kube-system/kube-proxy", says="Flux")
def config_by_flux(cluster):
    cluster.objects["kube_proxy_config"]["metadata"]["labels"] = {"kustomize.toolkit.fluxcd.io/name": "infra"}


def _setting(cluster, given):
    data = cluster.objects["kube_proxy_config"]["data"]
    data["config.conf"] = yaml.safe_dump({**yaml.safe_load(data["config.conf"]), **given})


@case("kube-proxy-config-unread", "warning", says="line 2 is no YAML: x: }")
def config_no_yaml(cluster):
    cluster.objects["kube_proxy_config"]["data"]["config.conf"] = "mode: [ipvs\nx: }"


@case("kube-proxy-config-unread", "warning", says="there are kubeconfig.conf")
def config_without_its_key(cluster):
    del cluster.objects["kube_proxy_config"]["data"]["config.conf"]


@case("kube-proxy-mode", "blocker", says="userspace")
def userspace(cluster):
    _setting(cluster, {"mode": "userspace"})


@case("kube-proxy-mode", "note", says="ipvs")
def ipvs(cluster):
    _setting(cluster, {"mode": "ipvs"})


@case("kube-proxy-nodeportaddresses", "warning", says="10.0.0.0/8")
def node_port_addresses(cluster):
    _setting(cluster, {"nodePortAddresses": ["10.0.0.0/8"]})


@case("kube-proxy-iptables-masqueradeall", "note")
def masquerade_all(cluster):
    _setting(cluster, {"iptables": {"masqueradeAll": True}})


@case("kube-proxy-ipvs-excludecidrs", "warning")
def exclude_cidrs(cluster):
    _setting(cluster, {"ipvs": {"excludeCIDRs": ["10.1.0.0/16"]}})


@case("kube-proxy-ipvs-strictarp", "note")
def strict_arp(cluster):
    _setting(cluster, {"ipvs": {"strictARP": True}})


@case("kubeadm-config-missing", "warning")
def not_by_kubeadm(cluster):
    cluster.objects["kubeadm_config"] = None


@case("kubeadm-config-unread", "blocker", says="[1, 2]")
def kubeadm_config_no_mapping(cluster):
    cluster.objects["kubeadm_config"]["data"]["ClusterConfiguration"] = "[1, 2]"


@case("kubeadm-cannot-record", "warning", says="v1beta3")
def kubeadm_of_130(cluster):
    data = cluster.objects["kubeadm_config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("v1beta4", "v1beta3")


@case("kubeadm-cannot-record", "warning", says="v1beta2")
def a_field_in_a_format_that_has_none(cluster):
    """Nobody reads it there, so it is no proof."""
    data = cluster.objects["kubeadm_config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("v1beta4", "v1beta2") + "\nproxy: {disabled: true}\n"


@case("kubeadm-cannot-record", "warning", says="no apiVersion")
def kubeadm_of_no_format(cluster):
    data = cluster.objects["kubeadm_config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("apiVersion:", "version:")


@case("kubeadm-ignores-record", "note", says="1.32.0")
def next_minor_begins_with_a_kubeadm_that_ignores_the_record(cluster):
    _kubernetes(cluster, "1.31.4")


@case("kubeadm-ignores-record", "note", says="1.32.1 or later")
def upgrade_to_the_kubeadm_that_ignores_the_record_not_ended(cluster):
    _kubernetes(cluster, "1.32.0")


@case("kubeadm-would-return", "warning")
def settled_without_the_field(cluster):
    cluster.delete("daemonsets", "kube-proxy")
    cluster.record("settled")


@case("kubeadm-would-return", "warning")
def settled_at_131_without_the_field(cluster):
    """The last version at which nothing is lost yet, and the field can be written."""
    settled_without_the_field(cluster)
    _kubernetes(cluster, "1.31.4")


@case("kubeadm-config-missing", "warning")
def not_by_kubeadm_at_131(cluster):
    _kubernetes(cluster, "1.31.4")
    not_by_kubeadm(cluster)


@case("record-unread", "blocker", says="{oops")
def record_broken(cluster):
    cluster.config_map("record", {"state.json": "{oops"})


@case("migration-begun", "note", says="prepared")
def begun(cluster):
    cluster.record("prepared")


@case("health-port-taken", "blocker", "node cp1", says="port 10300 is held by nginx")
def health_port_taken(cluster):
    _kube_proxy_answers_at(cluster, "0.0.0.0:10300")
    cluster.nodes["cp1"]["health_port"] = {"port": 10300, "listeners": ["nginx"]}
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10300"}


@case("health-port-pauses", "note", says="recreated a second time")
def health_port_kept(cluster):
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10256"}


@case("health-port-lost", "note", says="kpr_tune")
def no_health_port_and_settled(cluster):
    cluster.record("settled")


@case("health-port-lost", "note")
def health_port_lost(_cluster):
    pass  # the cluster's release does not set it


@case("health-port-lost", "warning", says="1 Services of type LoadBalancer")
def health_port_lost_with_load_balancers(cluster):
    cluster.object("services", "web")["spec"]["type"] = "LoadBalancer"


def _kube_proxy_answers_at(cluster, address):
    data = cluster.objects["kube_proxy_config"]["data"]
    data["config.conf"] = yaml.safe_dump({**yaml.safe_load(data["config.conf"]), "healthzBindAddress": address})


@case("health-port-lost", "note", says="on port 10300")
def health_port_of_its_own_lost(cluster):
    _kube_proxy_answers_at(cluster, "0.0.0.0:10300")


@case("health-port-lost", "note", says='Set kubeProxyReplacementHealthzBindAddr: "0.0.0.0:10300"')
def agents_answer_on_another_port_than_kube_proxy(cluster):
    _kube_proxy_answers_at(cluster, "0.0.0.0:10300")
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10256"}


# -- rules on the nodes

PLACE = {"backend": "nft", "family": "ip", "table": "nat"}


@case("rule-leads-to-kube-proxy", "blocker", "node worker1", says="-A CNI-DN-1 -j KUBE-MARK-MASQ (2 such in all)")
def portmap_of_old(cluster):
    rule = {**PLACE, "chain": "CNI-DN-1", "rule": "-A CNI-DN-1 -j KUBE-MARK-MASQ", "target": "KUBE-MARK-MASQ"}
    cluster.nodes["worker1"]["rules"]["foreign_references"] = [rule, rule]


@case("chains-unknown", "note", "node worker1", says="KUBE-ROUTER-INPUT")
def unknown_chain(cluster):
    cluster.nodes["worker1"]["rules"]["unknown"] = [{**PLACE, "chain": "KUBE-ROUTER-INPUT"}]


@case("rules-unseen", "warning", "node worker1", says="no iptables program")
def legacy_without_its_program(cluster):
    cluster.nodes["worker1"]["rules"]["unchecked"] = ["legacy ip: there is no iptables program of the legacy backend"]


@case("rules-unseen", "warning", "node worker1", says="line 7: -A FORWARD !")
def line_not_read(cluster):
    cluster.nodes["worker1"]["rules"]["unread"] = [{**PLACE, "line": 7, "text": "-A FORWARD !"}]


@case("rules-in-both-backends", "note", "node worker1", says="legacy and nft")
def both_backends(cluster):
    found = cluster.nodes["worker1"]["rules"]["found"]
    found["legacy"] = found["nft"]


@case("rules-left", "warning", "node worker1")
def settled_with_rules(cluster):
    cluster.record("settled")


@case("rules-left", "warning", "node worker1", says="this node has moved")
def moved_with_rules(cluster):
    cluster.record("prepared")
    cluster.object("nodes", "worker1")["metadata"].setdefault("labels", {})["kubeproxy-free.fleetops.io/state"] = "moved"


@case("ipvs-foreign", "note", "node worker1", says="192.0.2.9:80")
def keepalived_servers(cluster):
    cluster.nodes["worker1"]["rules"]["ipvs"]["foreign_servers"] = ["tcp 192.0.2.9:80"]


# -- Services

@case("external-ip-unowned", "warning", "external IP 203.0.113.20", says="demo/web")
def external_ip(_cluster):
    pass  # the cluster's workload has one


@case("service-map-size", "warning", says="65536")
def map_nearly_full(cluster):
    cluster.object("services", "echo")["spec"]["ports"] *= 5000


@case("service-map-size", "blocker", says="bpf.lbMapMax")
def map_too_small(cluster):
    cluster.cilium_config(bpf_lb_map_max="16")


@case("service-map-size", "blocker", says="for 16 places")
def map_too_small_by_the_values(cluster):
    cluster.wanted["values"] = {"bpf": {"lbMapMax": 16}}


@case("service-map-size", "blocker", says="for 17 places")
def map_of_services_alone_too_small(cluster):
    cluster.wanted["values"] = {"bpf": {"lbMapMax": 131072}}
    cluster.cilium_config(bpf_lb_service_map_max="17")


@case("node-port-out-of-range", "blocker", "Service demo/echo", says="NodePort 40000")
def node_port_out_of_range(cluster):
    cluster.object("services", "echo")["spec"]["ports"][0]["nodePort"] = 40000


@case("node-port-range", "blocker", "Helm value nodePort.range", says="30000,32767")
def range_that_no_agent_reads(cluster):
    cluster.wanted["values"] = {"nodePort": {"range": "30000"}}


@case("node-port-range-differs", "blocker", says="30000-40000")
def the_servers_range_is_wider(cluster):
    data = cluster.objects["kubeadm_config"]["data"]
    given = yaml.safe_load(data["ClusterConfiguration"])
    given["apiServer"]["extraArgs"] = [{"name": "service-node-port-range", "value": "30000-40000"}]
    data["ClusterConfiguration"] = yaml.safe_dump(given)


@case("host-port-in-node-port-range", "blocker", "DaemonSet kube-system/agent", says="30500")
def host_port_in_range(cluster, port=30500):
    spec = cluster.add("daemonsets", "kube-proxy", "agent")["spec"]["template"]["spec"]
    spec["hostNetwork"] = False
    spec["containers"][0].update(image="example/agent:1", ports=[{"containerPort": 80, "hostPort": port}])


@case("host-port-in-node-port-range", "blocker", "DaemonSet kube-system/agent", says="20000-22767")
def host_port_in_the_range_of_the_values(cluster):
    cluster.wanted["values"] = {"nodePort": {"range": "20000,22767"}}
    host_port_in_range(cluster, 21000)


@case("host-port-in-node-port-range", "blocker", "DaemonSet kube-system/agent", says="30000-40000")
def host_port_in_the_range_of_the_running_agents(cluster):
    cluster.cilium_config(node_port_range="30000,40000")
    host_port_in_range(cluster, 39000)


@case("host-ports", "note", says="node worker1")
def host_port(_cluster):
    pass  # portmap serves one on worker1


@case("external-traffic-local", "note", says="demo/web")
def traffic_local(cluster):
    cluster.object("services", "web")["spec"]["externalTrafficPolicy"] = "Local"


@case("session-affinity", "note", says="demo/web")
def session_affinity(cluster):
    cluster.object("services", "web")["spec"]["sessionAffinity"] = "ClientIP"


@case("source-ranges", "warning", says="NodePorts and external IPs, too")
def source_ranges_for_every_type(cluster):
    cluster.cilium_config(bpf_lb_source_range_all_types="true")
    source_ranges(cluster)


@case("source-ranges", "warning", says="NodePorts and external IPs, too")
def source_ranges_for_every_type_by_the_values(cluster):
    cluster.cilium_config(bpf_lb_source_range_all_types="false")
    cluster.wanted["values"] = {"bpf": {"lbSourceRangeAllTypes": True}}
    source_ranges(cluster)


@case("source-ranges", "warning", says="demo/web Cilium applies them to the LoadBalancer addresses only")
def source_ranges(cluster):
    cluster.object("services", "web")["spec"]["loadBalancerSourceRanges"] = ["10.0.0.0/8"]


@case("topology-ignored", "warning", says="demo/web")
def traffic_distribution(cluster):
    cluster.object("services", "web")["spec"]["trafficDistribution"] = "PreferClose"


@case("topology-ignored", "warning", says="demo/echo")
def topology_mode(cluster):
    cluster.object("services", "echo")["metadata"]["annotations"] = {"service.kubernetes.io/topology-mode": "Auto"}


# -- surroundings

@case("cni-config-unread", "warning", "node worker1", says="00-x.conf")
def cni_config_broken(cluster):
    cluster.nodes["worker1"]["cni"].insert(0, {"file": "00-x.conf", "name": None, "plugins": [], "unread": "no CNI configuration: {"})


@case("cni-other", "blocker", "node worker1", says="flannel")
def flannel_in_charge(cluster):
    cluster.nodes["worker1"]["cni"].insert(0, {"file": "00-flannel.conflist", "name": "cbr0", "plugins": ["flannel", "portmap"], "unread": None})


@case("cni-workload", "warning", "DaemonSet kube-system/calico-node", says="Calico")
def calico_beside(cluster):
    cluster.runs("docker.io/calico/node:v3.30.1", "calico-node")


@case("mesh-bypassed", "blocker", "DaemonSet kube-system/ztunnel", says="socketLB.hostNamespaceOnly")
def istio(cluster):
    cluster.runs("docker.io/istio/ztunnel:1.27.0", "ztunnel")


@case("virtual-ip", "warning", "DaemonSet kube-system/speaker", says="MetalLB")
def metallb(cluster):
    cluster.runs("quay.io/metallb/speaker:v0.15.2", "speaker")


@case("virtual-ip", "warning", "node worker1", says="keepalived")
def keepalived(cluster):
    cluster.nodes["worker1"]["programs"].append("keepalived")


def _volume(cluster, spec):
    cluster.objects["volumes"].append({"metadata": {"name": "data"}, "spec": spec})


@case("volume-by-service", "warning", "NFS volumes", says="data (demo/web)")
def nfs_by_cluster_ip(cluster):
    _volume(cluster, {"nfs": {"server": cluster.object("services", "web")["spec"]["clusterIP"], "path": "/"}})


@case("volume-by-service", "warning", "NFS volumes", says="data (storage/nfs)")
def nfs_by_name(cluster):
    _volume(cluster, {"csi": {"driver": "nfs.csi.k8s.io", "volumeAttributes": {"server": "nfs.storage.svc.cluster.local"}}})


@case("volume-by-service", "note", "NFS volumes")
def nfs_and_kernels_with_the_fix(cluster):
    for node in cluster.nodes.values():
        node["kernel_check"] = {"features": {"service_mounts": "ok"}, "verdicts": []}
    nfs_by_name(cluster)


@case("volume-by-service", "warning", "SMB volumes", says="mainline 6.7.0; RHEL and rebuilds 4.18.0-553.8.1, 5.14.0-427.31.1; Ubuntu (generic, lowlatency) 5.4")
def smb_and_the_kernels_with_the_fix(cluster):
    smb_by_name(cluster)


@case("volume-by-service", "warning", "SMB volumes", says="data (storage/samba)")
def smb_by_name(cluster):
    _volume(cluster, {"csi": {"driver": "smb.csi.k8s.io", "volumeAttributes": {"source": "//samba.storage.svc/share"}}})


@case("volume-by-service", "warning", "Longhorn volumes")
def longhorn_shared(cluster):
    _volume(cluster, {"accessModes": ["ReadWriteMany"], "csi": {"driver": "driver.longhorn.io", "volumeHandle": "x"}})


@case("budget-blocks-drain", "warning", says="handover_drain_timeout")
def tight_budget_and_drains(cluster):
    tight_budget(cluster)
    cluster.wanted["drain"] = True


@case("budget-blocks-drain", "note", says="demo/web")
def tight_budget(cluster):
    cluster.objects["budgets"].append({"metadata": {"name": "web", "namespace": "demo"}, "status": {"expectedPods": 3, "disruptionsAllowed": 0}})


@case("drain-nowhere", "blocker", "node worker1", says="kpr_drain")
def drained_and_all_others_are_cordoned(cluster):
    cluster.wanted["drain"] = True
    cluster.object("nodes", "cp1")["spec"]["unschedulable"] = True


@case("drain-stops", "blocker", says="Deployment kube-system/metrics-server, StatefulSet kube-system/db")
def drained_with_volumes_that_are_lost(cluster):
    cluster.wanted["drain"] = True
    for kind, name in (("deployments", "metrics-server"), ("statefulsets", "db")):
        item = cluster.add("deployments", "coredns", name)
        item["spec"]["template"]["spec"]["volumes"].append({"name": "tmp", "emptyDir": {}})
        if kind == "statefulsets":
            cluster.objects[kind].append(cluster.objects["deployments"].pop())


@pytest.mark.parametrize("change", [{"drain": False}, {"drain_deletes": True}])
def test_volumes_that_may_be_lost_or_are_not_drained_stop_nothing(cluster, change):
    drained_with_volumes_that_are_lost(cluster)
    cluster.wanted.update(change)
    assert "drain-stops" not in {one["id"] for one in cluster.plan()}


def test_a_workload_without_pods_stops_no_drain(cluster):
    drained_with_volumes_that_are_lost(cluster)
    cluster.object("deployments", "metrics-server")["spec"]["replicas"] = 0
    assert [one["found"] for one in cluster.plan() if one["id"] == "drain-stops"] == ["workloads whose pods have emptyDir volumes: StatefulSet kube-system/db"]


@pytest.mark.parametrize(("change", "ident", "severity", "item", "says"), CASES)
def test_finding(cluster, change, ident, severity, item, says):
    change(cluster)
    found = [one for one in cluster.plan() if one["id"] == ident and one["severity"] == severity and item in (None, one["object"])]
    assert found, [(one["id"], one["object"]) for one in cluster.plan()]
    assert any(says in f"{one['found']} {one['why']} {one['remedy']}" for one in found), found
    assert all(one[key] for one in found for key in ("object", "found", "why", "remedy"))


UNTOUCHED = {"agents-roll-before", "external-ip-unowned", "health-port-lost", "host-ports"}
# What else follows from a change.
FOLLOW = {
    "drained_and_all_others_are_cordoned": {"node-cordoned"},
    "health_port_taken": {"health-port-pauses"},
    "health_port_denied": {"health-port-pauses"},
    "host_port_in_the_range_of_the_values": {"node-port-out-of-range"},
    "a_list_of_urls_before_the_chart_knows_it": {"value-later"},
    "workers_only": {"nodes-left-out"},
    "kubelet_of_another_minor": {"kubelet-not-restarted"},
    "api_server_upgraded": {"kubelet-behind", "kubernetes-untested"},
    "stored_in_the_old_version": {"cilium-upgrade"},
    "release_with_a_fault": {"cilium-upgrade"},
    "no_daemonset": {"kube-proxy-process"},
    "process_without_daemonset": {"kube-proxy-missing"},
    "two_minors_at_once": {"cilium-version-unknown"},
    "kubernetes_older_than_the_chart_takes": {"kubernetes-untested"},
    "downgrade": {"kubernetes-untested"},
    "returned": {"rules-left", "kubeadm-would-return"},
    "moved_with_rules": {"migration-begun"},
    "settled_with_rules": {"kube-proxy-returned", "kubeadm-would-return"},
    "settled_without_the_field": {"kube-proxy-process", "rules-left"},
    "settled_at_131_without_the_field": {"kube-proxy-process", "rules-left", "kubeadm-ignores-record"},
}


def test_a_good_cluster_has_no_other_findings(cluster):
    assert {one["id"] for one in cluster.plan()} == UNTOUCHED


@pytest.mark.parametrize(("change", "ident", "severity", "item", "says"), [one for one in CASES if one.values[1] not in UNTOUCHED])
def test_no_finding_without_its_cause(cluster, change, ident, severity, item, says):
    assert ident not in {one["id"] for one in cluster.plan()}
    change(cluster)
    assert {one["id"] for one in cluster.plan()} - UNTOUCHED - FOLLOW.get(change.__name__, set()) == {ident}


def test_a_host_port_outside_of_the_wanted_range_and_a_wider_range_of_cilium_are_well(cluster):
    given = yaml.safe_load(cluster.objects["kubeadm_config"]["data"]["ClusterConfiguration"])
    given["apiServer"]["extraArgs"] = [{"name": "service-node-port-range", "value": "30000+2767"}]
    cluster.objects["kubeadm_config"]["data"]["ClusterConfiguration"] = yaml.safe_dump(given)
    cluster.wanted["values"] = {"nodePort": {"range": "30000,40000"}}
    host_port_in_range(cluster, 40001)
    assert {one["id"] for one in cluster.plan()} == UNTOUCHED


@pytest.mark.parametrize(("config", "values"), [
    ({"bpf_lb_map_max": "16"}, {"bpf": {"lbMapMax": 512}}),
    ({"bpf_lb_service_map_max": "16"}, {"extraConfig": {"bpf-lb-service-map-max": "512"}}),
    ({"bpf_lb_service_map_max": "0", "bpf_lb_map_max": "512"}, {}),
])
def test_what_the_remedy_says_makes_the_map_large_enough(cluster, config, values):
    cluster.cilium_config(**config)
    cluster.wanted["values"] = values
    assert "service-map-size" not in {one["id"] for one in cluster.plan()}


def test_agents_that_answer_on_kube_proxys_own_port_lose_nothing(cluster):
    _kube_proxy_answers_at(cluster, "0.0.0.0:10300")
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10300"}
    assert {one["id"] for one in cluster.plan()} == UNTOUCHED - {"health-port-lost"} | {"health-port-pauses"}


def test_once_settled_the_port_of_a_kube_proxy_that_has_returned_is_nobodys(cluster):
    cluster.record("settled")
    cluster.wanted["values"] = {"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10300"}
    assert not {one["id"] for one in cluster.plan()} & {"health-port-lost", "health-port-pauses"}


@pytest.mark.parametrize(("values", "running", "port"), [
    ({}, {}, 10256),
    ({}, {"kube_proxy_replacement_healthz_bind_address": "[::]:10300"}, 10300),
    ({"kubeProxyReplacementHealthzBindAddr": "0.0.0.0:10400"}, {"kube_proxy_replacement_healthz_bind_address": "[::]:10300"}, 10400),
])
def test_nodes_are_asked_about_the_port_that_agents_will_bind(cluster, values, running, port):
    cluster.cilium_config(**running)
    assert findings.health_port(cluster.facts(), {"values": values}) == port
    cluster.error = "no answer"
    assert findings.health_port(cluster.facts(), {"values": values}) == 10256


def test_every_finding_has_a_case():
    """The ids are read from the rules' source; those with a name made at run time are told by their beginning."""
    written = set()
    for path in pathlib.Path(_plan.__path__[0]).glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "finding" and call.args:
                ident = call.args[0]
                if isinstance(ident, ast.Constant):
                    written.add(ident.value)
                elif isinstance(ident, ast.JoinedStr):
                    written.add(ident.values[0].value + "*")
    proven = {param.values[1] for param in CASES}
    assert {one for one in written if not (one in proven or one.endswith("*") and any(name.startswith(one[:-1]) for name in proven))} == set()

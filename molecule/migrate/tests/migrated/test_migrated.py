"""After migrate.yml: what a person would look at on the nodes and in the API."""

import json
import re

import pytest
import yaml
from lab_cluster import current

SAVES = ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save")
KUBELETS = {"KUBE-FIREWALL", "KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY"}  # since Kubernetes 1.27


@pytest.fixture(scope="module")
def cluster():
    return current()


def test_no_kube_proxy_object_or_pod(cluster):
    assert cluster.get("-n", "kube-system", "daemonset", "kube-proxy") == []
    assert cluster.get("-n", "kube-system", "configmap", "kube-proxy") == []
    assert cluster.get("-n", "kube-system", "pods", "-l", "k8s-app=kube-proxy") == []


def test_no_kube_proxy_process(host):
    assert host.run("pgrep -x kube-proxy").rc == 1


def test_no_chain_of_kube_proxy_in_any_backend_or_family(host):
    for save in SAVES:
        assert set(re.findall(r"^:(KUBE-\S+) ", host.check_output(save), re.M)) <= KUBELETS, save
    assert "kube-proxy" not in host.check_output("nft list tables")


def test_kubelets_own_chains_are_there(host):
    rules = host.run("iptables-save").stdout
    for chain in KUBELETS:
        assert f":{chain} " in rules, chain


def test_foreign_rules_are_untouched(host):
    rules = host.run("iptables-save -t filter").stdout
    assert '-A INPUT -s 192.0.2.77/32 -m comment --comment "KUBE-SVC is in this admin\'s comment" -j ACCEPT' in rules.replace("\\'", "'")


def test_every_agent_says_that_it_replaces_kube_proxy(cluster):
    agents = cluster.agents()
    assert sorted(agents) == sorted(host["kpr_node_name"] for host in cluster.hosts.values())
    for node, pod in agents.items():
        assert cluster.agent_status(pod)["kube-proxy-replacement"]["mode"] == "True", node


def test_kubeadm_will_not_bring_it_back(cluster):
    configuration = yaml.safe_load(cluster.get("-n", "kube-system", "configmap", "kubeadm-config")[0]["data"]["ClusterConfiguration"])
    assert configuration["proxy"]["disabled"] is True


def test_only_the_record_is_left_of_ours(cluster):
    labels = [label for node in cluster.get("nodes") for label in node["metadata"]["labels"] if "kubeproxy-free" in label]
    assert labels == []
    assert cluster.get("-n", "kube-system", "ciliumnodeconfigs.cilium.io") == []
    assert cluster.get("namespace", "kubeproxy-free-verify") == []
    record = cluster.get("-n", "kube-system", "configmap", "kubeproxy-free")[0]
    assert json.loads(record["data"]["state.json"])["phase"] == "settled"


def test_the_workload_was_left_alone(cluster):
    restarts = {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in cluster.get("-n", "demo", "pods")}
    assert set(restarts.values()) == {0}, restarts


def test_workload_answers_from_every_node_by_every_path(host, cluster):
    addresses = [cluster.service_ip("demo", "web"), "127.0.0.1:30080"]
    addresses += [f"{node['ansible_host']}:30080" for node in cluster.hosts.values()]
    hostport = cluster.get("-n", "demo", "pod", "hostport")[0]["status"]["hostIP"]
    for address in [*addresses, f"{hostport}:8088"]:
        answer = host.run(f"curl -sS --max-time 5 http://{address}/hostname")
        assert answer.rc == 0 and re.match("web-|hostport", answer.stdout), f"{address}: {answer.stdout}{answer.stderr}"


def test_workload_answers_from_outside(host, cluster):
    addresses = [f"{node['ansible_host']}:30080" for node in cluster.hosts.values()] + [cluster.variables["kpr_lab"]["external_ip"]]
    local = host.get_host("local://")
    for address in addresses:
        assert local.run(f"curl -sS --max-time 5 http://{address}/hostname").stdout.startswith("web-"), address


def test_cluster_dns_answers_in_pods(cluster):
    pod = cluster.get("-n", "demo", "pods", "-l", "app=web")[0]["metadata"]["name"]
    answer = cluster.kubectl("-n", "demo", "exec", pod, "--", "dig", "+short", "+time=3", "web.demo.svc.cluster.local")
    assert answer.strip() == cluster.service_ip("demo", "web")

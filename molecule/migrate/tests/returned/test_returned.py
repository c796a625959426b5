"""After rollback.yml: kube-proxy serves again, and nothing of ours is left."""

import pytest
import yaml
from lab_cluster import current


@pytest.fixture(scope="module")
def cluster():
    return current()


def test_kube_proxy_runs_with_its_own_settings(cluster):
    daemonset = cluster.get("-n", "kube-system", "daemonset", "kube-proxy")[0]
    assert daemonset["status"]["numberReady"] == len(cluster.hosts)
    assert daemonset["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    assert "affinity" not in daemonset["spec"]["template"]["spec"]
    configuration = yaml.safe_load(cluster.get("-n", "kube-system", "configmap", "kube-proxy")[0]["data"]["config.conf"])
    assert configuration["mode"] == "iptables"
    assert configuration["conntrack"]["maxPerCore"] == 0  # the lab's own setting, not kubeadm's default


def test_no_agent_replaces_it(cluster):
    agents = cluster.agents()
    assert sorted(agents) == sorted(host["kpr_node_name"] for host in cluster.hosts.values())
    for node, pod in agents.items():
        assert cluster.agent_status(pod)["kube-proxy-replacement"]["mode"] == "False", node


def test_kubeadm_knows(cluster):
    configuration = yaml.safe_load(cluster.get("-n", "kube-system", "configmap", "kubeadm-config")[0]["data"]["ClusterConfiguration"])
    assert not configuration.get("proxy", {}).get("disabled")


def test_nothing_of_ours_is_left(cluster):
    assert [label for node in cluster.get("nodes") for label in node["metadata"]["labels"] if "kubeproxy-free" in label] == []
    assert cluster.get("-n", "kube-system", "ciliumnodeconfigs.cilium.io") == []
    assert cluster.get("-n", "kube-system", "configmap", "kubeproxy-free") == []
    assert cluster.get("namespace", "kubeproxy-free-verify") == []


def test_kube_proxy_serves_on_every_node(host, cluster):
    assert f"-A KUBE-SERVICES -d {cluster.service_ip('demo', 'web')}/32" in host.run("iptables-save -t nat").stdout
    for address in (cluster.service_ip("demo", "web"), "127.0.0.1:30080"):
        assert host.run(f"curl -sS --max-time 5 http://{address}/hostname").stdout.startswith("web-"), address

"""After bootstrap.yml: a cluster that never had kube-proxy."""

import re
import stat
from pathlib import Path

import pytest
import yaml
from lab_cluster import current

SAVES = ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save")


@pytest.fixture(scope="module")
def cluster():
    return current()


def test_every_node_is_ready(cluster):
    ready = {node["metadata"]["name"]: condition["status"] for node in cluster.get("nodes")
             for condition in node["status"]["conditions"] if condition["type"] == "Ready"}
    assert ready == {host["kpr_node_name"]: "True" for host in cluster.hosts.values()}


def test_kube_proxy_was_never_there(cluster, host):
    assert cluster.get("-n", "kube-system", "daemonset", "kube-proxy") == []
    assert cluster.get("-n", "kube-system", "configmap", "kube-proxy") == []
    assert host.run("pgrep -x kube-proxy").rc == 1
    for save in SAVES:
        assert not re.search("^:KUBE-(SERVICES|SVC-|SEP-)", host.check_output(save), re.M), save


def test_upgrades_will_not_bring_it(cluster):
    configuration = yaml.safe_load(cluster.get("-n", "kube-system", "configmap", "kubeadm-config")[0]["data"]["ClusterConfiguration"])
    assert configuration["proxy"]["disabled"] is True


def test_every_agent_replaces_it(cluster):
    agents = cluster.agents()
    assert len(agents) == len(cluster.hosts)
    for node, pod in agents.items():
        assert cluster.agent_status(pod)["kube-proxy-replacement"]["mode"] == "True", node


def test_services_are_served_on_every_node(host, cluster):
    answer = host.run(f"curl -sSk --max-time 5 https://{cluster.service_ip('default', 'kubernetes')}/version")
    assert answer.rc == 0 and "gitVersion" in answer.stdout, answer.stderr


def test_no_secret_is_left_open(host, cluster):
    assert stat.S_IMODE(Path(cluster.variables["kpr_kubeconfig"]).stat().st_mode) == 0o600
    assert not host.file("/var/lib/kubeproxy-free/kubeadm-join.yaml").exists


def test_what_only_proved_is_gone(cluster):
    assert cluster.get("namespace", "kubeproxy-free-verify") == []

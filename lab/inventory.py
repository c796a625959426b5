"""Writes inventories/lab for the nodes that were made."""

import json

from lab import cilium
from lab.images import reference
from lab.nodes import api_name
from lab.settings import ROOT


def write(settings, nodes, parts):
    """JSON is YAML: the files need no library to be written."""
    folder = ROOT / "inventories" / ("lab" if settings.name == "kpr" else f"lab-{settings.name}")
    known_hosts = settings.state_dir / "known_hosts"
    known_hosts.write_text("".join(
        f"{node.address} {node.sh('cat /etc/ssh/ssh_host_ed25519_key.pub').stdout}" for node in nodes.list()), encoding="utf-8")
    hosts = {node.container: {"ansible_host": node.address, "kpr_node_name": node.name, "kpr_control_plane": node.control_plane,
                              "kpr_node_addresses": list(node.addresses)}
             for node in nodes.list()}
    variables = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(settings.state_dir / "ssh_key"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts} -o StrictHostKeyChecking=yes",
        "kpr_cluster": settings.name,
        "kpr_kubeconfig": str(settings.kubeconfig),
        "kpr_helm_binary": str(parts["tools"] / "bin" / "helm"),
        "kpr_cilium_chart_ref": str(cilium.chart(parts)),
        "kpr_cilium_version": settings.cilium,
        "kpr_api_server_host": nodes.list()[0].address,
        "kpr_api_server_port": 6443,
        "kpr_test_image": reference("agnhost", "2.53"),
        "kpr_test_image_pull_policy": "Never",
        "kpr_lab": {"workload": settings.start == "kube-proxy", "external_ip": settings.external_ip},
    }
    if settings.start == "kube-proxy":
        variables["kpr_traffic_namespaces"] = ["demo"]
        variables["kpr_traffic_probes"] = {
            "demo/web:http": {"kind": "http", "request": "/hostname", "expect": {"answer": "web-"}},
            "demo/hostport:8080": {"kind": "http", "request": "/hostname", "expect": {"answer": "hostport"}},
            "demo/echo:udp": {"kind": "udp", "request": "hostname", "expect": {"answer": "web-"}},
        }
    else:
        variables["kpr_cilium_values"] = cilium.values(settings)
    if settings.start == "bare":
        variables.update(bootstrap(settings, nodes))
    inventory = {settings.name: {"hosts": hosts, "vars": variables}}
    (folder).mkdir(parents=True, exist_ok=True)
    (folder / "hosts.yml").write_text("# written by the lab; do not edit\n" + json.dumps(inventory, indent=2) + "\n", encoding="utf-8")
    return folder


def bootstrap(settings, nodes):
    """What kubeadm needs to know on nodes that are containers; see Cluster for the same settings used directly."""
    from lab.cluster import Cluster
    documents = {document["kind"]: document for document in Cluster(settings, nodes).init_documents()}
    return {
        "kpr_kubernetes_version": settings.kubernetes,
        "kpr_control_plane_endpoint": f"{api_name(settings)}:6443",
        "kpr_pod_cidrs": settings.pod_cidrs,
        "kpr_service_cidrs": settings.service_cidrs,
        "kpr_kubeadm_cluster_configuration": documents["ClusterConfiguration"],
        "kpr_kubelet_configuration": documents["KubeletConfiguration"],
        "kpr_kubeadm_ignore_preflight_errors": ["all"],
    }


def remove(settings):
    folder = ROOT / "inventories" / ("lab" if settings.name == "kpr" else f"lab-{settings.name}")
    (folder / "hosts.yml").unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

"""kubeadm on the lab's nodes: configuration for each version, init, joins."""

import json
import os
import re

from lab.images import REPOSITORY
from lab.nodes import api_name
from lab.progress import step
from lab.shell import output, run

CRI_SOCKET = "unix:///run/containerd/containerd.sock"


class Cluster:
    def __init__(self, settings, nodes):
        self.settings = settings
        self.nodes = nodes.list()
        self.first = self.nodes[0]
        self.api_version = "kubeadm.k8s.io/" + ("v1beta4" if settings.kubernetes_minor >= (1, 31) else "v1beta3")

    def up(self):
        with step(f"kubeadm init on {self.first.name}"):
            self._kubeadm(self.first, "init", self.init_documents(), "--upload-certs")
        self._fetch_kubeconfig()
        certificate_key, join = self._join_command()
        for node in self.nodes[1:]:
            with step(f"kubeadm join {node.name}"):
                self._kubeadm(node, "join", [self._join_document(node, join, certificate_key)])

    def kubectl(self, *words, **options):
        program = next((self.settings.cache_dir / "parts").glob(f"tools-{self.settings.helm_wheel}-*/bin/kubectl"))
        return output(program, "--kubeconfig", self.settings.kubeconfig, *words, **options)

    @staticmethod
    def _kubeadm(node, command, documents, *flags):
        text = "\n---\n".join(json.dumps(document) for document in documents)
        node.sh("umask 077; cat >/etc/kubernetes-lab.yaml <<'EOF'\n" + text + "\nEOF\n"
                f"kubeadm {command} --config /etc/kubernetes-lab.yaml --ignore-preflight-errors=all {' '.join(flags)} "
                f">/var/log/kubeadm.log 2>&1 || {{ tail -n 40 /var/log/kubeadm.log >&2; exit 1; }}\n")

    def _fetch_kubeconfig(self):
        text = self.first.sh("cat /etc/kubernetes/admin.conf").stdout
        text = re.sub(r"server: https://[^:/]+:", f"server: https://{self.first.address}:", text)
        handle = os.open(self.settings.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)

    def _join_command(self):
        """(certificate key, {token, hash}) for joins that follow at once."""
        command = self.first.sh("kubeadm token create --ttl 30m --print-join-command 2>/dev/null").stdout.split()
        token = {"token": command[command.index("--token") + 1],
                 "hash": command[command.index("--discovery-token-ca-cert-hash") + 1]}
        certificate_key = None
        if self.settings.control_planes > 1:
            certificate_key = self.first.sh("kubeadm init phase upload-certs --upload-certs 2>/dev/null").stdout.split()[-1]
        return certificate_key, token

    def _registration(self, node):
        extra = {"node-ip": ",".join(node.addresses)}
        return {"name": node.name, "criSocket": CRI_SOCKET, "kubeletExtraArgs": self._arguments(extra)}

    def _arguments(self, values):
        """Extra arguments are a mapping up to v1beta3 and a list from v1beta4 on."""
        if self.api_version.endswith("v1beta3"):
            return values
        return [{"name": name, "value": value} for name, value in values.items()]

    def init_documents(self):
        s = self.settings
        return [
            {"apiVersion": self.api_version, "kind": "InitConfiguration",
             "localAPIEndpoint": {"advertiseAddress": self.first.address}, "nodeRegistration": self._registration(self.first),
             "skipPhases": []},
            {"apiVersion": self.api_version, "kind": "ClusterConfiguration", "clusterName": s.name,
             "kubernetesVersion": f"v{s.kubernetes}", "imageRepository": REPOSITORY,
             "controlPlaneEndpoint": f"{api_name(s)}:6443",
             "apiServer": {"certSANs": [*self.first.addresses, api_name(s), "127.0.0.1"]},
             # as many Services as a benchmark wants get their EndpointSlices in a minute, not in ten
             "controllerManager": {"extraArgs": self._arguments({"kube-api-qps": "200", "kube-api-burst": "400"})},
             "dns": {"imageRepository": REPOSITORY, "imageTag": f"v{s.coredns}"},
             "etcd": {"local": {"imageRepository": REPOSITORY, "imageTag": s.etcd,
                                "extraArgs": self._arguments({"unsafe-no-fsync": "true"})}},
             "networking": {"podSubnet": ",".join(s.pod_cidrs), "serviceSubnet": ",".join(s.service_cidrs)}},
            {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": s.proxy_mode,
             "clusterCIDR": ",".join(s.pod_cidrs), "conntrack": {"maxPerCore": 0, "min": 0}},
            {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "cgroupfs",
             "failSwapOn": False, "localStorageCapacityIsolation": False, "imageGCHighThresholdPercent": 100,
             "imageGCLowThresholdPercent": 99,
             "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%", "nodefs.inodesFree": "0%"}},
        ]

    def _join_document(self, node, join, certificate_key):
        document = {
            "apiVersion": self.api_version, "kind": "JoinConfiguration", "nodeRegistration": self._registration(node),
            "discovery": {"bootstrapToken": {"token": join["token"], "apiServerEndpoint": f"{api_name(self.settings)}:6443",
                                             "caCertHashes": [join["hash"]]}},
        }
        if node.control_plane:
            document["controlPlane"] = {"localAPIEndpoint": {"advertiseAddress": node.address}, "certificateKey": certificate_key}
        return document


def wait_ready(cluster, seconds):
    """Wait until every node is Ready."""
    with step("wait until every node is Ready"):
        cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", f"--timeout={seconds}s")


def helm(settings, *words, **options):
    program = next((settings.cache_dir / "parts").glob(f"tools-{settings.helm_wheel}-*/bin/helm"))
    return run(program, "--kubeconfig", settings.kubeconfig, *words, **options)

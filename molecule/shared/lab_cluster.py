"""What the scenarios' tests ask of a lab cluster, with kubectl and the nodes' own tools: nothing of the collection's code."""

import json
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class LabCluster:
    def __init__(self, name):
        inventory = yaml.safe_load((ROOT / "inventories" / f"lab-{name}" / "hosts.yml").read_text(encoding="utf-8"))[name]
        self.variables = inventory["vars"]
        self.hosts = inventory["hosts"]
        self.kubectl_program = pathlib.Path(self.variables["kpr_helm_binary"]).with_name("kubectl")

    def kubectl(self, *words):
        return subprocess.run([self.kubectl_program, "--kubeconfig", self.variables["kpr_kubeconfig"], *words],
                              check=True, text=True, capture_output=True).stdout

    def get(self, *words):
        """Objects as kubectl returns them; an empty list where there are none of that name."""
        text = self.kubectl("get", "--ignore-not-found", "-o", "json", *words)
        found = json.loads(text) if text.strip() else {"items": []}
        return found["items"] if "items" in found else [found]

    def agents(self):
        """{node: its agent's pod}."""
        return {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in self.get("-n", "kube-system", "pods", "-l", "k8s-app=cilium")}

    def agent_status(self, pod):
        return json.loads(self.kubectl("-n", "kube-system", "exec", pod, "-c", "cilium-agent", "--", "cilium-dbg", "status", "-o", "json"))

    def service_ip(self, namespace, name):
        return self.get("-n", namespace, "service", name)[0]["spec"]["clusterIP"]


def current():
    return LabCluster(os.environ["KPR_LAB_NAME"])

"""The Services that the lab's traffic goes to."""

from lab.images import reference
from lab.nodes import FILES
from lab.progress import step


def apply(settings, cluster):
    text = (FILES / "workload.yaml").read_text(encoding="utf-8")
    text = text.replace("IMAGE", reference("agnhost", "2.53")).replace("EXTERNAL_IP", settings.external_ip)
    with step("start the workload"):
        cluster.kubectl("apply", "-f", "-", text_input=text)
        cluster.kubectl("--namespace", "demo", "rollout", "status", "deployment/web", "--timeout=180s")
        cluster.kubectl("--namespace", "demo", "wait", "--for=condition=Ready", "pod/hostport", "--timeout=120s")
        cluster.kubectl("--namespace", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=180s")

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are reached through a pod: the Jobs that make the pods, what became of them, and how a command gets into the host. Pure."""

from __future__ import annotations

import hashlib
import re

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import LABEL

ACCESS = f"{LABEL}/node-access"

#: The host's namespaces instead of the pod's. Then the host's cgroup too: what a module starts and leaves behind shall not end with the pod, as it would not
#: end with an SSH session, nor hold up the pod's end. /proc/1/cgroup has a line for each controller of version 1 and one, number 0, for version 2, which is
#: mounted apart where both are there; those that are not mounted are left out. At last the environment of a login instead of the pod's.
ENTER = (
    "nsenter", "--target", "1", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--", "/bin/sh", "-c",
    'while IFS=: read -r id names path; do if [ "$id" = 0 ] && [ -d /sys/fs/cgroup/unified ]; then names=unified; fi; '
    'echo $$ >"/sys/fs/cgroup/${names#name=}$path/cgroup.procs"; done 2>/dev/null </proc/1/cgroup; '
    'exec env -i HOME=/root USER=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"',
    "sh",
)  # fmt: skip

#: What kubectl says when the command itself ended with an error; any other failure is kubectl's own, so the command's fate is unknown.
ENDED = re.compile(rb"command terminated with (non-zero )?exit code")

#: What it says, or the API server through it, when the command cannot have begun.
NOT_BEGUN = re.compile(
    rb"Unable to connect to the server|The connection to the server .* was refused|unable to upgrade connection|error dialing backend|TLS handshake timeout"
)

#: (in the problem, what to do next). The first that fits.
REMEDIES = (
    (r"ErrImage|ImagePull|InvalidImageName|StartError|CreateContainerError|RunContainerError|failed to pull",
     "Name an image that the nodes have or can pull and that has nsenter: kpr_node_pod_image"),
    (r"PodSecurity|admission webhook|denied the request|violates",
     "Namespace {namespace} has to admit privileged pods (label pod-security.kubernetes.io/enforce: privileged, and exceptions in other admission policies). "
     "Another one: kpr_node_pod_namespace"),
    (r"OutOf|enough resource",  # reason and message of a kubelet that is full
     "No other pod has to go for it, so make room there: see kubectl describe node {node}; delete a pod that can go, or raise maxPods of its kubelet"),
    (r"orbidden|Unauthorized", "The rights that this takes: rbac/kubeproxy-free-node-pods.yml"),
    (r"", "See kubectl describe node {node}, and kubectl -n {namespace} get events"),
)  # fmt: skip


def run_label(run):
    """A label's value for the name of a run."""
    return hashlib.sha256(run.encode()).hexdigest()[:10]


def job_name(node, run):
    """Names of nodes may be longer than a Job's, whose pods' names carry five letters more; the hash keeps those apart that are cut off alike."""
    short = re.sub(r"[^a-z0-9-]", "-", node)[:25].strip("-")
    return f"kubeproxy-free-{short}-{hashlib.sha256(f'{node} {run}'.encode()).hexdigest()[:10]}"


def jobs(nodes, run, namespace, image, image_pull_policy="IfNotPresent", image_pull_secrets=(), deadline=14400):
    """Return a Job for each node. It is a Job because Kubernetes itself removes it, with its pod, should nobody be left to do so."""
    labels = {ACCESS: run_label(run)}
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": job_name(node, run), "namespace": namespace, "labels": labels, "annotations": {f"{LABEL}/run": run}},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": deadline,
                "ttlSecondsAfterFinished": 0,
                "template": {"metadata": {"labels": labels}, "spec": _pod(node, image, image_pull_policy, image_pull_secrets, deadline)},
            },
        }
        for node in nodes
    ]


def _pod(node, image, image_pull_policy, image_pull_secrets, deadline):
    return {
        "nodeName": node,
        "tolerations": [{"operator": "Exists"}],
        "hostPID": True,  # the way to the host's first process, and into all of its namespaces
        "hostNetwork": True,  # it starts and stays where the CNI does not work, and is no endpoint of Cilium's
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "imagePullSecrets": list(image_pull_secrets),
        "containers": [
            {
                "name": "node",
                "image": image,
                "imagePullPolicy": image_pull_policy,
                # the host's sleep: the image needs nothing but nsenter, and a pod that runs has proven that it gets in
                "command": ["nsenter", "--target", "1", "--mount", "--", "sleep", str(deadline)],
                "securityContext": {"privileged": True},
            }
        ],
    }


def settled(found, nodes):
    """Whether nothing more is to be waited for: every node's pod runs, or has ended."""
    phases = {pod["spec"].get("nodeName"): pod for pod in found if _runs(pod) or pod.get("status", {}).get("phase") in ("Failed", "Succeeded")}
    return all(node in phases for node in nodes)


def reached(nodes, run, namespace, found, events=(), error=""):
    """Return {node: {pod, problem}}: the pod that runs there, or why there is none and what to do next."""
    pods = {pod["spec"].get("nodeName"): pod for pod in found}
    result = {}
    for node in nodes:
        if node in pods and _runs(pods[node]):
            result[node] = {"pod": pods[node]["metadata"]["name"], "problem": ""}
            continue
        why = _why(pods.get(node), [event for event in events if _is_of(event, job_name(node, run))], error)
        remedy = next(text for pattern, text in REMEDIES if re.search(pattern, why)).format(node=node, namespace=namespace)
        result[node] = {"pod": "", "problem": f"Node {node}: found no way in through a pod in namespace {namespace}: {why}; expected one that runs. {remedy}"}
    return result


def _is_of(event, job):
    """Whether it tells of a Job or of its pod, which goes at once where it fails."""
    name = event["involvedObject"].get("name", "")
    return name == job or name.startswith(f"{job}-")


def _runs(pod):
    return not pod["metadata"].get("deletionTimestamp") and any(one.get("ready") for one in pod.get("status", {}).get("containerStatuses") or [])


def _why(pod, events, error):
    if pod is None:
        return error or "; ".join(dict.fromkeys(event.get("message", "") for event in events if event.get("type") == "Warning")) or "none was created"
    status = pod.get("status", {})
    state = {}
    for container in status.get("containerStatuses") or []:
        state = container.get("state", {}).get("waiting") or container.get("state", {}).get("terminated") or {}
    said = [state.get("reason") or status.get("reason"), state.get("message") or status.get("message")]
    if state.get("exitCode") is not None:
        said.append(f"exit code {state['exitCode']}")
    return f"pod {pod['metadata']['name']} is {status.get('phase', 'Pending')}: {', '.join(one for one in said if one) or 'its container has not started'}"

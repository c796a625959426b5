# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network policies select a Service's pods for what comes in. Pure.

Nobody here judges whom they let in: that takes identities, which agents know. A policy without any rule lets nobody in.
"""

from __future__ import annotations

from typing import Any, Iterable, Optional

Labels = dict[str, str]
#: Labels that Cilium gives each pod besides its own.
NAMESPACE, ACCOUNT, OF_NAMESPACE = "io.kubernetes.pod.namespace", "io.cilium.k8s.policy.serviceaccount", "io.cilium.k8s.namespace.labels."


def selecting(found: Iterable[dict[str, Any]], pods: list[dict[str, Any]], namespace_labels: Labels) -> list[dict[str, Any]]:
    """Each policy that selects one of the pods: its name, the addresses of those pods, and whether it has a rule that lets somebody in."""
    selected = []
    pods = [pod for pod in pods if not (pod.get("spec") or {}).get("hostNetwork")]  # those of the host's network are out of their reach
    for policy in found:
        name = f"{policy['kind']} {'/'.join(filter(None, (policy['metadata'].get('namespace'), policy['metadata']['name'])))}"
        for selector, opens in _parts(policy):
            mine = [pod for pod in pods if matches(selector, _labels(pod, namespace_labels))]
            if mine:
                addresses = sorted({one["ip"] for pod in mine for one in (pod.get("status") or {}).get("podIPs") or []})
                selected.append({"name": name, "addresses": addresses, "opens": opens})
    return selected


def _parts(policy: dict[str, Any]) -> Iterable[tuple[dict[str, Any], bool]]:
    """(selector, whether anybody is let in) of each part that has to do with what comes in."""
    spec = policy.get("spec") or {}
    if policy["kind"] == "NetworkPolicy":
        if "Ingress" in (spec.get("policyTypes") or ["Ingress"]):
            yield spec.get("podSelector") or {}, bool(spec.get("ingress"))
        return
    for part in [spec, *(policy.get("specs") or [])]:
        rules = part.get("ingress") or []
        closes = rules and (part.get("enableDefaultDeny") or {}).get("ingress") is not False
        if part.get("endpointSelector") is not None and (closes or part.get("ingressDeny")):
            yield part["endpointSelector"], any(rules) or not closes


def _labels(pod: dict[str, Any], namespace_labels: Labels) -> Labels:
    given = {NAMESPACE: pod["metadata"].get("namespace", ""), ACCOUNT: (pod.get("spec") or {}).get("serviceAccountName", "")}
    return {**(pod["metadata"].get("labels") or {}), **given, **{OF_NAMESPACE + key: value for key, value in namespace_labels.items()}}


def matches(selector: dict[str, Any], labels: Labels) -> bool:
    """Whether a label selector selects these labels; Cilium's may begin a key with its source."""
    exact = all(labels.get(_key(key)) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(_holds(one, labels.get(_key(one["key"]))) for one in selector.get("matchExpressions") or [])


def _holds(expression: dict[str, Any], value: Optional[str]) -> bool:
    among = value in (expression.get("values") or [])
    return {"In": among, "NotIn": not among, "Exists": value is not None, "DoesNotExist": value is None}[expression["operator"]]


def _key(key: str) -> str:
    return key.partition(":")[2] if key.startswith(("k8s:", "any:")) else key

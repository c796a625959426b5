# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's configuration without kube-proxy, for each version of it. Pure.

`skipPhases` keeps kube-proxy out now, `proxy.disabled`, where the format has it, from later upgrades. A join has no phase that installs kube-proxy, and
refuses to skip one that it does not know.
"""

from __future__ import annotations

import copy
from typing import Any, Iterable, Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import versions

# kubeadm makes a token in any case. Nobody uses this one: joins get another.
TOKEN_LIFE = "1m"
Object = dict[str, Any]


class ConfigError(ValueError):
    """Something that cannot be configured so."""


def format_for(version: str) -> versions.Format:
    """The format of a new cluster's configuration."""
    found = versions.number(version)
    if not found:
        raise ConfigError(f"Kubernetes version {version!r}: expected one such as 1.34.4")
    written = versions.written_by(found)
    if not written or not written.skip_phases:
        least = next(one.first for one in versions.FORMATS if one.skip_phases)
        raise ConfigError(f"Kubernetes version {version}: kubeadm reads this configuration from {versions.dotted(least)} on; expected a later version")
    return written


def init(
    version: str,
    node: Object,
    endpoint: str,
    pod_cidrs: Iterable[str],
    service_cidrs: Iterable[str],
    cluster: Optional[Object] = None,
    kubelet: Optional[Object] = None,
) -> list[Object]:
    """The documents for `kubeadm init`. node: name, addresses, cri_socket; cluster and kubelet: the user's own settings, which win."""
    written = format_for(version)
    configuration: Object = {
        "apiVersion": written.api_version,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": f"v{str(version).lstrip('v')}",
        "controlPlaneEndpoint": endpoint,
        "networking": {"podSubnet": ",".join(pod_cidrs), "serviceSubnet": ",".join(service_cidrs)},
    }
    if written.proxy:
        configuration["proxy"] = {"disabled": True}
    documents = [
        {"apiVersion": written.api_version, "kind": "InitConfiguration", "bootstrapTokens": [{"ttl": TOKEN_LIFE}],
         "nodeRegistration": _registration(written, node), "skipPhases": [versions.PHASE], **_advertised(node)},
        merged(configuration, cluster or {}),
    ]
    if kubelet:
        documents.append(merged({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}, kubelet))
    return documents


def join(version: str, node: Object, endpoint: str, token: str, ca_hash: str, certificate_key: str = "") -> list[Object]:
    """The document for `kubeadm join`; with a certificate key the node becomes a control plane."""
    written = format_for(version)
    document: Object = {
        "apiVersion": written.api_version,
        "kind": "JoinConfiguration",
        "nodeRegistration": _registration(written, node),
        "discovery": {"bootstrapToken": {"token": token, "apiServerEndpoint": endpoint, "caCertHashes": [ca_hash]}},
    }
    if certificate_key:
        document["controlPlane"] = {"certificateKey": certificate_key, **_advertised(node)}
    return [document]


def merged(base: Object, extra: Object) -> Object:
    """extra laid over base; dictionaries are merged, everything else is replaced."""
    result = copy.deepcopy(base)
    for key, value in extra.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else copy.deepcopy(value)
    return result


def _registration(written: versions.Format, node: Object) -> Object:
    result: Object = {"name": node["name"], "criSocket": node["cri_socket"]}
    if node.get("addresses"):
        result["kubeletExtraArgs"] = _arguments(written, {"node-ip": ",".join(node["addresses"])})
    return result


def _arguments(written: versions.Format, values: dict[str, str]) -> Any:
    return [{"name": name, "value": value} for name, value in values.items()] if written.listed_arguments else values


def _advertised(node: Object) -> Object:
    return {"localAPIEndpoint": {"advertiseAddress": node["addresses"][0]}} if node.get("addresses") else {}

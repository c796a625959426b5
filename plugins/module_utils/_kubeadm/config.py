# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's configuration without kube-proxy, for each version of it. Pure.

v1beta3 is written up to 1.30, v1beta4 from 1.31 on, where it is the default. `skipPhases` is in both; `proxy.disabled`, which later upgrades
look at, only in v1beta4. A join has no phase that installs kube-proxy, and refuses to skip one that it does not know.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Iterable, Optional

GROUP = "kubeadm.k8s.io"
PHASE = "addon/kube-proxy"
# kubeadm makes a token in any case. Nobody uses this one: joins get another.
TOKEN_LIFE = "1m"
Object = dict[str, Any]


class ConfigError(ValueError):
    """Something that cannot be configured so."""


def number(version: str) -> Optional[tuple[int, int]]:
    """(1, 34) of 1.34.4; None of other text."""
    found = re.match(r"v?(\d+)\.(\d+)(\.|$)", str(version))
    return (int(found[1]), int(found[2])) if found else None


def api_version(version: str) -> str:
    found = number(version)
    if not found:
        raise ConfigError(f"Kubernetes version {version!r}: expected one such as 1.34.4")
    if found < (1, 22):
        raise ConfigError(f"Kubernetes version {version}: kubeadm reads this configuration from 1.22 on; expected a later version")
    return f"{GROUP}/v1beta4" if found >= (1, 31) else f"{GROUP}/v1beta3"


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
    api = api_version(version)
    configuration: Object = {
        "apiVersion": api,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": f"v{str(version).lstrip('v')}",
        "controlPlaneEndpoint": endpoint,
        "networking": {"podSubnet": ",".join(pod_cidrs), "serviceSubnet": ",".join(service_cidrs)},
    }
    if api.endswith("v1beta4"):
        configuration["proxy"] = {"disabled": True}
    documents = [
        {"apiVersion": api, "kind": "InitConfiguration", "bootstrapTokens": [{"ttl": TOKEN_LIFE}], "nodeRegistration": _registration(api, node),
         "skipPhases": [PHASE], **_advertised(node)},
        merged(configuration, cluster or {}),
    ]
    if kubelet:
        documents.append(merged({"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}, kubelet))
    return documents


def join(version: str, node: Object, endpoint: str, token: str, ca_hash: str, certificate_key: str = "") -> list[Object]:
    """The document for `kubeadm join`; with a certificate key the node becomes a control plane."""
    api = api_version(version)
    document: Object = {
        "apiVersion": api,
        "kind": "JoinConfiguration",
        "nodeRegistration": _registration(api, node),
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


def _registration(api: str, node: Object) -> Object:
    result: Object = {"name": node["name"], "criSocket": node["cri_socket"]}
    if node.get("addresses"):
        result["kubeletExtraArgs"] = _arguments(api, {"node-ip": ",".join(node["addresses"])})
    return result


def _arguments(api: str, values: dict[str, str]) -> Any:
    """Extra arguments are a mapping up to v1beta3 and a list from v1beta4 on."""
    return values if api.endswith("v1beta3") else [{"name": name, "value": value} for name, value in values.items()]


def _advertised(node: Object) -> Object:
    return {"localAPIEndpoint": {"advertiseAddress": node["addresses"][0]}} if node.get("addresses") else {}

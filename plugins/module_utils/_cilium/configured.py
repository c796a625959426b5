# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent will be told at its next start, from the objects in the cluster. Pure.

It repeats the merge of pkg/option/resolver/resolver.go: sources in order, the later one wins; keys that may not be overridden
only count in the first source; of several CiliumNodeConfigs that match a node the one with the last name wins.
"""

from __future__ import annotations

import dataclasses

CONFIG_MAP, NODE_CONFIG, NODE = "config-map", "cilium-node-config", "node"
NODE_PREFIX = "config.cilium.io/"


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where an agent's configuration comes from: (kind, namespace, name) in order, and which keys later ones may set."""

    ordered: tuple
    allowed: frozenset = frozenset()
    denied: frozenset = frozenset()

    def may_override(self, key):
        """True if a source after the first one may set the key."""
        return key in self.allowed if self.allowed else key not in self.denied


def sources(pod):
    """The sources that the pod's own specification names."""
    namespace = pod["metadata"]["namespace"]
    spec = pod["spec"]
    for container in spec.get("initContainers") or []:
        words = [*(container.get("command") or []), *(container.get("args") or [])]
        if "build-config" in words:
            given = _flag(words, "source") or [f"{CONFIG_MAP}:cilium-config", f"{NODE_CONFIG}:{namespace}"]
            return Sources(tuple(_source(word, namespace, spec.get("nodeName")) for word in given),
                           frozenset(_flag(words, "allow-config-keys")), frozenset(_flag(words, "deny-config-keys")))
    # Without that init container (up to 1.12, or one ConfigMap as the only source) the ConfigMap is mounted as it is.
    mounted = [volume["configMap"]["name"] for volume in spec.get("volumes") or []
               if volume.get("name") == "cilium-config-path" and volume.get("configMap")]
    return Sources(tuple((CONFIG_MAP, namespace, name) for name in mounted))


def _flag(words, name):
    found = []
    for word, following in zip(words, [*words[1:], ""]):
        if word == f"--{name}":
            found += following.split(",")
        elif word.startswith(f"--{name}="):
            found += word.partition("=")[2].split(",")
    return [value for value in found if value]


def _source(word, namespace, node):
    kind, rest = [*word.split(":", 1), ""][:2]
    default = {CONFIG_MAP: (namespace, "cilium-config"), NODE_CONFIG: (namespace, ""), NODE: ("", node)}.get(kind, ("", ""))
    first, slash, second = rest.partition("/")
    if slash:
        return kind, first, second
    if not rest:
        return (kind, *default)
    return (kind, rest, "") if kind == NODE_CONFIG else (kind, default[0], rest)


def resolve(wanted, config_maps, node_configs, node):
    """The merged configuration: key -> {value, source}.

    config_maps maps (namespace, name) to data, node_configs maps a namespace to objects, node is the Node object.
    """
    merged = {}
    for index, (kind, namespace, name) in enumerate(wanted.ordered):
        if kind == CONFIG_MAP:
            found = {key: (value, f"ConfigMap {namespace}/{name}") for key, value in (config_maps.get((namespace, name)) or {}).items()}
        elif kind == NODE_CONFIG:
            found = _from_node_configs(node_configs.get(namespace) or [], name, node["metadata"].get("labels") or {})
        elif kind == NODE:
            found = _from_node(node)
        else:
            found = {}
        for key, (value, source) in found.items():
            if index == 0 or wanted.may_override(key):
                merged[key] = {"value": value, "source": source}
    return merged


def _from_node(node):
    metadata = node["metadata"]
    found = {}
    for kind in ("labels", "annotations"):
        for key, value in (metadata.get(kind) or {}).items():
            if key.startswith(NODE_PREFIX):
                found[key[len(NODE_PREFIX):]] = (value, f"{kind[:-1]} of node {metadata['name']}")
    return found


def _from_node_configs(objects, name, labels):
    found = {}
    for item in sorted(objects, key=lambda one: one["metadata"]["name"]):
        spec = item.get("spec") or {}
        own = item["metadata"]["name"]
        if own == name if name else selects(spec.get("nodeSelector"), labels):
            source = f"CiliumNodeConfig {item['metadata'].get('namespace', '')}/{own}"
            found.update({key: (value, source) for key, value in (spec.get("defaults") or {}).items()})
    return found


def selects(selector, labels):
    """True if a Kubernetes label selector matches; no selector at all matches nothing."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _holds(expression, labels):
    key, values = expression.get("key"), expression.get("values") or []
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(expression.get("operator"), False)

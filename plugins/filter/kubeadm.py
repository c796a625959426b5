# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter plugins of role `kubeadm_init`: thin wrappers around module_utils/_kubeadm."""

from __future__ import annotations

import json

from ansible.errors import AnsibleFilterError
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import config


def _rendered(render, node, settings):
    try:
        documents = render(node=node, **settings)
    except (config.ConfigError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"node {node.get('name')}: {error}; correct kpr_kubernetes_version, kpr_pod_cidrs and the like") from error
    return "---\n".join(json.dumps(document, indent=2) + "\n" for document in documents)


def kubeadm_init_config(node, **settings):
    return _rendered(config.init, node, settings)


def kubeadm_join_config(node, **settings):
    return _rendered(config.join, node, settings)


class FilterModule:
    def filters(self):
        return {"kubeadm_init_config": kubeadm_init_config, "kubeadm_join_config": kubeadm_join_config}

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How a module that runs on the controller reaches a cluster. Private to this collection."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig of the cluster.
      - >-
        Without it and O(kubeconfig_content) the environment variable E(K8S_AUTH_KUBECONFIG), then the first existing file of
        E(KUBECONFIG), then C(~/.kube/config), then the service account of the pod that the module runs in are taken. A file that
        is not named, beside a service account, is refused, because other modules would take the latter.
    type: path
  kubeconfig_content:
    description:
      - The kubeconfig itself, as YAML or JSON text. It is never logged.
      - Mutually exclusive with O(kubeconfig).
    type: str
  context:
    description:
      - Context of the kubeconfig. Its current context without it.
    type: str
requirements:
  - Python package C(kubernetes) >= 24.2 where the module runs (usually the controller)
"""

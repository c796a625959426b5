# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection plugin `node_pod`: kubernetes.core.kubectl, but into the host that the pod runs on. See module_utils/_fleet/node_pods.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_pod
short_description: Runs modules on a node through a privileged pod on it
version_added: 0.1.0
author: fleetops.kubeproxy_free contributors (@fleetops)
description:
  - For nodes without SSH. Commands and files go through C(kubectl exec) into a privileged pod that sees the host's processes, and from there into all
    namespaces of the host and out of the pod's cgroup. So modules find what they would find by SSH as root.
  - The role P(fleetops.kubeproxy_free.node_access#role) makes the pods, sets these variables, and takes the pods away.
  - What C(kubectl) itself cannot do makes the host unreachable. It is tried again where the command cannot have begun.
options:
  kubectl_command:
    description: Name or path of C(kubectl) on the controller.
    default: kubectl
    vars:
      - name: ansible_kubectl_command
  problem:
    description: Why there is no pod. With it nothing is tried, and the host is unreachable for this reason.
    default: ''
    vars:
      - name: ansible_node_pod_problem
  attempts:
    description: How often a command is tried that cannot have begun.
    type: int
    default: 4
    vars:
      - name: ansible_node_pod_attempts
  pipelining:
    description: Whether modules go in by standard input and not as files.
    type: boolean
    default: true
    vars:
      - name: ansible_pipelining
  kubectl_pod:
    description: Name of the pod.
    default: ''
    vars:
      - name: ansible_kubectl_pod
  kubectl_namespace:
    description: Namespace of the pod.
    default: ''
    vars:
      - name: ansible_kubectl_namespace
  kubectl_container:
    description: Name of the container, where there are several.
    default: ''
    vars:
      - name: ansible_kubectl_container
  kubectl_extra_args:
    description: Further options of C(kubectl).
    default: ''
    vars:
      - name: ansible_kubectl_extra_args
  kubectl_local_env_vars:
    description: Environment variables of C(kubectl) on the controller.
    type: dict
    default: {}
    vars:
      - name: ansible_kubectl_local_env_vars
  kubectl_kubeconfig:
    description: Path of the kubeconfig on the controller.
    default: ''
    vars:
      - name: ansible_kubectl_kubeconfig
    env:
      - name: K8S_AUTH_KUBECONFIG
  kubectl_context:
    description: Context of the kubeconfig.
    default: ''
    vars:
      - name: ansible_kubectl_context
    env:
      - name: K8S_AUTH_CONTEXT
  kubectl_host:
    description: URL of the API server.
    default: ''
    vars:
      - name: ansible_kubectl_host
    env:
      - name: K8S_AUTH_HOST
  kubectl_token:
    description: Bearer token.
    vars:
      - name: ansible_kubectl_token
    env:
      - name: K8S_AUTH_API_KEY
  ca_cert:
    description: Certificate of the API server's authority.
    default: ''
    vars:
      - name: ansible_kubectl_ca_cert
    env:
      - name: K8S_AUTH_SSL_CA_CERT
  validate_certs:
    description: Whether the API server's certificate is checked.
    default: ''
    vars:
      - name: ansible_kubectl_validate_certs
    env:
      - name: K8S_AUTH_VERIFY_SSL
requirements:
  - C(kubectl) on the controller
  - C(nsenter) in the pod's image
"""

EXAMPLES = r"""
- name: Look at a node through a pod that is there already
  hosts: worker1
  gather_facts: false
  vars:
    ansible_connection: fleetops.kubeproxy_free.node_pod
    ansible_kubectl_namespace: kube-system
    ansible_kubectl_pod: my-privileged-pod
  tasks:
    - name: Show the kernel's version
      ansible.builtin.command: uname -r
      changed_when: false
"""

import shutil
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.kubernetes.core.plugins.connection import kubectl

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import node_pods


class Connection(kubectl.Connection):
    documentation = DOCUMENTATION  # the parent makes kubectl's options out of it

    def __init__(self, play_context, *args, **kwargs):
        # The parent looks for kubectl in PATH before options are known; _build_exec_cmd below looks where the option says.
        super().__init__(play_context, kwargs.pop("new_stdin", None), *args, kubectl_command="kubectl", **kwargs)

    def _build_exec_cmd(self, cmd):
        named = self.get_option("kubectl_command")
        self.transport_cmd = shutil.which(named)
        if not self.transport_cmd:
            raise AnsibleError(f"found no program {named} on the controller, expected kubectl, through which nodes are reached. Install it or name it: "
                               "kpr_kubectl_binary")  # fmt: skip
        return super()._build_exec_cmd([*node_pods.ENTER, *cmd])

    def exec_command(self, cmd, in_data=None, sudoable=False):
        problem = self.get_option("problem")
        if problem:
            raise AnsibleConnectionFailure(problem)
        for left in reversed(range(self.get_option("attempts"))):
            code, out, err = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
            if code == 0 or node_pods.ENDED.search(err):
                return code, out, err
            if not (left and node_pods.NOT_BEGUN.search(err)):
                break
            time.sleep(2)
        pod, namespace = self.get_option("kubectl_pod"), self.get_option("kubectl_namespace")
        raise AnsibleConnectionFailure(f"found no way through pod {namespace}/{pod} ({to_text(err).strip()}), expected kubectl exec to run a command there. "
                                       f"See: kubectl -n {namespace} get pod {pod} -o wide")  # fmt: skip

    def reset(self):
        """Nothing to forget: every command makes a connection of its own."""

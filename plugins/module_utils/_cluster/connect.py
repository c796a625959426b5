# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From module parameters to a configuration of the Kubernetes client."""

from __future__ import annotations

import os

try:
    import yaml
    from kubernetes import client, config
except ImportError as error:
    IMPORT_ERROR = error
else:
    IMPORT_ERROR = None

ARGUMENTS = {
    "kubeconfig": {"type": "path"},
    "kubeconfig_content": {"type": "str", "no_log": True},
    "context": {"type": "str"},
}
MUTUALLY_EXCLUSIVE = [("kubeconfig", "kubeconfig_content")]
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"


class ClusterError(Exception):
    """The cluster could not be asked. The message says what to do next."""


def find_kubeconfig(environ, exists):
    """The kubeconfig that the environment means, or None."""
    explicit = environ.get("K8S_AUTH_KUBECONFIG")
    if explicit:
        return os.path.expanduser(explicit)
    candidates = [path for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    for path in candidates or ["~/.kube/config"]:
        path = os.path.expanduser(path)
        if exists(path):
            return path
    return None


def in_a_pod(environ, exists):
    """Whether the Kubernetes client would take the service account of a pod that it runs in."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and exists(SERVICE_ACCOUNT)


def configure(params):
    """A client configuration from the parameters kubeconfig, kubeconfig_content and context."""
    configuration = client.Configuration()
    context = params.get("context") or None
    content = params.get("kubeconfig_content")
    named = params.get("kubeconfig") or os.environ.get("K8S_AUTH_KUBECONFIG")
    path = params.get("kubeconfig") or find_kubeconfig(os.environ, os.path.exists)
    in_pod = in_a_pod(os.environ, os.path.exists)
    if path and in_pod and not (named or content or context):
        # kubernetes.core would take the service account and Helm the file, which may be two clusters
        raise ClusterError(f"found both {path} and the service account of this pod, expected one of them, and no doubt which cluster is meant; "
                           f"name the file in kpr_kubeconfig (kubeconfig: {path}), or take it away to use the service account")
    try:
        if content:
            config.load_kube_config_from_dict(_parsed(content), context=context, client_configuration=configuration,
                                              persist_config=False)
        elif path:
            config.load_kube_config(config_file=path, context=context, client_configuration=configuration, persist_config=False)
        elif in_pod:
            config.load_incluster_config(client_configuration=configuration)
        else:
            raise ClusterError("no kubeconfig: neither the parameter kubeconfig, K8S_AUTH_KUBECONFIG, KUBECONFIG nor ~/.kube/config names a "
                               "file that exists, and this is no pod of the cluster; set kubeconfig to the path of the cluster's kubeconfig")
    except (config.ConfigException, OSError) as error:
        origin = "kubeconfig_content" if content else path or SERVICE_ACCOUNT
        raise ClusterError(f"{origin} cannot be used as kubeconfig: {error}; try it with: "
                           f"kubectl --kubeconfig {path or 'FILE'} config get-contexts") from error
    return configuration


def credentials(configuration):
    """The HTTP headers that carry the token, if there is one."""
    return {auth["key"]: auth["value"] for auth in configuration.auth_settings().values() if auth.get("in") == "header"}


def _parsed(content):
    try:
        document = yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        raise ClusterError(f"kubeconfig_content is not YAML{place}; give the text of a kubeconfig file") from None
    if not isinstance(document, dict):
        raise ClusterError("kubeconfig_content is not a kubeconfig: expected a mapping with clusters, users and contexts")
    return document

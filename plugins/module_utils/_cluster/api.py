# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading objects of a cluster as plain JSON, with one kind of error."""

from __future__ import annotations

import json

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError

try:
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError
except ImportError:  # connect.IMPORT_ERROR tells it to the user
    pass

PAGE = 500  # objects in one answer of a list; kubectl asks for as many


class NotFound(ClusterError):
    """The object, or the kind of object, does not exist."""


class Forbidden(ClusterError):
    """The credentials do not allow the request."""


class Api:
    """Reads of one cluster; every request has a time limit in seconds."""

    def __init__(self, configuration, timeout):
        self.configuration = configuration
        self._timeout = timeout
        self._client = client.ApiClient(configuration)

    def pods(self, namespace, selector):
        """The pods of a namespace that a label selector selects."""
        return self._items(client.CoreV1Api, "list_namespaced_pod", f"pods in namespace {namespace}", namespace, label_selector=selector)

    def nodes(self):
        """All nodes."""
        return self._items(client.CoreV1Api, "list_node", "nodes")

    def config_map(self, namespace, name):
        """One ConfigMap."""
        return self._read(client.CoreV1Api, "read_namespaced_config_map", f"ConfigMap {namespace}/{name}", name, namespace)

    def custom(self, group, version, namespace, plural):
        """The custom objects of one kind in a namespace."""
        return self._items(client.CustomObjectsApi, "list_namespaced_custom_object", f"{plural}.{group}/{version} in namespace {namespace}",
                           group, version, namespace, plural)

    def object(self, path):
        """One object, or what else the API server answers, by its path, such as /apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy."""
        return self._get(path, [])

    def objects(self, path):
        """All objects of a list by its path, such as /apis/apps/v1/daemonsets, fetched in pages."""
        found, query = [], [("limit", PAGE)]
        while True:
            page = self._get(path, query)
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            query = [("limit", PAGE), ("continue", following)]

    def _get(self, path, query):
        return self._answer(self._client.call_api, path, path, "GET", query_params=query, header_params={"Accept": "application/json"},
                            auth_settings=["BearerToken"], _return_http_data_only=True)

    def _items(self, api, method, what, *args, **kwargs):
        return self._read(api, method, what, *args, **kwargs).get("items") or []

    def _read(self, api, method, what, *args, **kwargs):
        return self._answer(getattr(api(self._client), method), what, *args, **kwargs)

    def _answer(self, call, what, *args, **kwargs):
        try:
            answer = call(*args, _preload_content=False, _request_timeout=self._timeout, **kwargs)
            return json.loads(answer.data)
        except ApiException as error:
            raise explained(error.status, error.reason, what, self.configuration.host) from error
        except (HTTPError, OSError, ValueError) as error:
            raise ClusterError(f"the API server {self.configuration.host} did not answer for {what}: {error}; "
                               f"try: curl -k {self.configuration.host}/readyz") from error


def explained(status, reason, what, host):
    """The exception for an HTTP status other than success."""
    if status == 404:
        return NotFound(f"the API server {host} knows no {what} (HTTP 404 {reason})")
    if status == 401:
        return Forbidden(f"the API server {host} does not accept these credentials (HTTP 401 {reason}) for {what}; renew the kubeconfig, "
                         "then try: kubectl auth whoami")
    if status == 403:
        return Forbidden(f"the API server {host} refuses to let these credentials read {what} (HTTP 403 {reason}); "
                         "see what they may do with: kubectl auth can-i --list")
    return ClusterError(f"the API server {host} answered HTTP {status} {reason} for {what}")

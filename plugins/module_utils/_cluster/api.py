# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a cluster by their paths, as plain JSON, with one kind of error.

Only the connection pool of the Kubernetes client is used: its calls by name parse every object into classes, and the signature of its
generic call is not the same in all of its versions.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError, credentials

try:
    from kubernetes.client.rest import RESTClientObject
    from urllib3.exceptions import HTTPError
except ImportError:  # connect.IMPORT_ERROR tells it to the user
    pass

PAGE = 500  # objects in one answer of a list; kubectl asks for as many
JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"


class NotFound(ClusterError):
    """The object, or the kind of object, does not exist."""


class Forbidden(ClusterError):
    """The credentials do not allow the request."""


class Api:
    """Requests to one cluster; each has a time limit in seconds."""

    def __init__(self, configuration, timeout):
        self.configuration = configuration
        self._timeout = timeout
        self._pool = RESTClientObject(configuration).pool_manager

    def object(self, path):
        """One object, or what else the API server answers, by its path, such as /apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy."""
        return self._get(path, {}, JSON)

    def objects(self, path, selector=None, accept=JSON):
        """All objects of a list by its path, such as /apis/apps/v1/daemonsets, fetched in pages; selector is a label selector."""
        found, query = [], {"limit": PAGE, **({"labelSelector": selector} if selector else {})}
        while True:
            page = self._get(path, query, accept)
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                return found
            query["continue"] = following

    def metadata(self, path):
        """Only the metadata of all objects of a list: a tenth of what a thousand Nodes weigh."""
        return self.objects(path, accept=METADATA)

    def text(self, path, query):
        """What is no object, such as a pod's log."""
        return self._read(path, query, "*/*").decode("utf-8", "replace")

    def send(self, method, path, document=None):
        """Send one request that may change something; return (status, headers, document of the answer), whatever the status is."""
        answer = self._request(method, path, JSON, None if document is None else json.dumps(document).encode())
        try:
            return answer.status, answer.headers, json.loads(answer.data or b"{}")
        except ValueError:
            return answer.status, answer.headers, {}

    def explained(self, status, document, path):
        """The exception for the status and document that send() returned."""
        return explained(status, document.get("message"), path, self.configuration.host.rstrip("/"))

    def _get(self, path, query, accept):
        try:
            return json.loads(self._read(path, query, accept))
        except ValueError as error:
            raise self._silent(path, error) from error

    def _read(self, path, query, accept):
        answer = self._request("GET", path + (f"?{urlencode(query)}" if query else ""), accept)
        if answer.status != 200:
            raise explained(answer.status, answer.reason, path, self.configuration.host.rstrip("/"))
        return answer.data

    def _request(self, method, path, accept, body=None):
        headers = {"Accept": accept, **({"Content-Type": JSON} if body else {}), **credentials(self.configuration)}
        url = self.configuration.host.rstrip("/") + path
        try:
            return self._pool.request(method, url, headers=headers, body=body, timeout=self._timeout, retries=False)
        except (HTTPError, OSError) as error:
            raise self._silent(path, error) from error

    def _silent(self, path, error):
        host = self.configuration.host.rstrip("/")
        return ClusterError(f"the API server {host} did not answer for {path}: {error}; try: curl -k {host}/readyz")


def explained(status, reason, path, host):
    """The exception for an HTTP status other than success."""
    said = f"(HTTP {status} {reason or ''})".replace(" )", ")")
    if status == 404:
        return NotFound(f"the API server {host} has no {path} {said}; try: kubectl get --raw {path}")
    if status == 401:
        return Forbidden(f"the API server {host} does not accept these credentials for {path} {said}; renew the kubeconfig, then try: kubectl auth whoami")
    if status == 403:
        return Forbidden(
            f"the API server {host} does not allow these credentials this request for {path} {said}; see what they may do with: kubectl auth can-i --list"
        )
    return ClusterError(f"the API server {host} did not answer for {path} {said}; try: kubectl get --raw {path}")

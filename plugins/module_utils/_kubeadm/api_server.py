# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to an API server, with nothing but Python's standard library."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import endpoint

TIMEOUT = 10


class ApiError(Exception):
    """It could not be asked, or said no."""


def get(server: str, path: str, authority: str, client: str) -> dict[str, Any]:
    """The object at the path; authority is the text of the cluster's certificate, client a file with a certificate and its key."""
    try:
        context = ssl.create_default_context(cadata=authority)
        # as clients written in Go are: what kubeadm makes lacks extensions that Python 3.13 insists on
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(client)
        status, document = _ask(server, path, context)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ApiError(f"{server}: {error}") from error
    if status != 200:
        raise ApiError(f"{server}: {status} {document.get('message', '')}".strip())
    return document


def answers(host: str, port: int) -> bool:
    """Whether there is an API server, of whatever cluster."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _status, document = _ask(f"https://{endpoint.join(host, port)}", "/version", context)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return "gitVersion" in document or document.get("kind") == "Status"  # the second is how one refuses


def _ask(server: str, path: str, context: ssl.SSLContext) -> tuple[int, dict[str, Any]]:
    place = endpoint.of_url(server)
    if place is None:
        raise ValueError("no such address")
    connection = http.client.HTTPSConnection(*place, timeout=TIMEOUT, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        document = json.loads(answer.read(1_000_000))
    finally:
        connection.close()
    if not isinstance(document, dict):
        raise ValueError("the answer is no object")
    return answer.status, document

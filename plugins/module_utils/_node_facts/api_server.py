# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server as the node sees it: address, TLS, and whether the cluster's CA vouches for the name an agent would use."""
from __future__ import annotations

import os
import socket
import ssl
import time

CA = "/etc/kubernetes/pki/ca.crt"  # kubeadm puts it on every node


def probe(host, port, timeout, ca_file=CA):
    """Return {host, port, addresses, reachable, trusted, error, seconds}.

    addresses: what the host resolves to here; trusted: None when there is no CA to ask.
    """
    answer = {"host": host, "port": port, "addresses": [], "reachable": False, "trusted": None, "error": None, "seconds": None}
    start = time.monotonic()
    try:
        answer["addresses"] = sorted({found[4][0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
        with socket.create_connection((host, port), timeout=timeout) as plain:
            answer["reachable"] = True
            answer.update(_handshake(plain, host, ca_file))
    except OSError as error:
        answer["error"] = str(error) or type(error).__name__
    answer["seconds"] = round(time.monotonic() - start, 3)
    return answer


def _handshake(plain, host, ca_file):
    if not os.access(ca_file, os.R_OK):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain, server_hostname=host):
            return {"trusted": None, "error": f"{ca_file} cannot be read, so the certificate was not checked"}
    context = ssl.create_default_context(cafile=ca_file)
    try:
        with context.wrap_socket(plain, server_hostname=host):
            return {"trusted": True}
    except ssl.SSLCertVerificationError as error:
        return {"trusted": False, "error": error.verify_message or str(error)}

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a command in pods: one deadline each, many at once.

The WebSocket is opened here and not by kubernetes.stream: that has no time limit for opening (a dead kubelet then holds the
caller for as long as the API server tries), and it swaps a method of a shared client, so it is not safe in threads.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import ssl
import time
from urllib.parse import quote, urlencode, urlsplit

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.connect import ClusterError, credentials

try:
    import websocket
except ImportError:  # connect.IMPORT_ERROR tells it to the user
    pass

STDOUT, STDERR, STATUS = 1, 2, 3  # channels of Kubernetes' remotecommand protocol
PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]


@dataclasses.dataclass(frozen=True)
class Target:
    """A container of a pod."""

    namespace: str
    pod: str
    container: str


@dataclasses.dataclass(frozen=True)
class Output:
    """What a command wrote, and its exit code."""

    stdout: str
    stderr: str
    code: int


def run_in_all(configuration, targets, command, timeout, parallel, digest=None):
    """Run a command in every target of a mapping; return Output or ClusterError under the same keys.

    digest(key, Output) makes at once what is to be returned in its place, so that not all of many long answers are kept.
    """

    def one(key):
        try:
            output = run(configuration, targets[key], command, timeout)
        except ClusterError as error:
            return error
        return digest(key, output) if digest else output

    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(parallel, len(targets)))) as pool:
        return dict(zip(targets, pool.map(one, targets)))


def run(configuration, target, command, timeout):
    """Run a command in one target, within so many seconds."""
    deadline = time.monotonic() + timeout
    where = f"pod {target.namespace}/{target.pod}"
    try:
        connection = websocket.create_connection(exec_url(configuration.host, target, command), timeout=timeout,
                                                 **connection_options(configuration))
    except websocket.WebSocketBadStatusException as error:
        raise ClusterError(_refusal(where, target, error)) from error
    except (websocket.WebSocketException, OSError, ssl.SSLError) as error:
        raise ClusterError(f"{where}: no connection into it within {timeout} s ({_said(error)}); {_next(target)}") from error
    try:
        return finished(receive(connection, deadline), where)
    except (websocket.WebSocketTimeoutException, OSError) as error:
        raise ClusterError(f"{where}: the command did not finish within {timeout} s; {_next(target)}") from error
    except websocket.WebSocketException as error:
        raise ClusterError(f"{where}: the connection broke ({_said(error)}); {_next(target)}") from error
    finally:
        connection.shutdown()


def receive(connection, deadline):
    """Read all frames until the other side closes; return the bytes by channel."""
    channels = {}
    while True:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            opcode, frame = connection.recv_data_frame(True)
        except websocket.WebSocketConnectionClosedException:
            return channels
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return channels
        if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY) and frame.data:
            channels.setdefault(frame.data[0], bytearray()).extend(frame.data[1:])


def finished(channels, where):
    """The Output from the bytes by channel; a command without an exit status is an error."""
    stdout, stderr = (bytes(channels.get(channel, b"")).decode("utf-8", "replace") for channel in (STDOUT, STDERR))
    try:
        status = json.loads(bytes(channels[STATUS]))
    except (KeyError, ValueError):
        raise ClusterError(f"{where}: the connection ended before the command did; stderr was: {stderr.strip() or '(empty)'}") from None
    if status.get("status") == "Success":
        return Output(stdout, stderr, 0)
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode" and str(cause.get("message")).isdigit():
            return Output(stdout, stderr, int(cause["message"]))
    raise ClusterError(f"{where}: {status.get('message') or status}")


def exec_url(host, target, command):
    """The WebSocket address of the pod's exec subresource."""
    server = urlsplit(host if "://" in host else f"https://{host}")
    query = [("container", target.container), ("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    scheme = "ws" if server.scheme == "http" else "wss"
    return f"{scheme}://{server.netloc}{server.path.rstrip('/')}/api/v1/namespaces/{quote(target.namespace)}/pods/{quote(target.pod)}/exec?{urlencode(query)}"


def connection_options(configuration):
    """Credentials, TLS and proxy of a client configuration in the words of websocket-client."""
    header = [f"{name}: {value}" for name, value in credentials(configuration).items()]
    tls = {"cert_reqs": ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE}
    if configuration.verify_ssl:
        tls["check_hostname"] = configuration.assert_hostname is not False
        if configuration.ssl_ca_cert:
            tls["ca_certs"] = configuration.ssl_ca_cert
    for ours, theirs in (("cert_file", "certfile"), ("key_file", "keyfile"), ("tls_server_name", "server_hostname")):
        if getattr(configuration, ours, None):
            tls[theirs] = getattr(configuration, ours)
    options = {"header": header, "subprotocols": PROTOCOLS, "sslopt": tls}
    if configuration.proxy:
        proxy = urlsplit(configuration.proxy)
        options.update(http_proxy_host=proxy.hostname, http_proxy_port=proxy.port, proxy_type="http")
    return options


def _refusal(where, target, error):
    body = error.resp_body or b""
    said = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        said = json.loads(said).get("message") or said
    except (ValueError, AttributeError):
        pass
    advice = f"allow the verbs create and get on pods/exec in namespace {target.namespace}" if error.status_code in (401, 403) else _next(target)
    return f"{where}: the API server refused the command with HTTP {error.status_code} ({said.strip() or _said(error)}); {advice}"


def _next(target):
    return f"look at: kubectl -n {target.namespace} describe pod {target.pod}"


def _said(error):
    return str(error) or type(error).__name__

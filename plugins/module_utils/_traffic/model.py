# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is probed (a path), what can come of it (an outcome), and how a user's words become a path."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Iterable, NamedTuple

# Every request ends in exactly one of these. "slow" is not among them: a slow answer is still an answer (ok).
OUTCOMES = ("ok", "refused", "timed_out", "reset", "other")

# kind -> what `request` means there, and what it is when not given
DEFAULT_REQUEST = {
    "http": "/",
    "stream": "/",
    "udp": "hostname",
    "dns": "kubernetes.default.svc.cluster.local",
    "tcp": "",
}
UDP_KINDS = ("udp", "dns")

# The option specification of one path, shared by the modules that take paths.
PATH_OPTIONS = dict(
    name=dict(type="str", required=True),
    kind=dict(type="str", required=True, choices=["http", "tcp", "udp", "dns", "stream"]),
    address=dict(type="str", required=True),
    port=dict(type="int", required=True),
    namespace=dict(type="raw", default="host"),
    service=dict(type="str"),
    request=dict(type="str"),
    expect=dict(
        type="dict",
        options=dict(status=dict(type="int"), answer=dict(type="str")),
    ),
)


class TrafficError(Exception):
    """A message for the user: what, where, expected, and what to do next."""


@dataclass(frozen=True)
class Path:
    """One way to one address, as one client takes it."""

    name: str
    kind: str
    address: str
    port: int
    pod_uid: str | None = None
    service: str | None = None
    request: str = ""
    status: int | None = None
    answer: str | None = None

    @property
    def protocol(self) -> str:
        return "udp" if self.kind in UDP_KINDS else "tcp"

    def describe(self) -> str:
        origin = f"pod {self.pod_uid}" if self.pod_uid else "the host's own network"
        where = endpoint(self.address, self.port)
        if where in self.name:
            return self.name
        return f"{self.name} ({self.kind} {where} from {origin})"


def endpoint(address: Any, port: int) -> str:
    """address:port, as people and URLs write it."""
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


class Attempt(NamedTuple):
    """What one request came to."""

    outcome: str
    seconds: float
    backend: str | None = None
    error: str | None = None
    # the backend netfilter translated the destination to; "" when it did not; None when nobody could say
    translated: str | None = None
    # the connection's own address and port, where it had one
    source: tuple[str, int] | None = None


def parse_path(raw: dict[str, Any]) -> Path:
    name = str(raw.get("name") or "")
    if not name:
        raise TrafficError(f"A path has no name: {raw!r}. Give each path a name of its own.")

    def wrong(what: str, expected: str) -> TrafficError:
        return TrafficError(f"Path '{name}': {what}; expected {expected}. Correct it in the list of paths.")

    kind = raw.get("kind")
    if kind not in DEFAULT_REQUEST:
        raise wrong(f"kind is {kind!r}", "one of " + ", ".join(sorted(DEFAULT_REQUEST)))
    try:
        address = str(ipaddress.ip_address(str(raw.get("address"))))
    except ValueError:
        raise wrong(f"address is {raw.get('address')!r}", "an IPv4 or IPv6 address (names are not resolved)") from None
    try:
        port = int(raw.get("port"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        port = 0
    if not 0 < port < 65536:
        raise wrong(f"port is {raw.get('port')!r}", "a number from 1 to 65535")
    expect = raw.get("expect") or {}
    answer = expect.get("answer")
    if answer is not None:
        try:
            re.compile(answer)
        except re.error as error:
            raise wrong(f"expect.answer {answer!r} is no regular expression ({error})", "one that Python's re module takes") from None
    request = raw.get("request")
    return Path(
        name=name,
        kind=kind,
        address=address,
        port=port,
        pod_uid=_pod_uid(raw.get("namespace", "host"), wrong),
        service=raw.get("service"),
        request=DEFAULT_REQUEST[kind] if request is None else str(request),
        status=expect.get("status"),
        answer=answer,
    )


def parse_paths(raw_paths: Iterable[dict[str, Any]]) -> list[Path]:
    paths = [parse_path(raw) for raw in raw_paths]
    if not paths:
        raise TrafficError("There is nothing to probe: the list of paths is empty. Give at least one path.")
    seen: set[str] = set()
    for path in paths:
        if path.name in seen:
            raise TrafficError(f"Two paths are named '{path.name}'. Give each path a name of its own.")
        seen.add(path.name)
    return paths


def _pod_uid(namespace: Any, wrong: Any) -> str | None:
    if namespace in (None, "host"):
        return None
    if isinstance(namespace, dict) and set(namespace) == {"pod_uid"} and isinstance(namespace["pod_uid"], str) and namespace["pod_uid"]:
        return namespace["pod_uid"]
    raise wrong(f"namespace is {namespace!r}", "'host' or {pod_uid: UID}")

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the owner's own checks have found, without what may be a secret in them. Pure; private to this collection."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet.nodes import with_ready_pod


def failed_checks(results, timeout):
    """One sentence for each result of a loop over checks that failed; timeout: how many seconds they had.

    The words of a command behind its first, and what an address has beside scheme, host, port and path, are often tokens: they are not repeated.
    """
    return [_sentence(result["item"], result, timeout) for result in results if result.get("failed")]


def _sentence(check, result, timeout):
    if check.get("url"):
        address, cut = _address(check["url"])
        expected = f"status {check.get('status_code') or 200} from {address}"
        see = f"{shlex.join(['curl', '-i', address])}{' (with the rest of its url in kpr_checks)' if cut else ''}"
    elif check.get("selector"):
        selector = ",".join(check["selector"])
        expected = f"all pods {selector} in {check['namespace']} ready"
        see = f"kubectl -n {check['namespace']} get pods -l {shlex.quote(selector)}"
    else:
        expected = f"its command, {check['command'][0]}, to end with 0"
        see = f"run the command that kpr_checks has for {check['name']} there"
    return f"{check['name']}: found {_found(result)}, expected {expected} within {timeout} s. See from the controller: {see}"


def _found(result):
    if result.get("resources") is not None:
        return f"{len(with_ready_pod(result['resources']))} of {len(result['resources'])} pods ready"
    if result.get("rc"):
        said = (result.get("stderr") or "").strip()
        return f"exit code {result['rc']}" + (f" ({said})" if said else "")
    return (result.get("msg") or "no answer").rstrip(".")


def _address(url):
    """The address without user, password, query and fragment, and whether anything was cut."""
    parts = urlsplit(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return shown, shown != url

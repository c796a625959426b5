# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's record of a cluster, ClusterConfiguration in ConfigMap kube-system/kubeadm-config, and whether an upgrade leaves kube-proxy out. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import versions

PLACE = "ConfigMap kube-system/kubeadm-config"
Object = dict[str, Any]


def has_field(api_version: str) -> bool:
    """Whether documents of this apiVersion are known to have `proxy`."""
    found = versions.of_document(api_version)
    return bool(found and found.proxy)


def with_proxy(document: Object, proxy: Object) -> Object:
    """The record with this `proxy`; as it is where its format has no such field."""
    if not has_field(document.get("apiVersion", "")) or (document.get("proxy") or {}) == proxy:
        return document
    return {**document, "proxy": proxy}


def outlook(document: Object, server: str, wanted: str = "") -> Object:
    """What `kubeadm upgrade` makes of a cluster without kube-proxy and without its ConfigMap: leaves_out, and `says`, a sentence.

    document: the record, {} if there is none; server: the cluster's version; wanted: the next one, with a patch or without. Empty: the next minor.
    """
    now = versions.number(server) or (0, 0)
    wanted = str(wanted).lstrip("v") or versions.dotted((now[0], now[1] + 1))
    minor, look, least = versions.number(wanted), versions.looks_at(wanted), max(now, versions.LOOKS_AT[0][0])
    if not minor or minor < least:
        return _judged(False, f"found {wanted} as the version to upgrade to, expected one from {versions.dotted(least)} on, since the cluster has {server}. "
                       "Correct kpr_upgrade_to, in YAML with quotes: 1.30 without them is 1.3.")  # fmt: skip
    if look != versions.CONFIG_MAP and not _says_disabled(document):
        found = f"no {versions.FIELD} in {PLACE} ({document.get('apiVersion', 'missing')})"
        expected = f"it, since kubeadm looks at nothing else from {versions.dotted(versions.FIELD_COUNTS_SINCE)} on"
        return _brings_back(server, wanted, found, expected, _first(document))
    fault = next((one for one in versions.FAULTS if one.first[:2] == minor), None)
    mended = f"{versions.dotted(fault.mended)} or later" if fault else ""
    if look == versions.NOTHING:
        return _brings_back(server, wanted, f"a kubeadm that ignores {versions.FIELD}", mended, f"Upgrade to {mended}")
    if fault and not versions.patch(wanted):
        return _judged(True, f"an upgrade to {wanted} leaves kube-proxy out, but for {fault}, which brings it back. Upgrade to {mended}.")
    return _judged(True, f"an upgrade to {wanted} leaves kube-proxy out.")


def _says_disabled(document: Object) -> bool:
    return has_field(document.get("apiVersion", "")) and bool((document.get("proxy") or {}).get("disabled"))


def _first(document: Object) -> str:
    """What to do so that the record can say it."""
    if not document:
        return "Bring that ConfigMap back and run this again"
    if has_field(document.get("apiVersion", "")):
        return f"Set {versions.FIELD}: true there"
    if versions.of_document(document.get("apiVersion", "")):
        return f"Upgrade to {versions.dotted(versions.FIELD_SINCE)} first and run this again"
    return f"Correct its apiVersion (known are {', '.join(one.api_version for one in versions.FORMATS)}) and run this again"


def _brings_back(server: str, wanted: str, found: str, expected: str, remedy: str) -> Object:
    version = wanted if versions.patch(wanted) else f"{wanted}.PATCH"
    return _judged(False, f"an upgrade from {server} to {wanted} would bring kube-proxy back: found {found}, expected {expected}. {remedy}, or upgrade with: "
                   f"kubeadm upgrade apply v{version} --skip-phases={versions.PHASE}, and on every other control plane: "
                   f"kubeadm upgrade node --skip-phases={versions.PHASE}")  # fmt: skip


def _judged(leaves_out: bool, says: str) -> Object:
    return {"leaves_out": leaves_out, "says": says}

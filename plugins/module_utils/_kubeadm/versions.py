# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm by version: data, and how to look it up.

Sources, in Kubernetes 1.21 to 1.37: cmd/kubeadm/app/util/config/common.go (which version writes which format), cmd/kubeadm/app/apis/kubeadm/*/types.go (what a
format has), cmd/kubeadm/app/phases/upgrade/postupgrade.go until 1.31 and cmd/kubeadm/app/cmd/phases/upgrade/addons.go from 1.32 on (what an upgrade looks at;
the ConfigMap since kubernetes/kubernetes#89593). That 1.32.0 looks at nothing is kubernetes/kubeadm#3137, mended by kubernetes/kubernetes#129429.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Optional

Minor = tuple[int, int]
Patch = tuple[int, int, int]
PHASE = "addon/kube-proxy"


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of kubeadm's configuration. first: the minor from which on kubeadm writes it; then what it has: skipPhases, `proxy`, arguments as a list."""

    name: str
    first: Minor
    skip_phases: bool
    proxy: bool
    listed_arguments: bool

    @property
    def api_version(self) -> str:
        return f"kubeadm.k8s.io/{self.name}"


@dataclasses.dataclass(frozen=True)
class Fault:
    """Patches of one minor, up to the one that is mended, whose upgrade brings kube-proxy back in any case."""

    first: Patch
    mended: Patch

    def __str__(self) -> str:
        last = (*self.mended[:2], self.mended[2] - 1)
        return dotted(self.first) + (f" to {dotted(last)}" if last > self.first else "")


FORMATS = (
    Format("v1beta2", (1, 15), skip_phases=False, proxy=False, listed_arguments=False),
    Format("v1beta3", (1, 22), skip_phases=True, proxy=False, listed_arguments=False),
    Format("v1beta4", (1, 31), skip_phases=True, proxy=True, listed_arguments=True),
)

#: From which version of kubeadm on an upgrade knows by what that a cluster has no kube-proxy.
CONFIG_MAP, FIELD, NOTHING = "the missing ConfigMap kube-proxy", "proxy.disabled", "nothing"
LOOKS_AT: tuple[tuple[Minor, str], ...] = (((1, 19), CONFIG_MAP), ((1, 32), FIELD))
FAULTS = (Fault((1, 32, 0), (1, 32, 1)),)

#: The minor from which on a record can have the field; and from which on an upgrade looks at nothing else, and `kubeadm upgrade apply` takes --skip-phases.
FIELD_SINCE = next(one.first for one in FORMATS if one.proxy)
FIELD_COUNTS_SINCE = next(since for since, what in LOOKS_AT if what == FIELD)


def number(version: str) -> Optional[Minor]:
    """(1, 34) of 1.34.4; None of other text."""
    found = re.match(r"v?(\d+)\.(\d+)(\.|$)", str(version))
    return (int(found[1]), int(found[2])) if found else None


def patch(version: str) -> Optional[Patch]:
    """(1, 34, 4) of 1.34.4; None of 1.34 and of other text."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", str(version))
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def dotted(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, parts))


def written_by(minor: Minor) -> Optional[Format]:
    """The format that kubeadm of a minor writes; None before the first that is known."""
    return next((one for one in reversed(FORMATS) if one.first <= minor), None)


def of_document(api_version: str) -> Optional[Format]:
    """The format of a document's apiVersion, with its group or without; None where it is not known."""
    return next((one for one in FORMATS if one.name == str(api_version).rpartition("/")[2]), None)


def looks_at(version: str) -> Optional[str]:
    """By what kubeadm of a version knows it; of a minor without a patch one without a fault is meant. None before the first that is known."""
    exact, minor = patch(version), number(version)
    if exact and any(one.first <= exact < one.mended for one in FAULTS):
        return NOTHING
    return next((what for since, what in reversed(LOOKS_AT) if minor and since <= minor), None)


def faults_ahead(server: str) -> list[Fault]:
    """Those that the next upgrade of a cluster of this version may meet: to a later patch, or to the next minor."""
    now = patch(server)
    return [one for one in FAULTS if now and now < one.mended and one.first[:2] <= (now[0], now[1] + 1)]

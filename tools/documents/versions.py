# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about which version, from the tables that the code reads."""

from __future__ import annotations

import inspect

from tools.documents.markdown import table
from tools.documents.sources import module


def page() -> str:
    return "\n".join([
        "# Versions\n\nWhat the collection knows of versions, from the tables that it judges by. To add a version, add a line to the table named in each part "
        "and run `make docs`.\n",
        _cilium(), _faults(), _values(), _words(), _kernel(), _releases(), _chains(), _kubeadm(),
    ])  # fmt: skip


def _source(name: str) -> str:
    """What a table's module says of its sources."""
    text = inspect.getdoc(module(name)) or ""
    start = text.find("Source")
    said = " ".join((text[start:] if start >= 0 else text).split())
    return f"Table: `plugins/module_utils/{name.replace('.', '/')}.py`. {said}\n"


def _dotted(parts: tuple) -> str:
    return ".".join(map(str, parts))


def _cilium() -> str:
    compat = module("_cilium.compat")
    rows = [(f"{_dotted(minor)}", f"{_dotted(one.kubernetes[0])} to {_dotted(one.kubernetes[1])}", f">= {_dotted(one.chart)}", _dotted(one.kernel),
             f"4.18.0-{one.el8}.el8") for minor, one in compat.MINORS.items()]  # fmt: skip
    heads = ("Cilium", "Kubernetes it is tested with", "Kubernetes its chart takes", "least kernel", "RHEL 8 and rebuilds, least build")
    return "## Cilium's minors\n\n" + _source("_cilium.compat") + "\n" + table(heads, rows)


def _faults() -> str:
    rows = [(f"{_dotted(one.first)} to before {_dotted(one.fixed)}", one.sees, one.issue) for one in module("_cilium.faults").FAULTS]
    return "## Releases of Cilium with faults\n\n" + _source("_cilium.faults") + "\n" + table(("Cilium", "what users see", "issue"), rows)


def _values() -> str:
    rules = module("_cilium.value_rules")
    rows = [(f"`{one.path}`", f"1.{one.since}", one.effect, one.use) for one in sorted(rules.DEAD, key=lambda one: (one.path, one.since))]
    keys = module("_cilium.chart_keys")
    known = f"Which keys a chart knows at all, two levels deep, from 1.{keys.FIRST} to 1.{keys.LAST}: `plugins/module_utils/_cilium/chart_keys.py`.\n"
    return "## Helm values\n\n" + _source("_cilium.value_rules") + known + "\n" + table(("key", "from Cilium", "is then", "use now"), rows)


def _words() -> str:
    rules = module("_cilium.value_rules")
    rows = [(f"1.{since} on", ", ".join(sorted(good)), ", ".join(sorted(old)) or "none") for since, good, old in sorted(rules.KPR_WORDS)]
    return "## Words of kubeProxyReplacement\n\n" + table(("Cilium", "taken", "taken, and deprecated"), rows)


def _kernel() -> str:
    rules = module("_kernel.rules")
    rows = [(one.feature, one.subject, " ".join(f"`{option}`" for option in one.options), _range(one), one.missing, one.source) for one in rules.OPTIONS]
    versions = [(feature, _dotted(least), brings, missing) for feature, steps in sorted(rules.VERSIONS.items()) for least, brings, missing in steps]
    return ("## Kernel configuration\n\n" + _source("_kernel.rules") + "\n" + table(("feature", "for", "options", "Cilium", "without it", "source"), rows)
            + "\n## Kernel versions by feature\n\n" + table(("feature", "least version", "for", "without it"), versions))  # fmt: skip


def _range(one) -> str:
    first, last = _dotted(one.first), _dotted(one.last)
    return f"{first} on" if one.last == (99, 0) else f"{first} to {last}"


def _releases() -> str:
    rows = [(whose, release) for whose, releases in module("_kernel.rules").safe_mounts().items() for release in releases]
    return "## Kernels on which NFS and SMB mounts through a Service are safe\n\n" + table(("kernel", "least version"), rows)


def _chains() -> str:
    owners = module("_kube_proxy.owners")
    rows = [(table_name, f"`{chain}`", owner) for (table_name, chain), owner in owners.EXACT.items()]
    rows += [("nat", f"`{owners.HASHED.pattern}`", owners.KUBE_PROXY)]
    rows += [(where, f"`{pattern.pattern}`", who) for where, pattern, who in owners.OTHERS]
    return ("## Chains with names like kube-proxy's\n\n" + _source("_kube_proxy.owners") + "\n" + table(("table", "chain", "whose"), rows)
            + "\nShared chains stay where kubelet needs them. " + _source("_kube_proxy.kubelet"))  # fmt: skip


def _kubeadm() -> str:
    versions = module("_kubeadm.versions")
    least = versions.LOOKS_AT[0][0]
    minors = {one.first for one in versions.FORMATS} | {since for since, _what in versions.LOOKS_AT}
    patches = {patch for one in versions.FAULTS for patch in (one.first, one.mended)}
    rows = []
    for since in sorted({max(minor, least) for minor in minors} - {patch[:2] for patch in patches} | patches):
        written, looks = versions.written_by(since[:2]), versions.looks_at(_dotted(since))
        later = f"; the record can have {versions.FIELD} for later" if written.proxy and looks == versions.CONFIG_MAP else ""
        rows.append((f"{_dotted(since)} on", written.name, looks + later))
    return ("## What keeps kube-proxy away through an upgrade by kubeadm\n\n" + _source("_kubeadm.versions") + "\n"
            + table(("kubeadm", "format of its configuration", "what an upgrade looks at"), rows))  # fmt: skip

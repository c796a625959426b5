# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm values as the rules look at them. Pure."""

from __future__ import annotations

import json


class Wanted:
    """The values a user wants for the chart of a minor (the number after "1."), and what is known of the cluster and of the chart's release."""

    def __init__(self, values, minor, facts, release=None):
        self.values = values
        self.minor = minor
        self.facts = facts
        self.release = release  # (1, 19, 3); None where the minor alone is known

    def get(self, path, default=None):
        """The value at a dotted path; null counts as not given, as it does for Helm."""
        value = self.values
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return default if value is None else value

    def given(self, path):
        """True if the user gives a value for the path."""
        return self.get(path) is not None

    def text(self, path, default=""):
        """The value as lower-case text, as Helm's toString would have it."""
        return str(self.get(path, default)).strip().lower()

    def true(self, path):
        """True for true and "true"."""
        return self.text(path) == "true"

    def since(self, *release):
        """True for this release and later ones; not where it is not known."""
        return self.release is not None and self.release >= release

    @property
    def kpr(self):
        """True if these values replace kube-proxy fully."""
        return self.text("kubeProxyReplacement") in ("true", "strict")

    @property
    def tunnel(self):
        """vxlan or geneve, None without a tunnel."""
        if self.text("routingMode") == "native" or (self.minor < 15 and self.text("tunnel") == "disabled"):
            return None
        return self.text("tunnelProtocol") or (self.text("tunnel") if self.minor < 15 else "") or "vxlan"


def finding(name, severity, key, found, why, remedy):
    """One finding. name is stable: a finding can be accepted by it."""
    return {"name": name, "severity": severity, "key": key, "found": found, "why": why, "remedy": remedy}


def shown(value):
    """A value as it would stand in YAML, shortened."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."

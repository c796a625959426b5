# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section on the cluster's newest benchmark. Pure."""

from __future__ import annotations

import base64
from typing import Optional

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark.plot import picture
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.markup import Markup, tag
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._report.model import Report


def section(report: Report) -> Optional[Markup]:
    """The picture is one of its own, with its own colours, so it is put in as an image."""
    benchmark = report.benchmark
    if benchmark is None:
        return None
    drawn = base64.b64encode(picture(benchmark.result).encode()).decode()
    return tag(
        "section",
        tag("h2", "Benchmark"),
        tag("img", src=f"data:image/svg+xml;base64,{drawn}", alt="Times of requests through Services, by way and number of Services"),
        tag("p", f"The newest of this cluster, {benchmark.file}; its figures are in the files of that name.", class_="quiet"),
    )

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.tools import chart_keys


def test_a_minor_knows_what_any_of_its_releases_does(tmp_path):
    """As with configDriftDetection and enableTunnelBIGTCP, which came and went between releases of 1.19."""
    charts = []
    for minor, release, text in (
        (18, "1.18.0", "kept:\n  a: 1\nwent: true\n"),
        (19, "1.19.0", "kept:\n  a: 1\nwent: true\n"),
        (19, "1.19.4", "kept:\n  a: 1\n  b: 2\ncame:\n  # c: 3\n  d: 4\n"),
    ):
        chart = tmp_path / release
        chart.mkdir()
        (chart / "values.yaml").write_text(text)
        charts.append((minor, chart))
    found = chart_keys.together(charts)
    assert found[18] == {"kept": (False, {"a"}), "went": (True, set())}
    assert found[19] == {"kept": (False, {"a", "b"}), "went": (True, set()), "came": (False, {"c", "d"})}

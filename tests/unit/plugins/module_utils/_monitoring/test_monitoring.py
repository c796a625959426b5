# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and dashboard use what the version exports and nothing else. That Prometheus takes them is proven in tests/monitoring."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._monitoring import alerts, dashboard, metrics

ALL = ""


def used(document):
    rules = [rule["expr"] for group in document.get("groups", []) for rule in group["rules"]]
    targets = [target["expr"] for panel in document.get("panels", []) for target in panel["targets"]]
    return set(re.findall(r"cilium_[a-z0-9_]+", " ".join(rules + targets)))


@pytest.mark.parametrize("minor", range(15, 21))
def test_only_what_the_version_exports_is_used(minor):
    known = {one.name for one in metrics.exported(minor)}
    for document in (alerts.rules(minor, ALL), dashboard.dashboard(minor, ALL)):
        assert used(document) and used(document) <= known
        assert "{{{" not in json.dumps(document) and "{metric}" not in json.dumps(document)


def test_dead_counters_are_nowhere():
    everything = json.dumps([alerts.rules(20, ALL), dashboard.dashboard(20, ALL)])
    assert "cilium_services_events_total" not in everything and "cilium_service_implementation_delay" not in everything


def test_old_agents_have_no_alert_on_what_they_lack():
    def names(minor):
        return {rule["alert"] for rule in alerts.rules(minor, ALL)["groups"][0]["rules"]}

    assert [names(minor) - names(minor - 1) for minor in (17, 18, 19)] == [{"CiliumReplacementOff"}, {"CiliumConfigurationDrift"}, set()]
    assert [len(dashboard.dashboard(minor, ALL)["panels"]) for minor in (16, 17, 18, 19)] == [6, 9, 10, 10]


def test_templates_of_prometheus_stay():
    (rule,) = [rule for rule in alerts.rules(19, ALL)["groups"][0]["rules"] if rule["alert"] == "CiliumMapNearlyFull"]
    assert rule["annotations"]["summary"] == "{{ $labels.map_name }} of {{ $labels.instance }} is filled to {{ $value | humanizePercentage }}."
    assert rule["expr"] == "max by (instance, map_name) (cilium_bpf_map_pressure) > 0.9"


def test_a_matcher_narrows_every_query_down():
    one = 'cluster="a"'
    queries = [rule["expr"] for rule in alerts.rules(19, one)["groups"][0]["rules"]]
    queries += [target["expr"] for panel in dashboard.dashboard(19, one)["panels"] for target in panel["targets"]]
    for query in queries:
        assert len(re.findall(r"cilium_[a-z0-9_]+", query)) == query.count(f"{{{one}"), query
    assert f'{{{one}, reason=~"' in "".join(queries)


def test_what_an_agent_lacks_is_named():
    text = "# HELP cilium_version ...\n" + "\n".join(f'{one.name}{{a="b"}} 1' for one in metrics.exported(19) if one.always)
    assert metrics.missing(text, 19) == []
    assert metrics.missing(text.replace("cilium_drift_checker_config_delta", "cilium_else"), 19) == ["cilium_drift_checker_config_delta"]


def test_an_agent_that_probes_no_other_nodes_lacks_nothing():
    """With healthChecking=false nobody sets cilium_unreachable_nodes."""
    text = "\n".join(f"{one.name} 1" for one in metrics.exported(19) if one.always and one.name != "cilium_unreachable_nodes")
    assert metrics.missing(text, 19) == [] and "cilium_unreachable_nodes" in used(alerts.rules(19, ALL)) | used(dashboard.dashboard(19, ALL))


def test_panels_do_not_overlap():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard.dashboard(20, ALL)["panels"]]
    assert len(set(places)) == len(places) and max(x for x, _y in places) + dashboard.WIDTH == 24

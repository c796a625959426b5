# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._benchmark import fillers


def facts(total=20, entries=200, **config):
    return {"services": {"total": total, "map_entries": entries}, "cilium": {"config": config}}


def test_ten_thousand_fit_into_the_default_map():
    assert fillers.refusals([10, 1000, 10000], 75, 3, facts(), ["10.96.0.0/12"]) == []


def test_a_map_that_would_be_full_is_refused_with_the_numbers():
    (said,) = fillers.refusals([10000], 0, 3, facts(total=3000, entries=20000), [])
    assert "has 65536 entries (bpf-lb-map-max): the 3000 Services that are there need about 20000, 10000 more about 40000; expected at most 90%" in said
    assert fillers.refusals([10000], 0, 3, facts(entries=18000), []) == []
    assert fillers.refusals([10], 0, 3, facts(**{"bpf-lb-map-max": "260"}), []) != []
    assert fillers.refusals([10], 0, 3, facts(**{"bpf-lb-map-max": "260", "bpf-lb-service-map-max": "1000"}), []) == []
    assert fillers.refusals([1000], 0, 3, {**facts(), "cilium": None}, []) == []


def test_services_that_are_timed_count_with_both_front_ends_of_their_node_port():
    assert fillers.refusals([0], 10, 3, facts(entries=0, **{"bpf-lb-map-max": "134"}), []) == []  # 10 x 3 front ends x (1 + 3 backends) = 120
    assert fillers.refusals([0], 10, 3, facts(entries=1, **{"bpf-lb-map-max": "134"}), []) != []


def test_a_network_that_is_too_small_is_refused_with_the_numbers():
    (said,) = fillers.refusals([1000], 5, 3, facts(), ["10.96.0.0/22", "fd00::/112"])
    assert "network 10.96.0.0/22 has 1024 addresses; 20 Services that are there and 1005 more need 1025" in said


@pytest.mark.parametrize("levels", [[], [1000, 10], [10, 10], [-1, 5]])
def test_numbers_that_do_not_ascend_are_refused(levels):
    assert fillers.refusals(levels, 0, 3, facts(), [])[0].startswith(f"benchmark_services is {levels}; expected")


@pytest.mark.parametrize("levels", [[0], [1], [0, 1]])
def test_few_are_measured_too(levels):
    assert fillers.refusals(levels, 0, 3, facts(), []) == []


class Api:
    """The API server, made up: it hands out addresses."""

    def __init__(self, there=(), status=201):
        self.there, self.status, self.made = set(there), status, []

    def send(self, method, path, document):
        assert (method, path) == ("POST", "/api/v1/namespaces/ns/services")
        name = document["metadata"]["name"]
        if name in self.there:
            return 409, {}, {}
        self.made.append(json.loads(json.dumps(document)))
        return self.status, {}, {"spec": {"clusterIP": f"10.0.0.{name.partition('-')[2]}"}}

    @staticmethod
    def object(path):
        return {"spec": {"clusterIP": f"10.9.9.{path.rpartition('-')[2]}"}}

    def explained(self, status, _document, path):
        return RuntimeError(f"{status} {path}")


def test_a_portion_is_made_and_the_last_address_told():
    api = Api()
    assert fillers.create(api, "ns", {"a": "b"}, 5, 3) == (3, "10.0.0.7")
    assert sorted(one["metadata"]["name"] for one in api.made) == ["filler-5", "filler-6", "filler-7"]
    assert api.made[0]["spec"]["selector"] == {"a": "b"} and api.made[0]["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "kubeproxy-free"}


def test_those_that_are_there_stay():
    assert fillers.create(Api(there=["filler-0", "filler-1"]), "ns", {}, 0, 2) == (0, "10.9.9.1")
    assert fillers.create(Api(), "ns", {}, 0, 0) == (0, None)


def test_one_that_is_not_made_is_an_error():
    with pytest.raises(RuntimeError, match="403 /api/v1/namespaces/ns/services"):
        fillers.create(Api(status=403), "ns", {}, 0, 1)

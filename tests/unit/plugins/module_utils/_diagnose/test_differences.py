# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of every kind that agents serve otherwise than the plain ones, and differences between what is read one after the other."""

from __future__ import annotations

import time

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose import differences, expected, services
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._diagnose.answers import PROXY, Row

from .conftest import ADDRESSES, FIRST, SECOND, row

CLUSTER_IP = "10.96.0.8:80/TCP"


def test_nothing_differs_where_all_is_well(cluster):
    assert cluster.differences() == []


def test_an_address_that_an_agent_lacks(cluster):
    del cluster.told["frontends"]["0.0.0.0:30080/TCP"]
    assert cluster.kinds() == [("frontend-missing", "0.0.0.0:30080/TCP")]
    cluster.slice["endpoints"] = []
    assert ("frontend-missing", "0.0.0.0:30080/TCP") not in cluster.kinds(), "it would lead nowhere"


def test_another_protocol_is_another_address(cluster):
    cluster.told["frontends"]["10.96.0.8:80/UDP"] = cluster.told["frontends"].pop(CLUSTER_IP)
    assert cluster.kinds() == [("frontend-missing", CLUSTER_IP)]


def test_older_agents_do_not_tell_protocols(cluster):
    for part in ("frontends", "maps"):
        cluster.told[part] = {address.partition("/")[0]: value for address, value in cluster.told[part].items()}
    assert cluster.differences() == []
    del cluster.told["maps"]["10.96.0.8:80"]
    assert cluster.kinds() == [("map-differs", CLUSTER_IP)]


def test_backends_that_are_gone_or_missing(cluster):
    cluster.leads_to(FIRST, "10.9.9.9:8080")
    (one,) = cluster.differences()
    assert (one["kind"], one["more"], one["less"]) == ("backends-differ", ["10.9.9.9:8080"], [SECOND])


@pytest.mark.parametrize("entry, more, less, absent", [
    ({FIRST, SECOND, "10.9.9.9:8080"}, ["10.9.9.9:8080"], [], False), ({FIRST}, [], [SECOND], False), (set(), [], [FIRST, SECOND], False),
    (None, [], [FIRST, SECOND], True),
])  # fmt: skip
def test_a_map_that_says_something_else(cluster, entry, more, less, absent):
    cluster.told["maps"].pop(CLUSTER_IP)
    if entry is not None:
        cluster.told["maps"][CLUSTER_IP] = frozenset(entry)
    (one,) = cluster.differences()
    assert one["kind"] == "map-differs" and (one["more"], one["less"], one["absent"]) == (more, less, absent)


def test_a_map_that_could_not_be_read_is_not_judged(cluster):
    cluster.told["maps"] = {}
    assert cluster.differences() == []


def test_backends_that_end_may_still_be_in_the_map(cluster):
    cluster.slice["endpoints"][1]["conditions"] = {"ready": False, "serving": True, "terminating": True}
    for address in ADDRESSES:
        cluster.told["frontends"][address] = row(FIRST, also=[SECOND])
    assert cluster.differences() == []


def test_a_balancer_that_speaks_for_itself(cluster):
    """ipMode Proxy: no node serves the balancer's address."""
    cluster.service["spec"]["type"] = "LoadBalancer"
    ingress = {"ip": "203.0.113.7", "ipMode": "VIP"}
    cluster.service["status"] = {"loadBalancer": {"ingress": [ingress]}}
    assert cluster.kinds() == [("frontend-missing", "203.0.113.7:80/TCP")]
    ingress["ipMode"] = "Proxy"
    assert cluster.differences() == []
    del ingress["ipMode"]
    assert cluster.kinds() == [("frontend-missing", "203.0.113.7:80/TCP")], "VIP is the default"


def test_addresses_of_a_service_that_is_no_balancer_any_more(cluster):
    cluster.service["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    assert cluster.differences() == []


def test_pods_of_the_node_itself_in_place_of_a_services(cluster):
    """CiliumLocalRedirectPolicy, as for a DNS cache on every node."""
    cluster.leads_to("10.1.0.99:53", kind="LocalRedirect")
    assert cluster.differences() == []
    cluster.told["maps"][CLUSTER_IP] = frozenset()
    assert cluster.kinds() == [("map-differs", CLUSTER_IP)], "the map is to say the same as the table all the same"


@pytest.mark.parametrize("labels, settings", [
    ({services.HEADLESS: ""}, {}), ({services.PROXY_NAME: "other"}, {}), ({}, {"k8s-service-proxy-name": "cilium"}),
])  # fmt: skip
def test_what_is_left_to_other_proxies(cluster, labels, settings):
    cluster.told["frontends"] = {}
    assert len(cluster.kinds()) == 3
    cluster.service["metadata"]["labels"], cluster.settings = labels, settings
    assert cluster.differences() == []


def test_a_service_with_the_name_of_this_proxy_is_served(cluster):
    cluster.service["metadata"]["labels"], cluster.settings = {services.PROXY_NAME: "cilium"}, {"k8s-service-proxy-name": "cilium"}
    cluster.told["frontends"] = {}
    assert len(cluster.kinds()) == 3


def test_only_one_kind_of_address_or_only_some_nodes(cluster):
    del cluster.told["frontends"][CLUSTER_IP], cluster.told["frontends"]["0.0.0.0:30080/TCP"]
    cluster.service["metadata"]["annotations"] = {services.ONLY_TYPE: "LoadBalancer"}
    assert cluster.differences() == []
    cluster.service["metadata"]["annotations"] = {services.ONLY_TYPE: "NodePort"}
    assert cluster.kinds() == [("frontend-missing", "0.0.0.0:30080/TCP")]
    cluster.service["metadata"]["annotations"] = {services.ONLY_NODES[1]: "edge=true"}
    assert cluster.differences() == []


def test_backends_of_the_clients_zone(cluster):
    cluster.service["spec"]["trafficDistribution"] = "PreferClose"
    cluster.leads_to(FIRST)
    assert cluster.kinds() == [("backends-differ", CLUSTER_IP)], "Cilium heeds it only when told"
    cluster.settings["enable-service-topology"] = "true"
    assert cluster.differences() == []
    cluster.leads_to(FIRST, "10.9.9.9:8080")
    assert [one["more"] for one in cluster.differences()] == [["10.9.9.9:8080"]]
    cluster.leads_to()
    assert [one["less"] for one in cluster.differences()] == [[FIRST, SECOND]], "where a zone has none, all serve"


def test_backends_in_other_clusters(cluster):
    cluster.leads_to(FIRST, SECOND, "10.200.0.2:8080")
    assert cluster.kinds() == [("backends-differ", CLUSTER_IP)]
    cluster.service["metadata"]["annotations"] = {"service.cilium.io/global": "True"}
    assert cluster.differences() == []
    cluster.leads_to(FIRST, "10.200.0.2:8080")
    assert [one["less"] for one in cluster.differences()] == [[SECOND]]
    cluster.service["metadata"]["annotations"]["service.cilium.io/affinity"] = "remote"
    assert cluster.differences() == []


def test_slices_of_other_clusters_are_not_read_by_agents(cluster):
    cluster.slice["metadata"]["labels"][services.MANAGED_BY] = services.OF_OTHER_CLUSTERS
    for address in ADDRESSES:
        cluster.leads_to(address=address)
    assert cluster.differences() == []


def test_the_policy_local(cluster):
    cluster.service["spec"]["externalTrafficPolicy"] = "Local"
    cluster.leads_to(FIRST, address="0.0.0.0:30080/TCP")
    cluster.leads_to(FIRST, address="192.0.2.9:80/TCP")
    assert cluster.differences("w1") == []
    assert {(one["address"], *one["more"], *one["less"]) for one in cluster.differences("w2")} == {
        ("192.0.2.9:80/TCP", FIRST, SECOND), ("0.0.0.0:30080/TCP", FIRST, SECOND)}  # fmt: skip
    assert {one["address"] for one in cluster.differences("w3")} == {"192.0.2.9:80/TCP", "0.0.0.0:30080/TCP"}
    cluster.service["spec"].update(internalTrafficPolicy="Local")
    cluster.leads_to(FIRST)
    assert cluster.differences("w1") == []


def test_endpoints_of_no_node_may_be_on_each(cluster):
    cluster.service["spec"].update(externalTrafficPolicy="Local", internalTrafficPolicy="Local")
    for endpoint in cluster.slice["endpoints"]:
        del endpoint["nodeName"]
    assert cluster.differences() == []
    for address in ADDRESSES:
        cluster.leads_to(address=address)
    assert cluster.differences() == [], "older versions have them on none"


def test_each_family_has_its_own_backends(cluster):
    cluster.service["spec"].update(clusterIPs=["10.96.0.8", "fd00::8"], ipFamilies=["IPv4", "IPv6"], externalIPs=[])
    other = {**cluster.slice, "addressType": "IPv6", "endpoints": [{"addresses": ["fd00::2"], "nodeName": "w1", "conditions": {"ready": True}}]}
    fronts = expected.fronts(services.summary([cluster.service], [cluster.slice, other]), {})
    assert {address: sorted(front.least) for address, front in fronts.items()} == {
        "10.96.0.8:80/TCP": [FIRST, SECOND], "0.0.0.0:30080/TCP": [FIRST, SECOND], "[fd00::8]:80/TCP": ["[fd00::2]:8080"], "[::]:30080/TCP": ["[fd00::2]:8080"],
    }  # fmt: skip


def test_cilium_s_own_ingress_has_an_endpoint_that_is_none(cluster):
    cluster.slice["endpoints"], cluster.slice["ports"] = [{"addresses": ["192.192.192.192"]}], [{"port": 9999}]
    for address in ADDRESSES:
        cluster.leads_to(address=address)
    (service,) = cluster.services.values()
    assert cluster.differences() == [] and service["ingress"] and service["endpoints"] == []


def test_what_the_agents_proxy_gets_is_its_own_matter(cluster):
    """Cilium's Ingresses and Gateways, and Services of a CiliumEnvoyConfig; newer agents tell the proxy itself as the backend."""
    cluster.told["frontends"][CLUSTER_IP] = row("127.0.0.1:15735")
    cluster.told["maps"][CLUSTER_IP] = frozenset([PROXY])
    assert cluster.differences() == []
    del cluster.told["frontends"][CLUSTER_IP]
    assert cluster.kinds() == [("frontend-missing", CLUSTER_IP)]


# -- what was under way


def readings(cluster, *leads_to):
    for backends in leads_to:
        cluster.leads_to(*backends)
        yield cluster.differences()


def test_a_change_under_way_is_no_difference(cluster):
    gone, next_gone = "10.9.9.8:8080", "10.9.9.9:8080"
    assert differences.lasting(*readings(cluster, (FIRST, SECOND, gone), (FIRST, SECOND))) == []
    assert differences.lasting(*readings(cluster, (FIRST, SECOND), (FIRST, SECOND, gone))) == []
    assert differences.lasting(*readings(cluster, (FIRST, SECOND, gone), (FIRST, SECOND, next_gone))) == [], "a rollout goes on"
    (one,) = differences.lasting(*readings(cluster, (FIRST, gone), (SECOND, gone)))
    assert (one["more"], one["less"]) == ([gone], []), "only what was so both times"


def test_what_lasts_without_backends(cluster):
    for part in ("frontends", "maps"):
        del cluster.told[part][CLUSTER_IP]
        both = cluster.differences()
        assert differences.lasting(both, both) == both != []
        cluster.leads_to(FIRST, SECOND)
    del cluster.told["maps"][CLUSTER_IP]
    first = cluster.differences()
    cluster.slice["endpoints"].reverse()
    cluster.told["frontends"][CLUSTER_IP] = row("10.1.5.5:8080")
    second = [one for one in cluster.differences() if one["kind"] == "map-differs"]
    assert [one["absent"] for one in differences.lasting(first, second)] == [True], "the map lacks the address both times, whatever the backends are"


# -- how long it takes


@pytest.mark.slow
def test_it_takes_as_long_as_there_are_addresses():
    """Twenty agents, 5,000 Services: less than a tenth of a second for each agent. It was more than six seconds when each Service looked through the table."""
    backends = [f"10.1.0.{number}:80" for number in range(1, 5)]
    found = {f"shop/{number}": {
        **services.summary([{"metadata": {"namespace": "shop", "name": "web"}, "spec": {}}], [])["shop/web"],
        "cluster_ips": [f"10.96.{number >> 8}.{number & 255}"],
        "ports": [{"name": "", "port": port, "protocol": "TCP", "node_port": None, "target": 80} for port in (80, 443)],
        "endpoints": [{"address": backend.partition(":")[0], "node": "w1", "ready": True, "ports": {"/TCP": 80}} for backend in backends],
    } for number in range(5000)}  # fmt: skip
    fronts = expected.fronts(found, {})
    told = {"frontends": {address: Row(front.service, "ClusterIP", frozenset(backends), frozenset(backends)) for address, front in fronts.items()},
            "maps": {address: frozenset(backends) for address in fronts}, "unfinished": []}  # fmt: skip
    began = time.process_time()
    assert not any(differences.differences(fronts, f"w{number}", told, ["172.16.0.11"]) for number in range(20))
    assert len(fronts) == 10_000 and time.process_time() - began < 2

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._traffic.model import TrafficError, parse_path, parse_paths

GOOD = {"name": "dns", "kind": "dns", "address": "10.96.0.10", "port": 53}


def test_the_request_has_a_default_by_kind():
    assert parse_path(GOOD).request == "kubernetes.default.svc.cluster.local"
    assert parse_path({**GOOD, "kind": "udp"}).request == "hostname"
    assert parse_path({**GOOD, "kind": "http", "request": "/healthz"}).request == "/healthz"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"kind": "sctp"}, "kind is 'sctp'"),
        ({"address": "kubernetes.default"}, "address is 'kubernetes.default'"),
        ({"port": 0}, "port is 0"),
        ({"port": "http"}, "port is 'http'"),
        ({"namespace": "pod"}, "namespace is 'pod'"),
        ({"namespace": {"pod_uid": ""}}, "namespace is {'pod_uid': ''}"),
        ({"expect": {"answer": "("}}, "expect.answer '('"),
    ],
)
def test_what_is_wrong_is_named_with_the_path_and_what_was_expected(change, found):
    with pytest.raises(TrafficError) as error:
        parse_path({**GOOD, **change})
    assert "Path 'dns'" in str(error.value) and found in str(error.value) and "expected" in str(error.value)


def test_names_are_unique_and_there_is_at_least_one_path():
    with pytest.raises(TrafficError, match="Two paths are named 'dns'"):
        parse_paths([GOOD, GOOD])
    with pytest.raises(TrafficError, match="list of paths is empty"):
        parse_paths([])


def test_a_path_describes_itself():
    assert parse_path({**GOOD, "address": "fd00::a", "namespace": {"pod_uid": "u1"}}).describe() == "dns (dns [fd00::a]:53 from pod u1)"


def test_a_name_that_tells_the_address_is_enough():
    assert parse_path({**GOOD, "name": "host to DNS 10.96.0.10:53"}).describe() == "host to DNS 10.96.0.10:53"

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.modules import service_address

PATH = "/api/v1/namespaces/ns/services/balanced"
WANTED = {"namespace": "ns", "name": "balanced", "address": "203.0.113.8"}


class Api:
    """The API server, made up: one Service."""

    def __init__(self, ingress=None, status=200):
        self.service = {"metadata": {"resourceVersion": "7"}, "spec": {"type": "LoadBalancer"}}
        if ingress is not None:
            self.service["status"] = {"loadBalancer": {"ingress": ingress}}
        self.status, self.sent = status, []

    def object(self, path):
        assert path == PATH
        return copy.deepcopy(self.service)

    def send(self, method, path, document):
        self.sent.append((method, path, document))
        return self.status, {}, {}

    def explained(self, status, _document, path):
        return RuntimeError(f"{status} {path}")


@pytest.mark.parametrize(("ingress", "former"), [(None, []), ([{"ip": "203.0.113.9"}], ["203.0.113.9"]), ([{"hostname": "lb"}], ["lb"])])
def test_the_address_becomes_the_only_one_in_its_status(ingress, former):
    api = Api(ingress)
    assert service_address.assign(api, WANTED, False) == {"changed": True, "addresses": former}
    ((method, path, document),) = api.sent
    assert (method, path) == ("PUT", f"{PATH}/status") and document["status"]["loadBalancer"]["ingress"] == [{"ip": "203.0.113.8"}]
    assert document["metadata"]["resourceVersion"] == "7"  # somebody else's change meanwhile is not undone


def test_nothing_is_written_where_it_has_it_or_in_check_mode():
    api = Api([{"ip": "203.0.113.8"}])
    assert service_address.assign(api, WANTED, False) == {"changed": False, "addresses": ["203.0.113.8"]}
    other = Api()
    assert service_address.assign(other, WANTED, True)["changed"] and api.sent == other.sent == []


def test_a_refusal_is_an_error():
    with pytest.raises(RuntimeError, match=f"403 {PATH}/status"):
        service_address.assign(Api(status=403), WANTED, False)

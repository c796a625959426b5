# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, strategies as st

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._fleet import lease

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)


def held(holder="one", age=10, seconds=60):
    return {"metadata": {"resourceVersion": "7"},
            "spec": {"holderIdentity": holder, "renewTime": lease.format_time(NOW - datetime.timedelta(seconds=age)), "leaseDurationSeconds": seconds}}


@pytest.mark.parametrize(
    "found, holder, expected",
    [
        (None, "one", lease.CREATE),
        (held(), "one", lease.RENEW),
        (held(), "two", lease.HELD),
        (held(age=61), "two", lease.TAKE),
        (held(age=61), "one", lease.RENEW),
        ({"metadata": {}, "spec": {}}, "two", lease.TAKE),
        ({"metadata": {}, "spec": {"holderIdentity": ""}}, "two", lease.TAKE),
    ],
)
def test_decide(found, holder, expected):
    assert lease.decide(found, holder, NOW) == expected


def test_taking_over_counts_and_keeps_the_resource_version():
    wanted = lease.manifest(held(age=61), "two", NOW, 30)
    assert wanted["metadata"]["resourceVersion"] == "7"
    assert (wanted["spec"]["holderIdentity"], wanted["spec"]["leaseTransitions"]) == ("two", 1)
    assert lease.expires(wanted) == NOW + datetime.timedelta(seconds=30)


def test_renewing_keeps_when_it_was_acquired():
    first = lease.manifest(None, "one", NOW, 30)
    first["metadata"]["resourceVersion"] = "1"
    again = lease.manifest(first, "one", NOW + datetime.timedelta(seconds=20), 30)
    assert again["spec"]["acquireTime"] == first["spec"]["acquireTime"]
    assert lease.expires(again) == NOW + datetime.timedelta(seconds=50)


@given(st.datetimes(timezones=st.just(datetime.timezone.utc), min_value=datetime.datetime(2000, 1, 1), max_value=datetime.datetime(2100, 1, 1)))
def test_times_survive_the_api(moment):
    assert lease.parse_time(lease.format_time(moment)) == moment

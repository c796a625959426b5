# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a stand-in for the API server (see conftest.py) that is only read from: in check mode, which writes nothing."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.fleetops.kubeproxy_free.plugins.modules import cluster_lock


def call(capsys, fake, **params):
    with patch_module_args({"kubeconfig": fake.kubeconfig, "_ansible_check_mode": True, **params}), pytest.raises(SystemExit):
        cluster_lock.main()
    return json.loads(capsys.readouterr().out)


def lease(holder, renewed="2001-01-01T00:00:00.000000Z"):
    return {"metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 10}}


def test_a_run_renews_its_own_lock_even_after_it_has_expired(fake_api, capsys):
    fake_api.objects[cluster_lock.LEASE] = lease("one")
    assert call(capsys, fake_api, holder="one", state="renewed")["changed"] is False


@pytest.mark.parametrize(("found", "says"),
                         [(lease("two"), "it is now held by 'two'"), (lease("two", "2999-01-01T00:00:00Z"), "it is now held by 'two'"), (None, "it is gone")])
def test_a_lock_that_was_another_runs_meanwhile_is_lost(fake_api, capsys, found, says):
    if found:
        fake_api.objects[cluster_lock.LEASE] = found
    result = call(capsys, fake_api, holder="one", state="renewed", steal=True)
    assert result["failed"] and result["lost"] is True and says in result["msg"]


def test_an_api_server_that_does_not_answer_is_no_lost_lock(fake_api, capsys):
    fake_api.statuses[cluster_lock.LEASE] = 500
    result = call(capsys, fake_api, holder="one", state="renewed")
    assert result["failed"] and "lost" not in result


def test_another_runs_lock_is_taken_only_when_it_has_expired_or_is_stolen(fake_api, capsys):
    fake_api.objects[cluster_lock.LEASE] = lease("two")
    assert call(capsys, fake_api, holder="one")["changed"] is True
    fake_api.objects[cluster_lock.LEASE] = lease("two", "2999-01-01T00:00:00Z")
    assert "is held by 'two'" in call(capsys, fake_api, holder="one")["msg"]
    assert call(capsys, fake_api, holder="one", steal=True)["changed"] is True

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import ports


def pod(*args, command=("kube-apiserver",)):
    return {"spec": {"containers": [{"command": list(command), "args": list(args)}]}}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], None),  # a hosted control plane: nothing is known
        ([pod()], "30000-32767"),
        ([pod("--service-node-port-range=20000-32767")], "20000-32767"),
        ([pod("--service-node-port-range", "20000-32767")], "20000-32767"),
        ([pod(command=("kube-apiserver", "--service-node-port-range=20000-32767")), pod("--service-node-port-range=20000-32767")], "20000-32767"),
        ([pod("--service-node-port-range=20000-32767"), pod()], None),  # one is not restarted yet
        ([pod("--service-node-port-range=30000+2767")], "30000-32767"),
        ([pod("--service-node-port-range=30000")], None),
    ],
)
def test_the_range_is_read_where_the_api_server_tells_it(pods, expected):
    assert ports.handed_out(pods) == expected

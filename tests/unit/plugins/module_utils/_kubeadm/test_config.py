# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import config

NODE = {"name": "cp1", "addresses": ["192.0.2.1", "2001:db8::1"], "cri_socket": "unix:///run/containerd/containerd.sock"}
NETWORKS = {"endpoint": "api.example.net:6443", "pod_cidrs": ["10.244.0.0/16", "fd00:1::/56"], "service_cidrs": ["10.96.0.0/12"]}


@pytest.mark.parametrize(
    "version, api",
    [("1.22.0", "v1beta3"), ("v1.30.14", "v1beta3"), ("1.31.0", "v1beta4"), ("1.34", "v1beta4"), ("v1.40.1", "v1beta4"), ("2.0.0", "v1beta4")],
)
def test_each_version_gets_the_form_that_it_reads(version, api):
    assert {document["apiVersion"] for document in config.init(version, NODE, **NETWORKS)} == {f"kubeadm.k8s.io/{api}"}


@pytest.mark.parametrize("version", ["", "1", "latest", "1.21.9", None])
def test_what_is_no_version_is_named(version):
    with pytest.raises(config.ConfigError, match="Kubernetes version"):
        config.init(version, NODE, **NETWORKS)


def test_kube_proxy_is_left_out_now_and_by_upgrades():
    init, cluster = config.init("1.34.4", NODE, **NETWORKS)
    assert init["skipPhases"] == ["addon/kube-proxy"] and cluster["proxy"] == {"disabled": True}
    init, cluster = config.init("1.30.0", NODE, **NETWORKS)
    assert init["skipPhases"] == ["addon/kube-proxy"] and "proxy" not in cluster


@pytest.mark.parametrize("version", ["1.30.0", "1.34.4"])
def test_the_token_that_kubeadm_makes_itself_ends_soon(version):
    assert config.init(version, NODE, **NETWORKS)[0]["bootstrapTokens"] == [{"ttl": "1m"}]


def test_arguments_take_the_form_of_their_version():
    old, new = (config.init(version, NODE, **NETWORKS)[0]["nodeRegistration"]["kubeletExtraArgs"] for version in ("1.30.0", "1.31.0"))
    assert old == {"node-ip": "192.0.2.1,2001:db8::1"}
    assert new == [{"name": "node-ip", "value": "192.0.2.1,2001:db8::1"}]


def test_without_addresses_kubelet_chooses():
    init = config.init("1.34.4", {**NODE, "addresses": []}, **NETWORKS)[0]
    assert "localAPIEndpoint" not in init and "kubeletExtraArgs" not in init["nodeRegistration"]


def test_the_users_settings_win_and_the_others_stay():
    extra = {"apiServer": {"certSANs": ["x"]}, "networking": {"dnsDomain": "corp.local"}, "proxy": {"disabled": False}}
    _init, cluster, kubelet = config.init("1.34.4", NODE, **NETWORKS, cluster=extra, kubelet={"failSwapOn": False})
    assert cluster["networking"] == {"podSubnet": "10.244.0.0/16,fd00:1::/56", "serviceSubnet": "10.96.0.0/12", "dnsDomain": "corp.local"}
    assert cluster["apiServer"] == {"certSANs": ["x"]} and cluster["proxy"] == {"disabled": False}
    assert kubelet == {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "failSwapOn": False}


def test_a_key_of_the_certificates_makes_a_control_plane():
    (worker,) = config.join("1.34.4", NODE, "api:6443", "a.b", "sha256:c")
    (control,) = config.join("1.34.4", NODE, "api:6443", "a.b", "sha256:c", "key")
    assert "controlPlane" not in worker
    assert control["controlPlane"] == {"certificateKey": "key", "localAPIEndpoint": {"advertiseAddress": "192.0.2.1"}}
    assert worker["discovery"]["bootstrapToken"] == {"token": "a.b", "apiServerEndpoint": "api:6443", "caCertHashes": ["sha256:c"]}

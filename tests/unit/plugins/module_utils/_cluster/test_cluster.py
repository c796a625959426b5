# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching a cluster: kubeconfig, objects, exec, waiting."""

from __future__ import annotations

import pathlib
import time

import pytest
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster import api, connect, run
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster.wait import wait


def configuration(fake):
    return connect.configure({"kubeconfig": fake.kubeconfig})


@pytest.mark.parametrize(("environ", "existing", "expected"), [
    ({"K8S_AUTH_KUBECONFIG": "/a", "KUBECONFIG": "/b"}, {"/b"}, "/a"),
    ({"KUBECONFIG": "/missing:/b:/c"}, {"/b", "/c"}, "/b"),
    ({"KUBECONFIG": "/missing"}, {str(pathlib.Path.home() / ".kube/config")}, None),
    ({}, {str(pathlib.Path.home() / ".kube/config")}, str(pathlib.Path.home() / ".kube/config")),
    ({}, set(), None),
])
def test_the_kubeconfig_that_the_environment_means(environ, existing, expected):
    assert connect.find_kubeconfig(environ, existing.__contains__) == expected


@pytest.fixture
def pod(monkeypatch, tmp_path):
    """As in a pod with a service account, and with a kubeconfig by the environment that no one has named."""
    token = tmp_path / "token"
    token.write_text("secret")
    monkeypatch.setattr(connect, "SERVICE_ACCOUNT", str(token))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    monkeypatch.delenv("K8S_AUTH_KUBECONFIG", raising=False)


def test_two_clusters_that_could_be_meant_are_refused(pod, fake_api, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", fake_api.kubeconfig)
    with pytest.raises(connect.ClusterError, match="found both .* and the service account of this pod"):
        connect.configure({})
    assert connect.configure({"kubeconfig": fake_api.kubeconfig}).host == fake_api.host
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", fake_api.kubeconfig)
    assert connect.configure({}).host == fake_api.host


def test_a_kubeconfig_of_the_environment_is_taken_outside_of_pods(pod, fake_api, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", fake_api.kubeconfig)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert connect.configure({}).host == fake_api.host


def test_kubeconfig_as_content(fake_api):
    content = pathlib.Path(fake_api.kubeconfig).read_text()
    found = connect.configure({"kubeconfig_content": content})
    assert found.host == fake_api.host
    assert connect.credentials(found) == {"authorization": "Bearer secret"}


@pytest.mark.parametrize(("params", "said"), [
    ({"kubeconfig": "/nowhere/kubeconfig"}, "/nowhere/kubeconfig cannot be used as kubeconfig"),
    ({"kubeconfig_content": "a: [1"}, "kubeconfig_content is not YAML at line 1"),
    ({"kubeconfig_content": "just words"}, "expected a mapping with clusters, users and contexts"),
])
def test_an_unusable_kubeconfig_is_named(params, said):
    with pytest.raises(connect.ClusterError, match=said):
        connect.configure(params)


def test_a_context_that_does_not_exist_is_named(fake_api):
    with pytest.raises(connect.ClusterError, match="nowhere"):
        connect.configure({"kubeconfig": fake_api.kubeconfig, "context": "nowhere"})


def test_lists_come_in_pages(fake_api):
    fake_api.objects["/api/v1/nodes"] = [{"metadata": {"name": str(number)}} for number in range(1201)]
    found = api.Api(configuration(fake_api), 5).objects("/api/v1/nodes", selector="a=b")
    assert [one["metadata"]["name"] for one in found] == [str(number) for number in range(1201)]
    assert [query.get("continue") for path, query in fake_api.requests] == [None, "500", "1000"]
    assert {query["labelSelector"] for path, query in fake_api.requests} == {"a=b"}


@pytest.mark.parametrize(("status", "kind", "said"), [
    (404, api.NotFound, "kubectl get --raw /api/v1/x"), (403, api.Forbidden, "kubectl auth can-i --list"), (401, api.Forbidden, "renew the kubeconfig"),
    (500, connect.ClusterError, "HTTP 500"),
])
def test_refusals_are_told_apart(fake_api, status, kind, said):
    fake_api.statuses["/api/v1/x"] = status
    with pytest.raises(kind, match=said):
        api.Api(configuration(fake_api), 5).object("/api/v1/x")


def test_an_api_server_that_is_away(fake_api):
    config = configuration(fake_api)
    fake_api.stop()
    with pytest.raises(connect.ClusterError, match="did not answer for /api/v1/x"):
        api.Api(config, 1).object("/api/v1/x")


def target(pod):
    return run.Target("kube-system", pod, "cilium-agent")


@pytest.mark.parametrize(("code", "size"), [(0, 10), (7, 300), (0, 200_000)])
def test_exec_returns_what_the_command_wrote(fake_api, code, size):
    fake_api.pods["one"] = lambda command: ("ü" * size, " ".join(command), code)
    found = run.run(configuration(fake_api), target("one"), ["sh", "-c", "echo a&b=c"], 5)
    assert found == run.Output("ü" * size, "sh -c echo a&b=c", code)
    assert fake_api.requests[-1][1]["container"] == "cilium-agent"


@pytest.mark.parametrize(("fault", "said"), [
    ("missing", r"HTTP 404 \(pods \"one\" not found\)"),
    ("no kubelet", r"HTTP 500 \(error dialing backend.*no route to host\)"),
    ("broken", "the connection ended before the command did"),
    ("dead kubelet", "no connection into it within 1 s"),
    ("stuck", "did not finish within 1 s"),
])
def test_exec_faults_are_told_apart(fake_api, fault, said):
    fake_api.pods["one"] = fault
    with pytest.raises(connect.ClusterError, match=said) as caught:
        run.run(configuration(fake_api), target("one"), ["true"], 1)
    assert "kube-system/one" in str(caught.value)
    assert "kubectl" in str(caught.value) or fault == "broken"


def test_one_dead_pod_costs_one_time_out(fake_api):
    fake_api.pods = {str(number): ("answer", "", 0) for number in range(40)}
    fake_api.pods["7"] = "dead kubelet"
    fake_api.pods["9"] = "stuck"
    start = time.monotonic()
    found = run.run_in_all(configuration(fake_api), {name: target(name) for name in fake_api.pods}, ["true"], 2, 16)
    assert time.monotonic() - start < 4.5
    assert {name for name, output in found.items() if isinstance(output, Exception)} == {"7", "9"}
    assert list(found) == list(fake_api.pods)


def test_tls_and_proxy_of_the_configuration(fake_api):
    config = configuration(fake_api)
    config.verify_ssl, config.ssl_ca_cert, config.cert_file, config.key_file = True, "/ca", "/cert", "/key"
    config.tls_server_name, config.proxy = "api.example", "http://proxy.example:3128"
    options = run.connection_options(config)
    assert options["sslopt"] == {"cert_reqs": run.ssl.CERT_REQUIRED, "check_hostname": True, "ca_certs": "/ca", "certfile": "/cert", "keyfile": "/key",
                                 "server_hostname": "api.example"}
    assert (options["http_proxy_host"], options["http_proxy_port"]) == ("proxy.example", 3128)
    config.verify_ssl = False
    assert run.connection_options(config)["sslopt"]["cert_reqs"] == run.ssl.CERT_NONE


class Clock:
    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


@pytest.mark.parametrize(("ready_at", "timeout", "looks", "missing"), [(0, 0, 1, []), (0, 9, 1, []), (4, 9, 3, []), (99, 5, 4, ["it"]), (99, 0, 1, ["it"])])
def test_waiting(ready_at, timeout, looks, missing):
    clock, seen = Clock(), []

    def look():
        seen.append(clock.time)
        return clock.time

    picture, found, waited = wait(look, lambda picture: [] if picture >= ready_at else ["it"], timeout, 2, clock)
    assert (len(seen), found) == (looks, missing)
    assert picture == seen[-1] == waited <= timeout or timeout == 0

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus (the distribution's package, unpacked and not installed) reads real agents: rules load, every query of the dashboard returns data.

That package cannot ask Kubernetes for targets, so the tests find them as a Prometheus that can would: by the annotations of pods, or by the ServiceMonitor
that the real kinds of the Prometheus operator have let in.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from lab.parts import Builder
from lab.settings import load

pytestmark = [pytest.mark.lab, pytest.mark.slow]
OPERATOR = ("github.com/prometheus-operator/prometheus-operator", "v0.79.2")
#: Counters that have no value before something happens.
PERHAPS_EMPTY = {"cilium_drop_count_total", "cilium_k8s_terminating_endpoints_events_total"}
OBJECTS = ("-e", "kpr_monitoring_scrape=service_monitor", "-e", "kpr_monitoring_objects=true")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    subprocess.run(["apt-get", "-q", "download", "prometheus"], cwd=folder, check=True)
    subprocess.run(["dpkg", "-x", *folder.glob("*.deb"), folder], check=True)
    return folder / "usr" / "bin"


@pytest.fixture(scope="module")
def moved(lab):
    if lab.phase() != "settled":
        status, output = lab.run("migrate", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    return lab


@pytest.fixture(scope="module")
def made(moved):
    """Alert rules and dashboard for the lab, after two runs of which the second has changed nothing."""
    for _turn in range(2):
        status, output = moved.run("monitoring", "-e", json.dumps({"kpr_cilium_values": {"prometheus": {"port": 1}}}))
        assert status == 0, output[-3000:]
    assert not re.search(r"changed=[1-9]", output.split("PLAY RECAP")[1])
    return moved.reports / "fault"


def by_annotations(lab):
    """The usual job kubernetes-pods: pods that say prometheus.io/scrape, at the port that they say. Only agents, as the operator says it, too."""
    pods = json.loads(lab.kubectl("get", "pods", "-A", "-l", "k8s-app=cilium", "-o", "json"))["items"]
    marked = [pod for pod in pods if pod["metadata"].get("annotations", {}).get("prometheus.io/scrape") == "true"]
    return "kubernetes-pods", [f"{pod['status']['podIP']}:{pod['metadata']['annotations']['prometheus.io/port']}" for pod in marked]


def by_service_monitor(lab):
    """As the operator does: the Services that it selects, their port of the name that it says; the job is called like the Service."""
    monitor = json.loads(lab.kubectl("-n", "kube-system", "get", "servicemonitor", "cilium-agent", "-o", "json"))["spec"]
    labels = ",".join("=".join(pair) for pair in monitor["selector"]["matchLabels"].items())
    (service,) = json.loads(lab.kubectl("-n", monitor["namespaceSelector"]["matchNames"][0], "get", "services", "-l", labels, "-o", "json"))["items"]
    slices = json.loads(lab.kubectl("-n", "kube-system", "get", "endpointslices", "-l", f"kubernetes.io/service-name={service['metadata']['name']}", "-o",
                                    "json"))["items"]  # fmt: skip
    ports = {port["port"] for one in slices for port in one["ports"] if port["name"] == monitor["endpoints"][0]["port"]}
    return service["metadata"]["name"], [f"{endpoint['addresses'][0]}:{port}" for one in slices for endpoint in one["endpoints"] for port in ports]


class Prometheus:
    """Reads these targets as this job."""

    def __init__(self, folder, programs, port, rules, job, targets):
        assert len(targets) == 2, targets
        scrape = {"job_name": job, "static_configs": [{"targets": targets}]}
        settings = {"global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [str(rules)], "scrape_configs": [scrape]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        subprocess.run([programs / "promtool", "check", "config", folder / "prometheus.yml"], check=True)
        self.address, self.log = f"127.0.0.1:{port}", folder / "log"
        command = [programs / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
                   f"--web.listen-address={self.address}"]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)

    def __enter__(self):
        until = time.monotonic() + 60
        while not self._reads_both():
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text(encoding="utf-8")[-3000:]
            time.sleep(2)
        time.sleep(10)  # rates need several scrapes
        return self

    def __exit__(self, *_raised):
        self.process.terminate()
        self.process.wait()

    def _reads_both(self):
        try:
            return bool(self.ask("sum(up) == 2"))
        except OSError:  # it does not listen yet
            return False

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def ask(self, expression):
        return self.get(f"query?{urllib.parse.urlencode({'query': expression})}")["result"]

    def alerts(self):
        """The state of each alert, once every rule has been evaluated."""
        until = time.monotonic() + 30
        while True:
            rules = [rule for group in self.get("rules")["groups"] for rule in group["rules"]]
            if len(rules) == 6 and all(rule["health"] == "ok" for rule in rules):
                return {rule["name"]: rule["state"] for rule in rules}
            assert time.monotonic() < until, rules
            time.sleep(1)


@pytest.fixture(scope="module")
def prometheus(moved, made, programs, tmp_path_factory):
    with Prometheus(tmp_path_factory.mktemp("data"), programs, 19090, made / "alerts.yml", *by_annotations(moved)) as running:
        yield running


def revision(lab):
    return json.loads(lab.helm("-n", "kube-system", "history", "cilium", "--max", "1", "-o", "json"))[0]["revision"]


def test_what_is_missing_is_named_before_an_agent_is_recreated(moved):
    before = revision(moved)
    status, output = moved.run("monitoring", *OBJECTS)
    said = " ".join(output.split())
    assert status != 0 and "found no PrometheusRule and no ServiceMonitor and no namespace monitoring" in said and revision(moved) == before, output[-3000:]
    assert "undefined" not in said, "the other hosts fail on their own"
    status, output = moved.run("monitoring", "--limit", moved.container("worker1"))
    assert status != 0 and "missing from this run (cp1)" in " ".join(output.split()) and revision(moved) == before, output[-3000:]


def test_promtool_takes_the_rules(made, programs):
    done = subprocess.run([programs / "promtool", "check", "rules", made / "alerts.yml"], text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "6 rules found" in done.stdout, done.stdout + done.stderr


def test_every_query_of_the_dashboard_returns_data(prometheus, made):
    panels = json.loads((made / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len(panels) == 10
    for panel in panels:
        for target in panel["targets"]:
            found = prometheus.ask(target["expr"])
            assert found or any(name in target["expr"] for name in PERHAPS_EMPTY), f"{panel['title']}: {target['expr']}"
    assert prometheus.ask("sum(cilium_feature_adv_connect_and_lb_kube_proxy_replacement_enabled)")[0]["value"][1] == "2"


def test_a_cluster_that_is_well_has_no_alert_and_a_setting_that_does_not_run_gets_one(prometheus, moved):
    found = prometheus.alerts()
    assert {found[name] for name in ("CiliumReplacementOff", "CiliumMapNearlyFull", "CiliumAgentsNotScraped", "CiliumConfigurationDrift")} == {"inactive"}
    moved.kubectl("-n", "kube-system", "patch", "configmap", "cilium-config", "--patch", json.dumps({"data": {"bpf-lb-algorithm": "maglev"}}))
    try:
        until = time.monotonic() + 120
        while not prometheus.ask('ALERTS{alertname="CiliumConfigurationDrift",alertstate="pending"}'):
            assert time.monotonic() < until, "a setting that is not running was not noticed"
            time.sleep(3)
    finally:
        moved.kubectl("-n", "kube-system", "patch", "configmap", "cilium-config", "--patch", json.dumps({"data": {"bpf-lb-algorithm": "random"}}))


def test_the_operators_own_kinds_take_what_is_made_and_find_the_agents(moved, made, programs, tmp_path):
    kinds = Builder(load(moved.environment)).module_dir(*OPERATOR) / "example" / "prometheus-operator-crd"
    for kind in ("servicemonitors", "prometheusrules"):
        moved.kubectl("apply", "--server-side", "-f", kinds / f"monitoring.coreos.com_{kind}.yaml")
    moved.kubectl("create", "namespace", "monitoring")
    moved.kubectl("wait", "--for=condition=Established", "crd/servicemonitors.monitoring.coreos.com", "crd/prometheusrules.monitoring.coreos.com")
    status, output = moved.run("monitoring", *OBJECTS, "-e", f"kpr_kubeconfig={moved.variables['kpr_kubeconfig']}")
    assert status == 0, output[-3000:]
    assert by_annotations(moved)[1] == [], "one way at a time"
    rules = json.loads(moved.kubectl("-n", "monitoring", "get", "prometheusrule", "kubeproxy-free", "-o", "json"))["spec"]
    assert rules == yaml.safe_load((made / "alerts.yml").read_text(encoding="utf-8")), "the kind takes every field, and drops none"
    with Prometheus(tmp_path, programs, 19091, made / "alerts.yml", *by_service_monitor(moved)) as running:
        assert running.alerts()["CiliumAgentsNotScraped"] == "inactive" and running.ask("count(cilium_version)")[0]["value"][1] == "2"
    before = revision(moved)
    status, output = moved.run("monitoring")
    assert status == 0 and revision(moved) == before, f"what the release has is kept: {output[-3000:]}"

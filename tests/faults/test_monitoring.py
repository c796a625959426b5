# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus (the distribution's package, unpacked and not installed) reads real agents: rules load, every query of the dashboard returns data."""

from __future__ import annotations

import json
import pathlib
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

pytestmark = [pytest.mark.lab, pytest.mark.slow]
ADDRESS = "127.0.0.1:19090"
#: Counters that have no value before something happens.
PERHAPS_EMPTY = {"cilium_drop_count_total", "cilium_k8s_terminating_endpoints_events_total"}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    subprocess.run(["apt-get", "-q", "download", "prometheus"], cwd=folder, check=True)
    subprocess.run(["dpkg", "-x", *folder.glob("*.deb"), folder], check=True)
    return folder / "usr" / "bin"


@pytest.fixture(scope="module")
def made(lab):
    """Alert rules and dashboard for the lab, after two runs of which the second has changed nothing."""
    if lab.phase() != "settled":
        status, output = lab.run("migrate", "-e", "kpr_steal_lock=true")
        assert status == 0, output[-3000:]
    for _turn in range(2):
        status, output = lab.run("monitoring")
        assert status == 0, output[-3000:]
    assert "changed=0" in output.split("PLAY RECAP")[1] and "changed=1" not in output.split("PLAY RECAP")[1]
    return lab.reports / "fault"


@pytest.fixture(scope="module")
def prometheus(lab, made, programs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    targets = [f"{host['ansible_host']}:9962" for host in lab.hosts.values()]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [str(made / "alerts.yml")],
        "scrape_configs": [{"job_name": "cilium-agent", "static_configs": [{"targets": targets}]}]}), encoding="utf-8")  # fmt: skip
    command = [programs / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={ADDRESS}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 60
        while not any(result["value"][1] == "1" for result in ask(f"sum(up) == bool {len(targets)}", tolerant=True)):
            assert process.poll() is None and time.monotonic() < until, pathlib.Path(log.name).read_text(encoding="utf-8")[-3000:]
            time.sleep(2)
        time.sleep(10)  # rates need several scrapes
        yield process
    finally:
        process.terminate()
        process.wait()


def get(path, tolerant=False):
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]
    except OSError:
        if tolerant:
            return {"result": []}
        raise


def ask(expression, tolerant=False):
    return get(f"query?{urllib.parse.urlencode({'query': expression})}", tolerant)["result"]


def test_promtool_takes_the_rules(made, programs):
    done = subprocess.run([programs / "promtool", "check", "rules", made / "alerts.yml"], text=True, capture_output=True, check=False)
    assert done.returncode == 0 and "6 rules found" in done.stdout, done.stdout + done.stderr


def test_every_query_of_the_dashboard_returns_data(prometheus, made):
    panels = json.loads((made / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    assert len(panels) == 10
    for panel in panels:
        for target in panel["targets"]:
            found = ask(target["expr"])
            assert found or any(name in target["expr"] for name in PERHAPS_EMPTY), f"{panel['title']}: {target['expr']}"
    assert ask('sum(cilium_feature_adv_connect_and_lb_kube_proxy_replacement_enabled{job="cilium-agent"})')[0]["value"][1] == "2"


def test_no_alert_fires_on_a_cluster_that_is_well_and_one_does_where_it_should(prometheus, lab):
    rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == 6 and all(rule["health"] == "ok" for rule in rules), rules
    states = {rule["name"]: rule["state"] for rule in rules}
    assert states["CiliumReplacementOff"] == states["CiliumMapNearlyFull"] == states["CiliumAgentsNotScraped"] == "inactive"
    lab.kubectl("-n", "kube-system", "patch", "configmap", "cilium-config", "--patch", json.dumps({"data": {"bpf-lb-algorithm": "maglev"}}))
    try:
        until = time.monotonic() + 120
        while not ask('ALERTS{alertname="CiliumConfigurationDrift"}'):
            assert time.monotonic() < until, "a setting that is not running was not noticed"
            time.sleep(3)
    finally:
        lab.kubectl("-n", "kube-system", "patch", "configmap", "cilium-config", "--patch", json.dumps({"data": {"bpf-lb-algorithm": "random"}}))

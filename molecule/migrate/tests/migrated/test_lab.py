"""The lab keeps its packets on this machine."""

from lab import settings
from lab.network import Network


def test_a_packet_to_elsewhere_is_dropped_here(host):
    network = Network(settings.load())
    before = network.counters()
    assert host.run("curl -s --max-time 1 http://192.0.2.1/").rc != 0  # an address kept for documentation
    after = network.counters()
    assert after["kept"] > before["kept"]
    assert after["escaped"] == 0


def test_an_unserved_service_address_ends_here(host):
    network = Network(settings.load())
    before = network.counters()
    unused = settings.load().service_cidrs[0].replace(".0.0/16", ".255.250")
    assert host.run(f"curl -s --max-time 1 http://{unused}/").rc != 0
    after = network.counters()
    assert after["kept"] > before["kept"] and after["escaped"] == 0

import pytest

from lab import settings
from lab.network import Network
from lab.shell import LabError


def test_a_setting_is_an_environment_variable():
    assert settings.load({"KPR_LAB_WORKERS": "3", "KPR_LAB_NAME": "other", "HOME": "/x"}).workers == 3


@pytest.mark.parametrize("variable, value, said", [
    ("KPR_LAB_WROKERS", "3", "no such setting"), ("KPR_LAB_WORKERS", "many", "whole number"), ("KPR_LAB_WORKERS", "9", "0 to 8 workers"),
    ("KPR_LAB_CONTROL_PLANES", "2", "1 or 3 control planes"), ("KPR_LAB_PROXY_MODE", "ipvs", "iptables, nftables"), ("KPR_LAB_NAME", "Lab_1", "letter"),
    ("KPR_LAB_SUBNET", "99", "16 to 31"), ("KPR_LAB_START", "full", "kube-proxy, no-cni, bare"),
])
def test_a_wrong_setting_is_named(variable, value, said):
    with pytest.raises(LabError, match=said) as error:
        settings.load({variable: value})
    assert variable in str(error.value) or "control planes" in str(error.value)


def test_addresses_of_a_dual_stack_lab():
    network = Network(settings.load({"KPR_LAB_IP_FAMILY": "dual"}))
    assert network.addresses(1) == ["172.30.0.11", "fd30:1::b"]
    assert [str(gateway) for gateway in network.gateways()] == ["172.30.0.1", "fd30:1::1"]


def test_two_labs_share_no_network():
    one, other = settings.load({}), settings.load({"KPR_LAB_NAME": "mol", "KPR_LAB_SUBNET": "29"})
    for what in ("node_cidrs", "pod_cidrs", "service_cidrs", "state_dir", "network"):
        assert getattr(one, what) != getattr(other, what), what

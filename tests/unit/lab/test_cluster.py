import pytest

from lab import settings
from lab.cluster import Cluster
from lab.nodes import Nodes


def documents(version):
    wanted = settings.load({"KPR_LAB_KUBERNETES": version})
    return {document["kind"]: document for document in Cluster(wanted, Nodes(wanted)).init_documents()}


@pytest.mark.parametrize("version, api", [("1.30.9", "v1beta3"), ("1.31.0", "v1beta4"), ("1.34.4", "v1beta4")])
def test_configuration_is_written_for_the_version(version, api):
    assert documents(version)["ClusterConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{api}"


def test_extra_arguments_are_a_mapping_before_v1beta4_and_a_list_from_then_on():
    assert documents("1.30.9")["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"] == {"node-ip": "172.30.0.11"}
    assert documents("1.34.4")["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"] == [{"name": "node-ip", "value": "172.30.0.11"}]

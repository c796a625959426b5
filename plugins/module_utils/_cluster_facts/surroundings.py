# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else in a cluster meets Service traffic: meshes, virtual IPs, other CNIs, volumes, hostPorts, disruption budgets. Pure."""
from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cluster_facts import workload

# (kind, product, last part of the image's name): the first matching row names a workload. Images as the projects' own manifests and charts have them.
IMAGES = (
    ("mesh", "Istio", "pilot"), ("mesh", "Istio", "ztunnel"), ("mesh", "Istio", "install-cni"), ("mesh", "Istio", "proxyv2"),
    ("mesh", "Linkerd", "controller"), ("mesh", "Linkerd", "proxy"), ("mesh", "Linkerd", "cni-plugin"),
    ("mesh", "Kuma", "kuma-cp"), ("mesh", "Consul", "consul-k8s-control-plane"), ("mesh", "Open Service Mesh", "osm-controller"),
    ("vip", "kube-vip", "kube-vip"), ("vip", "MetalLB", "speaker"), ("vip", "MetalLB", "metallb-speaker"), ("vip", "keepalived", "keepalived"),
    ("vip", "OpenELB", "openelb"), ("vip", "PureLB", "lbnodeagent"), ("vip", "Service LB (klipper)", "klipper-lb"), ("vip", "LoxiLB", "loxilb"),
    ("cni", "Flannel", "flannel"), ("cni", "Calico", "node"), ("cni", "Calico", "calico-node"), ("cni", "Weave Net", "weave-kube"),
    ("cni", "kindnet", "kindnetd"),
    ("cni", "Antrea", "antrea-agent-ubuntu"), ("cni", "Antrea", "antrea-ubuntu"), ("cni", "Antrea", "antrea-agent-ubi"), ("cni", "kube-router", "kube-router"),
    ("cni", "OVN-Kubernetes", "ovn-kube"), ("cni", "Kube-OVN", "kube-ovn"), ("cni", "AWS VPC CNI", "amazon-k8s-cni"), ("cni", "Azure CNI", "azure-cns"),
    ("cni-meta", "Multus", "multus-cni"),
)
# The names above that are too plain to stand alone: another word must be in the image's full name.
PLAIN = {"node": "calico", "controller": "linkerd", "proxy": "linkerd", "cni-plugin": "linkerd", "pilot": "istio", "speaker": "metallb",
         "install-cni": "istio", "proxyv2": "istio"}
LONGHORN, SMB, NFS = "driver.longhorn.io", "smb.csi.k8s.io", "nfs.csi.k8s.io"


def known(workloads):
    """Return {kind, product, object, ready, desired} of each known DaemonSet and Deployment, one line for each product and object."""
    found = []
    for item in workloads:
        spec = item["spec"]["template"]["spec"]
        for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
            row = _row(container["image"])
            if row:
                found.append({"kind": row[0], "product": row[1], "object": workload.reference(item), **workload.rollout(item)})
                break
    return found


def _row(image):
    name = workload.image_name(image)
    return next((row for row in IMAGES if row[2] == name and PLAIN.get(name, "") in image), None)


def host_ports(workloads):
    """Return {object, ports} of each workload whose pods have a hostPort and not the host's network."""
    found = []
    for item in workloads:
        spec = item["spec"]["template"]["spec"]
        ports = sorted({port["hostPort"] for container in spec["containers"] for port in container.get("ports") or [] if port.get("hostPort")})
        if ports and not spec.get("hostNetwork"):
            found.append({"object": workload.reference(item), "ports": ports})
    return found


def scratch(workloads):
    """The workloads with pods whose emptyDir volumes are lost when they are moved; DaemonSets' pods are not."""
    return [workload.reference(item) for item in workloads if workload.rollout(item)["desired"]
            and any("emptyDir" in volume for volume in item["spec"]["template"]["spec"].get("volumes") or [])]


def volumes(found, cluster_ips):
    """Return {name, kind, server, service} of the volumes that the kernel mounts through a Service; cluster_ips: address -> Service."""
    mounted = []
    for entry in filter(None, map(_volume, found)):
        service = _service(entry["server"], cluster_ips)
        if service or entry["kind"] == "Longhorn":  # its share manager always is a Service
            mounted.append({**entry, "service": service})
    return mounted


def _service(server, cluster_ips):
    """namespace/name of the Service that a server's address or name means, or None."""
    labels = (server or "").rstrip(".").split(".")
    if len(labels) > 2 and labels[2] == "svc":
        return f"{labels[1]}/{labels[0]}"
    return cluster_ips.get(server)


def _volume(item):
    name, spec = item["metadata"]["name"], item.get("spec") or {}
    csi = spec.get("csi") or {}
    attributes = csi.get("volumeAttributes") or {}
    if spec.get("nfs"):
        return {"name": name, "kind": "NFS", "server": spec["nfs"].get("server")}
    if csi.get("driver") == NFS:
        return {"name": name, "kind": "NFS", "server": attributes.get("server")}
    if csi.get("driver") == SMB:
        return {"name": name, "kind": "SMB", "server": attributes.get("source", "").lstrip("/").partition("/")[0] or None}
    if csi.get("driver") == LONGHORN and (spec.get("accessModes") or [None])[0] == "ReadWriteMany":
        return {"name": name, "kind": "Longhorn", "server": None}
    return None


def tight_budgets(found):
    """Names of the PodDisruptionBudgets that at present allow no eviction of pods they do select."""
    return [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found
            if (one.get("status") or {}).get("expectedPods") and not one["status"].get("disruptionsAllowed")]

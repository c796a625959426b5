# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node that is no member can become one. Pure."""

from __future__ import annotations

from typing import Any, Iterator

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kubeadm import needs, networks, versions

Object = dict[str, Any]


def problems(node: Object, cluster: Object) -> list[str]:
    """What is in the way of a node, as sentences; while packages are to come, only what they do not bring."""
    facts = node["facts"]
    if facts["other"]:
        return [f"found a node of {facts['other']}, expected one of no cluster. Take it out of this inventory, or uninstall {facts['other']}."]
    if facts["leftovers"]:
        return [f"found what an earlier kubeadm left ({', '.join(facts['leftovers'])}), expected nothing of it. To take it away: kubeadm reset"]
    found = [*_programs(facts, cluster), *_runtime(facts, cluster), *_kernel(node, cluster), *_place(node, cluster)]
    return [f"{what}: found {seen}, expected {wanted}; {remedy}" for what, seen, wanted, remedy, comes in found if not (comes and cluster["installs"])]


def kernel_needs(cluster: Object) -> Object:
    """sysctls and modules that this cluster needs of every node."""
    number, families = versions.number(cluster["version"]), networks.families(cluster["networks"])
    wanted = [one for one in needs.SYSCTLS if one.family in families and number and number <= one.last]
    return {"sysctls": [one.name for one in wanted], "modules": sorted({one.module for one in wanted if one.module})}


def _programs(facts: Object, cluster: Object) -> Iterator[tuple]:
    number = versions.number(cluster["version"])
    for name in needs.NEEDED_PROGRAMS if number else ():
        found = facts["programs"].get(name)
        if found is None or versions.number(found) != number:
            remedy = f"install {name} {cluster['version']}, or set kubeadm_init_install_packages: true"
            yield name, found or "none", cluster["version"], remedy, found is None
    if number and number <= needs.LAST_WITH_CRICTL and "crictl" not in facts["programs"]:
        remedy = "install cri-tools, or set kubeadm_init_install_packages: true"
        yield "crictl", "none", f"one, by which kubeadm {cluster['version']} asks the container runtime", remedy, True


def _runtime(facts: Object, cluster: Object) -> Iterator[tuple]:
    runtime = facts["runtime"]
    if runtime["error"]:
        yield f"container runtime at {runtime['path']}", runtime["error"], "one that listens", "systemctl enable --now containerd", True
    settings = runtime["config"]
    if not settings:
        return
    driver = cluster["kubelet"].get("cgroupDriver") or "systemd"
    correct = "/etc/containerd/config.toml, then systemctl restart containerd"
    if settings["disabled"]:  # containerd says nothing of their settings then
        found = f"disabled_plugins with {', '.join(settings['disabled'])}"
        remedy = f"take them out and set SystemdCgroup = {str(driver == 'systemd').lower()} for runc in {correct}"
        yield "containerd's configuration", found, "its plugins for Kubernetes", remedy, False
        return
    if needs.CNI_PROGRAMS not in settings["cni_programs"]:
        found = f"CNI programs in {', '.join(settings['cni_programs']) or 'no folder'}"
        wanted = f"{needs.CNI_PROGRAMS}, where Cilium puts its own"
        yield "containerd's configuration", found, wanted, f"set bin_dir (containerd 2: bin_dirs) in {correct}", False
    image, repository = settings["sandbox_image"], cluster["image_repository"]
    if repository and image and not settings["sandbox_mirrored"] and _registry(image) != _registry(repository):
        remedy = (f"set sandbox_image (containerd 2: sandbox in pinned_images) in {correct}; its name with /pause: is among those of "
                  f"kubeadm config images list --image-repository {repository} --kubernetes-version {cluster['version']}")  # fmt: skip
        yield "sandbox image in containerd's configuration", image, f"one of {repository} (imageRepository), as kubeadm has it", remedy, False
    is_told = settings["version"] >= needs.DRIVER_IS_TOLD[0] and (versions.number(cluster["version"]) or (0, 0)) >= needs.DRIVER_IS_TOLD[1]
    if settings["cgroup_driver"] != driver and not is_told:
        remedy = f"set SystemdCgroup = {str(driver == 'systemd').lower()} in {correct}, or cgroupDriver in kpr_kubelet_configuration"
        yield "cgroup driver", f"{settings['cgroup_driver']} in containerd's configuration", f"{driver}, as kubelet has it", remedy, False


def _registry(image: str) -> str:
    return image.partition("/")[0]


def _kernel(node: Object, cluster: Object) -> Iterator[tuple]:
    facts = node["facts"]
    wanted = kernel_needs(cluster)
    for name in wanted["sysctls"]:
        if facts["sysctls"].get(name) != "1":
            module = next((f"modprobe {one.module} && " for one in needs.SYSCTLS if one.name == name and one.module), "")
            remedy = f"{module}echo {name}=1 >>/etc/sysctl.d/99-kubernetes.conf && sysctl --system"
            yield f"sysctl {name}", facts["sysctls"].get(name, "missing"), "1", remedy, True
    if facts["swap"] and cluster["kubelet"].get("failSwapOn", True):
        yield "swap", ", ".join(facts["swap"]), "none", "swapoff -a, and take it out of /etc/fstab; or failSwapOn: false in kpr_kubelet_configuration", False
    for one in node["kernel"]:
        yield f"kernel, {one['subject']}", one["found"], one["expected"], one["remedy"], False


def _place(node: Object, cluster: Object) -> Iterator[tuple]:
    for address in dict.fromkeys([*node["addresses"], *node["facts"]["addresses"]]):
        taken = networks.holding(cluster["networks"], address)
        if taken:
            yield "address", address, f"one outside of {taken}", "change kpr_pod_cidrs or kpr_service_cidrs, or the node's address", False

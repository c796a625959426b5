# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who made an object and will put it back: Helm, GitOps and add-on managers leave their marks on it. Pure."""
from __future__ import annotations

# (owner, where, prefix of the key or of the field manager's name). Sources: the tools' own documentation of their tracking labels:
# helm.sh/docs/topics/charts_hooks (meta.helm.sh), argo-cd.readthedocs.io user-guide/resource_tracking, fluxcd.io kustomize-controller and
# helm-controller, kubernetes cluster/addons/addon-manager, Rancher (objectset.rio.cattle.io), Sveltos, Carvel.
# Providers: EKS docs.aws.amazon.com/eks/latest/userguide/kubernetes-field-management (field manager "eks"; kube-proxy that an EKS cluster was born with
# has the label eks.amazonaws.com/component too, and belongs to nobody), AKS learn.microsoft.com/azure/aks/core-aks-concepts (cluster components),
# Gardener gardener.cloud/docs/gardener/concepts/resource-manager, kOps upup/pkg/fi/cloudup/bootstrapchannelbuilder; GKE and DigitalOcean mark what they
# put in a cluster by these keys, which their documentation does not list.
MARKS = (
    ("Argo CD", "annotations", "argocd.argoproj.io/tracking-id"),
    ("Argo CD", "labels", "argocd.argoproj.io/instance"),
    ("Argo CD", "managers", "argocd-controller"),
    ("Argo CD", "managers", "argocd-application-controller"),
    ("Flux", "labels", "kustomize.toolkit.fluxcd.io/"),
    ("Flux", "labels", "helm.toolkit.fluxcd.io/"),
    ("Flux", "managers", "kustomize-controller"),
    ("Flux", "managers", "helm-controller"),
    ("AKS", "labels", "kubernetes.azure.com/managedby"),
    ("GKE", "annotations", "components.gke.io/component-name"),
    ("DigitalOcean", "labels", "doks.digitalocean.com/managed"),
    ("Gardener", "labels", "resources.gardener.cloud/managed-by"),
    ("kOps", "labels", "addon.kops.k8s.io/name"),
    ("the add-on manager", "labels", "addonmanager.kubernetes.io/mode"),
    ("EKS add-ons", "managers", "eks"),
    ("Rancher", "annotations", "objectset.rio.cattle.io/"),
    ("kapp", "labels", "kapp.k14s.io/app"),
    ("Sveltos", "labels", "projectsveltos.io/"),
    ("Cluster API", "labels", "addons.cluster.x-k8s.io/"),
    ("Helm", "annotations", "meta.helm.sh/release-name"),
)


def owner(item):
    """Return {name, evidence} of the first mark found, or None; the table has the managers before the tools that they use."""
    metadata = item["metadata"]
    marks = {
        "labels": metadata.get("labels") or {},
        "annotations": metadata.get("annotations") or {},
        "managers": {entry.get("manager", ""): "field manager" for entry in metadata.get("managedFields") or []},
    }
    for name, where, prefix in MARKS:
        for key, value in marks[where].items():
            if key == prefix or key.startswith(prefix) and prefix.endswith("/"):
                return {"name": name, "evidence": f"{where[:-1]} {key}" + (f"={value}" if where != "managers" else "")}
    references = metadata.get("ownerReferences") or []
    if references:
        return {"name": f"{references[0]['kind']} {references[0]['name']}", "evidence": "owner reference"}
    return None

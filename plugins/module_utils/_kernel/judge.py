# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a kernel shows to verdicts for a wanted version of Cilium and wanted features. Pure."""

from __future__ import annotations

from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._cilium import compat
from ansible_collections.fleetops.kubeproxy_free.plugins.module_utils._kernel import config, rules

ORDER = ("ok", "note", "unknown", "warning", "blocker")


def verdicts(kernel, release, cilium_version, features):
    """All verdicts, the base's first. kernel is what probe.look returns, release is a release.Release."""
    minor = compat.minor(cilium_version)
    found = [minimum(release, minor, cilium_version), *node_state(kernel)]
    for feature in ("base", *features):
        found += [by_version(release, feature, rule) for rule in rules.VERSIONS.get(feature, ())]
        found += [by_options(kernel, rule) for rule in rules.OPTIONS if rule.feature == feature and (minor is None or rule.first <= minor <= rule.last)]
        if feature == "service_mounts":
            found.append(service_mounts(release))
    return found


def verdict(feature, subject, status, found, expected, source, remedy):
    """One verdict; a remedy is only given where there is something to do."""
    return {
        "feature": feature,
        "subject": subject,
        "status": status,
        "found": found,
        "expected": expected,
        "source": source,
        "remedy": None if status == "ok" else remedy,
    }


def by_feature(found):
    """Feature -> its worst status."""
    worst = {}
    for one in found:
        worst[one["feature"]] = max(worst.get(one["feature"], "ok"), one["status"], key=ORDER.index)
    return worst


def named(release):
    """The release as a person would say it."""
    return f"{release.text} ({compat.dotted(release.version)})" if release.version else release.text


def minimum(release, minor, wanted):
    """The version against what this Cilium says it needs."""
    line = compat.MINORS.get(minor)
    if line is None:
        known = f"{compat.dotted(compat.FIRST)} to {compat.dotted(compat.LAST)}"
        return verdict(
            "base",
            "kernel",
            "unknown",
            named(release),
            f"a Cilium of {known}",
            rules.SYSTEM,
            f"this collection knows nothing of Cilium {wanted}: choose one of {known}, or read its System Requirements",
        )
    el8 = f", or 4.18.0-{line.el8}.el8 of Red Hat and its rebuilds"
    expected = f">= {compat.dotted(line.kernel[:2] if not line.kernel[2] else line.kernel)} for Cilium {compat.dotted(minor)}{el8}"
    if release.version is None:
        return verdict("base", "kernel", "unknown", release.text, expected, rules.SYSTEM, "its version cannot be read; compare it by hand with: uname -rv")
    status = "ok" if enough(release, line) else "blocker"
    fitting = [one for one in compat.MINORS if enough(release, compat.MINORS[one])]
    other = f", or choose Cilium {compat.dotted(max(fitting))}" if fitting else ""
    return verdict("base", "kernel", status, named(release), expected, rules.SYSTEM, f"upgrade the kernel of this node and reboot it{other}")


def enough(release, line):
    """True if the kernel is one that this line of the table accepts."""
    if is_el8(release):
        return release.build >= (line.el8,)
    return release.version >= line.kernel


def is_el8(release):
    """True for Red Hat's 4.18, whose version says nothing of what is ported back."""
    return release.family == "el" and release.version[:2] == (4, 18)


def by_version(release, feature, rule):
    """A feature that upstream has from some version on."""
    least, brings, status = rule
    expected = f">= {compat.dotted(least[:2] if not least[2] else least)}"

    def say(word, remedy=None):
        return verdict(feature, f"kernel version for {brings}", word, named(release), expected, rules.SYSTEM, remedy)

    if release.version is None:
        return say("unknown", "its version cannot be read; compare it by hand with: uname -rv")
    equal = release.version
    if is_el8(release):
        equal = next((version for build, version in rules.EL8_EQUALS if release.build >= (build,)), release.version)
    if equal >= least and not in_gap(equal, least):
        return say("ok")
    if release.family == "el" and release.version >= (4, 18, 0) and equal >= (4, 19, 57):
        return say("unknown", "Red Hat may have ported it back: try it on one node, or ask its release notes")
    return say(
        status, f"Cilium runs without {brings}; upgrade the kernel to have it" if status == "warning" else f"upgrade the kernel, or do without {brings}"
    )


def in_gap(version, least):
    """True for 5.0.x and 5.1.0 to 5.1.15, which lack what 4.19.57 has: the fix went to 4.19.57, 5.1.16 and 5.2."""
    return least == (4, 19, 57) and (4, 20, 0) <= version < (5, 1, 16)


def by_options(kernel, rule):
    """A rule about options: the worst of them decides; one that cannot be told makes it unknown unless another is missing."""
    states = [(option, *config.state(option, kernel)) for option in rule.options]
    absent = [evidence for option, state, evidence in states if state == config.ABSENT]
    unknown = [f"{option}: {evidence}" for option, state, evidence in states if state == config.UNKNOWN]
    expected = ", ".join(f"CONFIG_{option}" for option in rule.options)
    if absent:
        return verdict(rule.feature, rule.subject, rule.missing, "; ".join(absent), expected, rule.source, rule.remedy)
    if unknown:
        return verdict(
            rule.feature,
            rule.subject,
            "unknown",
            "; ".join(unknown),
            expected,
            rule.source,
            f"make it readable (/proc/config.gz or /boot/config-{kernel['release']}), or ask the vendor of the kernel",
        )
    return verdict(rule.feature, rule.subject, "ok", "; ".join(evidence for option, state, evidence in states), expected, rule.source, None)


def service_mounts(release):
    """NFS and SMB through a Service's address."""
    expected = "the fixes 0bdf399342c5, 86a7e0b69bd5, 01b2885d9415 and, for SMB, cedc019b9f26"
    remedy = "before kube-proxy leaves, mount by an address that is no Service's, or upgrade the kernel to a build that names these fixes"
    if release.version is None:
        status = "unknown"
    elif release.version >= rules.MOUNTS_UPSTREAM:
        status = "ok"
    else:
        least = rules.MOUNTS.get((release.family, release.version[:2]))
        comparable = least and (release.family != "ubuntu" or release.flavour in rules.UBUNTU_FLAVOURS)
        status = ("ok" if release.build >= least else "warning") if comparable else "unknown"
    return verdict("service_mounts", "mounts of NFS and SMB through a Service", status, named(release), expected, rules.KPR, remedy)


def node_state(kernel):
    """What is mounted, switched on and attached."""
    return [mounted(kernel, "cgroup2", "/run/cilium/cgroupv2"), mounted(kernel, "bpf", "/sys/fs/bpf"), jit(kernel), foreign_programs(kernel)]


def mounted(kernel, kind, place):
    """A pseudo file system that the agent mounts itself if it is not there, provided the kernel has it."""
    where = [path for path, found in kernel["mounts"] if found == kind]
    if where:
        return verdict("base", f"mount of {kind}", "ok", f"mounted on {', '.join(where)}", f"{kind} mounted", rules.SYSTEM, None)
    if kind in kernel["filesystems"]:
        return verdict(
            "base",
            f"mount of {kind}",
            "note",
            "not mounted, but the kernel has it",
            f"{kind} mounted",
            rules.SYSTEM,
            f"nothing to do unless cgroup.autoMount or the agent's mount is switched off: the agent mounts it on {place}",
        )
    return verdict("base", f"mount of {kind}", "blocker", "/proc/filesystems does not list it", f"{kind} mounted", rules.SYSTEM, rules.KERNEL)


def jit(kernel):
    """The compiler of eBPF."""
    value = kernel["jit"]
    status = {"1": "ok", "2": "ok", "0": "warning"}.get(value, "unknown")
    return verdict(
        "base",
        "compiler of eBPF (JIT)",
        status,
        f"net.core.bpf_jit_enable is {value or 'not readable'}",
        "1",
        rules.SYSTEM,
        "sysctl -w net.core.bpf_jit_enable=1, and in /etc/sysctl.d",
    )


def foreign_programs(kernel):
    """Programs of others at the root of cgroup2. One that was attached exclusively keeps the agent's own from being attached."""
    subject, expected, source = "programs of others on the root cgroup", "none, or attached so that others may be too", "cilium/cilium issue 43877"
    programs = kernel["cgroup_programs"]
    if programs is None:
        return verdict(
            "base", subject, "unknown", kernel["cgroup_programs_error"], expected, source, "run this check as root, or look with: bpftool cgroup tree"
        )
    foreign = [one for one in programs if not one["name"].startswith(("cil_", "sock4_", "sock6_"))]
    text = ", ".join(f"{one['name'] or 'without a name'} (id {one['id']}, {one['attach_type']}{'' if one['multi'] else ', exclusive'})" for one in foreign)
    status = "ok" if not foreign else "note" if all(one["multi"] for one in foreign) else "blocker"
    return verdict(
        "base",
        subject,
        status,
        text or "none",
        expected,
        source,
        (
            "find who loads them (bpftool prog show id ID) and have it attach with BPF_F_ALLOW_MULTI"
            if status == "blocker"
            else "nothing to do: they and Cilium's run one after the other"
        ),
    )

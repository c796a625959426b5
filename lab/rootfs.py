"""Debian root file systems: one for the nodes, two as the common layers of the images, one as the base of an execution environment."""

import pathlib

from lab.parts import key
from lab.progress import step
from lab.shell import run

SUITE = "bookworm"
NODE_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "containerd", "runc", "iptables", "nftables", "ipset", "conntrack", "ethtool", "socat",
    "iproute2", "ebtables", "kmod", "procps", "python3", "openssh-server", "curl", "iputils-ping", "mount", "util-linux",
)
# kube-proxy and agnhost: packet filters, and the programs that the Kubernetes tests call in agnhost.
USERLAND_PACKAGES = ("iptables", "nftables", "conntrack", "ipset", "iproute2", "kmod", "procps", "curl", "wget", "netcat-openbsd", "dnsutils",
                     "iputils-ping", "mount", "util-linux")
# libraries only: clang itself is unpacked without its compiler dependencies, which an agent never uses
AGENT_PACKAGES = ("iptables", "nftables", "conntrack", "ipset", "iproute2", "kmod", "procps", "mount", "util-linux")
# what an execution environment is built on: Python, and what Ansible calls to reach a node
CONTROLLER_PACKAGES = ("python3", "python3-pip", "python3-venv", "openssh-client", "ca-certificates", "git")
WRAPPED = ("iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore")

# ansible-builder calls dnf or microdnf for system packages, and Debian has neither
MICRODNF = """#!/bin/sh
action=$1; shift
for word; do shift; case $word in -*|install_weak_deps=*) ;; *) set -- "$@" "$word" ;; esac; done
[ "$action" = install ] || exec apt-get clean
apt-get -q update && exec apt-get -q -y install --no-install-recommends "$@"
"""
# As in the upstream images, the first call chooses the host's backend by kubelet's hint chain. Legacy is read without -t,
# which would create the table it names.
IPTABLES_WRAPPER = """#!/bin/sh
set -eu
hint='^:(KUBE-IPTABLES-HINT|KUBE-KUBELET-CANARY) '
mode=nft
if ! { iptables-nft-save -t mangle; ip6tables-nft-save -t mangle; } 2>/dev/null | grep -Eq "$hint"; then
  if { iptables-legacy-save; ip6tables-legacy-save; } 2>/dev/null | grep -Eq "$hint"; then mode=legacy; fi
fi
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -sf "xtables-$mode-multi" "/usr/sbin/$name"
done
exec "$(basename "$0")" "$@"
"""


class Rootfs:
    """Builds and caches root file systems as tar files."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = settings.cache_dir / "rootfs"

    def node(self):
        return self._make("node", NODE_PACKAGES, (
            "rm -f {root}/etc/ssh/ssh_host_* {root}/etc/machine-id && touch {root}/etc/machine-id",
            "chroot {root} systemctl mask getty.target systemd-logind.service systemd-udevd.service "
            "console-getty.service systemd-networkd-wait-online.service",
            "chroot {root} systemctl disable containerd.service ssh.service",
        ))

    def userland(self):
        return self._make("userland", USERLAND_PACKAGES, (self._wrap(),))

    def agent(self):
        clang = self.settings.clang
        return self._make("agent", (*AGENT_PACKAGES, f"libclang-cpp{clang}", f"libllvm{clang}"), (
            self._wrap(),
            "cd {root}/var/tmp && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download "
            f"clang-{clang} libclang-common-{clang}-dev && for file in *.deb; do dpkg-deb -x $file {{root}}; done && rm *.deb",
            f"ln -s clang-{clang} {{root}}/usr/bin/clang",
        ))

    def controller(self):
        return self._make("controller", CONTROLLER_PACKAGES, (self._program("/usr/bin/microdnf", MICRODNF),))

    def netperf(self):
        """netperf is among the free packages from this release on."""
        return self._make("netperf", ("netperf",), (), suite="trixie")

    def _wrap(self):
        links = "; ".join(f"ln -sf iptables-wrapper {{root}}/usr/sbin/{name}" for name in WRAPPED)
        return f"{self._program('/usr/sbin/iptables-wrapper', IPTABLES_WRAPPER)}; {links}"

    @staticmethod
    def _program(path, script):
        quoted = script.replace("'", "'\\''")
        return f"printf %s '{quoted}' > {{root}}{path}; chmod 755 {{root}}{path}"

    def _make(self, name, packages, hooks, suite=SUITE):
        target = self.folder / f"{name}-{suite}-{key(name, suite, *packages, *hooks)}.tar"
        if target.exists():
            return target
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        log = self.settings.cache_dir / "logs" / f"rootfs-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        words = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=tar", f"--include={','.join(packages)}",
                 "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
                 "--dpkgopt=path-exclude=/usr/share/locale/*"]
        words += [f"--customize-hook={hook.replace('{root}', '$1')}" for hook in hooks]
        with step(f"make the root file system of the {name} image ({len(packages)} packages)"):
            run(*words, suite, draft, *self._sources(suite), log=log)
        draft.rename(target)
        return target

    @staticmethod
    def _sources(suite):
        """The machine's own Debian sources where it runs the same suite, so that a local mirror is used."""
        files = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("debian*"))]
        return [str(path) for path in files if path.exists() and suite in path.read_text(encoding="utf-8")]

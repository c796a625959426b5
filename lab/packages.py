"""What the lab needs of the machine itself: Debian packages, and room for the watchers of many nodes."""

import os
import pathlib
import shutil

from lab.progress import step
from lab.shell import LabError, run

#: program -> package
NEEDED = {
    "podman": "podman", "runc": "runc", "conmon": "conmon", "mmdebstrap": "mmdebstrap", "ip": "iproute2", "nft": "nftables",
    "ssh-keygen": "openssh-client", "nsenter": "util-linux", "pip3": "python3-pip",
}

#: systemd, containerd, kubelet and kube-proxy of each node watch files; with the kernel's default of 128 the second lab's nodes end at once.
WATCHERS = 4096
LIMIT = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")


def make_room():
    """Raise the limit until the next boot. It costs nothing as long as nobody uses it."""
    if int(LIMIT.read_text(encoding="ascii")) < WATCHERS:
        LIMIT.write_text(str(WATCHERS), encoding="ascii")


def install():
    if os.geteuid() != 0:
        raise LabError("the lab makes containers, a bridge and routes: run it as root")
    missing = sorted({package for program, package in NEEDED.items() if not shutil.which(program)})
    if not missing:
        return
    with step(f"install {', '.join(missing)}"):
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "--quiet", env=environment)
        run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing, env=environment)

"""Debian packages that the lab needs on the machine itself."""

import os
import shutil

from lab.progress import step
from lab.shell import LabError, run

#: program -> package
NEEDED = {
    "podman": "podman", "runc": "runc", "conmon": "conmon", "mmdebstrap": "mmdebstrap", "ip": "iproute2", "nft": "nftables",
    "ssh-keygen": "openssh-client", "nsenter": "util-linux", "pip3": "python3-pip",
}


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

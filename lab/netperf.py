"""netperf for benchmarks: an image on the nodes of a lab that is up, and a program on this machine."""

import shutil

from lab.images import Images, reference
from lab.nodes import PODMAN, Nodes
from lab.parts import Builder
from lab.progress import step
from lab.rootfs import Rootfs
from lab.shell import run

IMAGE = reference("netperf", "2.7")


def put_on_nodes(settings):
    """Returns the image's name."""
    archive = Images(settings, Builder(settings).all(), Rootfs(settings)).netperf(IMAGE)
    for node in Nodes(settings).list():
        with step(f"import {IMAGE} on {node.name}"):
            run(*PODMAN, "cp", archive, f"{node.container}:/netperf.tar")
            node.sh("ctr -n k8s.io images import /netperf.tar && rm /netperf.tar")
    return IMAGE


def program(settings):
    """Returns the path of a script that runs it out of its root file system; gone with the lab."""
    folder = settings.state_dir / "netperf"
    shutil.rmtree(folder, ignore_errors=True)
    root = folder / "root"
    root.mkdir(parents=True)
    run("tar", "--extract", "--file", Rootfs(settings).netperf(), "--directory", root, "--exclude=./dev/*")
    script = folder / "netperf"
    script.write_text(f'#!/bin/sh\nexec chroot {root} netperf "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script

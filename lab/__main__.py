"""python3 -m lab up | down | status | prepare: a real kubeadm cluster on this machine.

Settings are environment variables: KPR_LAB_KUBERNETES, KPR_LAB_CILIUM, KPR_LAB_WORKERS ...; `python3 -m lab settings` lists
them with their values.
"""

import argparse
import dataclasses
import shutil
import sys

from lab import cilium, inventory, packages, settings as lab_settings, workload
from lab.cluster import Cluster, wait_ready
from lab.images import Images
from lab.nodes import Nodes
from lab.parts import Builder
from lab.progress import say, step
from lab.rootfs import Rootfs
from lab.shell import LabError


def prepare(settings):
    """Everything that is cached: programs, root file systems, images, the store of images."""
    packages.install()
    packages.make_room()
    parts = Builder(settings).all()
    rootfs = Rootfs(settings)
    archives = Images(settings, parts, rootfs).all()
    nodes = Nodes(settings)
    image = nodes.image(rootfs.node())
    return parts, image, nodes.golden(image, archives)


def up(settings):
    nodes = Nodes(settings)
    stamp = settings.state_dir / "up"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == repr(settings) and \
            nodes.running() >= {node.container for node in nodes.list()}:
        folder = inventory.write(settings, nodes, Builder(settings).all())  # this may be another checkout than that which started it
        say(f"the lab {settings.name} is up: {folder}, kubeconfig {settings.kubeconfig}")
        return
    parts, image, golden = prepare(settings)
    down(settings)
    settings.state_dir.mkdir(parents=True, mode=0o700)
    try:
        with step(f"start {len(nodes.list())} nodes"):
            nodes.up(image, golden, parts)
        if settings.start != "bare":
            cluster = Cluster(settings, nodes)
            cluster.up()
            if settings.start == "kube-proxy":
                cilium.install(settings, cluster, parts)
                wait_ready(cluster, 180)
                workload.apply(settings, cluster)
        folder = inventory.write(settings, nodes, parts)
    except BaseException:
        say(f"the nodes are left as they are; look at them, then: python3 -m lab down (lab {settings.name})")
        raise
    stamp.write_text(repr(settings), encoding="utf-8")
    say(f"the lab {settings.name} is up: {folder}, kubeconfig {settings.kubeconfig}")


def down(settings):
    if not shutil.which("podman"):
        return
    with step(f"take down the lab {settings.name}"):
        Nodes(settings).down()
        inventory.remove(settings)


def status(settings):
    nodes = Nodes(settings)
    running = nodes.running()
    for node in nodes.list():
        print(f"{node.container:16} {node.address:16} {'running' if node.container in running else 'not there'}")
    if running:
        print("packets of the lab that were kept on this machine:", nodes.network.counters())


def show_settings(settings):
    for field in dataclasses.fields(settings):
        print(f"KPR_LAB_{field.name.upper()}={getattr(settings, field.name)}")


COMMANDS = {"up": up, "down": down, "status": status, "prepare": prepare, "settings": show_settings}


def main():
    parser = argparse.ArgumentParser(prog="python3 -m lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    try:
        COMMANDS[parser.parse_args().command](lab_settings.load())
    except LabError as error:
        sys.exit(f"lab: {error}")


if __name__ == "__main__":
    main()

"""Nodes: podman containers with systemd as PID 1, and the store of images that each of them starts with."""

import dataclasses
import json
import pathlib
import resource
import shutil
import time

from lab.images import PAUSE_TAG, reference
from lab.network import Network
from lab.parts import key
from lab.progress import step
from lab.shell import LabError, output, run

LABEL = "kubeproxy-free-lab"
FILES = pathlib.Path(__file__).parent / "files"
BOLT_FILES = ("io.containerd.metadata.v1.bolt/meta.db", "io.containerd.snapshotter.v1.overlayfs/metadata.db")
# What podman's own --systemd does, but for its mount of the machine's hierarchy for systemd (cgroups v1): in that one, all nodes of all labs would
# share their pods' groups, and kubelets remove groups that they do not know.
SYSTEMD = ("--systemd=false", "--stop-signal=SIGRTMIN+3", "--env", "container=podman", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/run/lock")
PODMAN = ("podman", "--cgroup-manager=cgroupfs", "--runtime=runc")


def limits():
    """podman's own defaults can be more than this machine allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ("--ulimit", f"nofile={hard}:{hard}", "--ulimit", "nproc=32768:32768")


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    number: int                 # place among the nodes, from 1
    addresses: tuple
    control_plane: bool
    container: str

    @property
    def address(self):
        return self.addresses[0]

    def sh(self, script, *arguments, **options):
        """Run a shell script in the node."""
        return run(*PODMAN, "exec", "-i", self.container, "sh", "-s", "--", *arguments, text_input=script, **options)


class Nodes:
    def __init__(self, settings):
        self.settings = settings
        self.network = Network(settings)

    def list(self):
        s = self.settings
        names = [f"cp{n + 1}" for n in range(s.control_planes)] + [f"worker{n + 1}" for n in range(s.workers)]
        return [Node(name, number, tuple(self.network.addresses(number)), name.startswith("cp"), f"{s.name}-{name}")
                for number, name in enumerate(names, 1)]

    def running(self):
        found = output(*PODMAN, "ps", "--filter", f"label={LABEL}={self.settings.name}", "--format", "{{.Names}}")
        return set(found.split())

    def image(self, rootfs_tar):
        name = f"localhost/kubeproxy-free-lab-node:{key(rootfs_tar.name)}"
        if run(*PODMAN, "image", "exists", name, check=False).returncode != 0:
            with step("import the node image"):
                run(*PODMAN, "import", "--change", 'CMD ["/lib/systemd/systemd"]', rootfs_tar, name)
        return name

    def golden(self, image, archives):
        """A containerd store that holds every image, imported once for one set of images."""
        folder = self.settings.cache_dir / "golden" / key(*(archive.name for archive in archives))
        if folder.is_dir():
            return folder
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        container = f"{self.settings.name}-golden"
        run(*PODMAN, "rm", "--force", "--time", "0", container, check=False)
        with step(f"import {len(archives)} images into a containerd store"):
            run(*PODMAN, "run", "--detach", "--name", container, "--label", f"{LABEL}={self.settings.name}", "--privileged", "--network", "none",
                *limits(), "--volume", f"{draft}:/var/lib/containerd", "--volume", f"{archives[0].parent}:/images:ro", "--tmpfs", "/run",
                image, "containerd")
            script = "until ctr version >/dev/null 2>&1; do sleep 0.2; done\n" + "".join(
                f"ctr -n k8s.io images import /images/{archive.name}\n" for archive in archives)
            run(*PODMAN, "exec", "-i", container, "sh", "-e", text_input=script)
            run(*PODMAN, "stop", "--time", "20", container)
            run(*PODMAN, "rm", "--force", container)
        draft.rename(folder)
        return folder

    def up(self, image, golden, parts):
        self.network.up()
        public_key = self._ssh_key()
        for node in self.list():
            self._start(node, image, golden, parts, public_key)

    def _ssh_key(self):
        private = self.settings.state_dir / "ssh_key"
        if not private.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", private)
        return private.with_suffix(".pub").read_text(encoding="utf-8")

    def _start(self, node, image, golden, parts, public_key):
        s = self.settings
        home = s.state_dir / "nodes" / node.name
        home.mkdir(parents=True)
        _clone_store(golden, home / "containerd")
        for name in ("kubelet", "etcd", "backup"):
            (home / name).mkdir()
        run(*PODMAN, "run", "--detach", "--name", node.container, "--hostname", node.name, "--label", f"{LABEL}={s.name}",
            "--cgroupns=private", "--privileged", *SYSTEMD, "--log-driver=k8s-file", "--network=none", "--no-hosts", *limits(),
            "--volume", f"{home}/containerd:/var/lib/containerd", "--volume", f"{home}/kubelet:/var/lib/kubelet",
            "--volume", f"{home}/etcd:/var/lib/etcd",
            "--volume", f"{parts['kubernetes']}/bin:/opt/lab/kubernetes:ro", "--volume", f"{parts['tools']}/bin:/opt/lab/tools:ro",
            "--volume", f"{parts['cni']}/bin:/opt/lab/cni:ro", image)
        details = json.loads(output(*PODMAN, "inspect", node.container))[0]
        self.network.attach(details["State"]["Pid"], node.number)
        _wait_for_systemd(node)
        hosts = "127.0.0.1 localhost\n" + "".join(
            f"{address} {other.name}\n" for other in self.list() for address in other.addresses)
        hosts += f"{self.list()[0].address} {api_name(s)}\n"
        node.sh(f"cat >/etc/hosts <<'EOF'\n{hosts}EOF\nmkdir -p -m 700 /root/.ssh\necho '{public_key.strip()}' >/root/.ssh/authorized_keys\n"
                # nobody answers there: the lab has no names but its own, and a query must not leave
                f"umount /etc/resolv.conf 2>/dev/null; echo 'nameserver {self.network.gateways()[0]}' >/etc/resolv.conf\n")
        node.sh((FILES / "provision.sh").read_text(encoding="utf-8"), s.iptables_backend, reference("pause", PAUSE_TAG))

    def down(self):
        names = output(*PODMAN, "ps", "--all", "--filter", f"label={LABEL}={self.settings.name}", "--format", "{{.Names}}").split()
        if names:
            remove = (*PODMAN, "rm", "--force", "--volumes", "--time", "2", *names)
            # podman fails when a container ends between its look and its SIGKILL; the second time it is stopped
            if run(*remove, check=False).returncode != 0:
                run(*remove, "--ignore")
        self.network.down()
        shutil.rmtree(self.settings.state_dir, ignore_errors=True)
        if self.settings.state_dir.exists():
            raise LabError(f"{self.settings.state_dir}: could not be removed; see: findmnt -R {self.settings.state_dir}")


def api_name(settings):
    """The name of the control plane's endpoint, in every node's hosts file."""
    return f"api.{settings.name}.lab"


def _clone_store(golden, target):
    """Copy a store by hard links: layers and blobs are never written in place, only the two databases are."""
    if run("cp", "--archive", "--link", golden, target, check=False).returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        run("cp", "--archive", golden, target)
        return
    for name in BOLT_FILES:
        (target / name).unlink()
        shutil.copy2(golden / name, target / name)


def _wait_for_systemd(node, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = run(*PODMAN, "exec", node.container, "systemctl", "is-system-running", check=False).stdout.strip()
        if state in ("running", "degraded"):
            return
        time.sleep(0.5)
    raise LabError(f"{node.container}: systemd did not start within {seconds} s; see: podman logs {node.container}")

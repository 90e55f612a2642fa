"""How this system installs a program that devassist can use."""

from __future__ import annotations

from pathlib import Path

_BUBBLEWRAP = {
    "debian": "sudo apt-get install bubblewrap",
    "ubuntu": "sudo apt-get install bubblewrap",
    "fedora": "sudo dnf install bubblewrap",
    "rhel": "sudo dnf install bubblewrap",
    "centos": "sudo dnf install bubblewrap",
    "amzn": "sudo dnf install bubblewrap",
    "arch": "sudo pacman -S bubblewrap",
    "alpine": "sudo apk add bubblewrap",
    "suse": "sudo zypper install bubblewrap",
    "opensuse": "sudo zypper install bubblewrap",
    "gentoo": "sudo emerge sys-apps/bubblewrap",
    "void": "sudo xbps-install bubblewrap",
    "nixos": "nix profile install nixpkgs#bubblewrap",
}


def bubblewrap_command(release: Path = Path("/etc/os-release")) -> str:
    """The command that installs bubblewrap here, by the system's own name or the one that it is like."""
    try:
        lines = release.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    values = {name: value.strip("\"' ") for name, _, value in (line.partition("=") for line in lines)}
    names = [values.get("ID", ""), *values.get("ID_LIKE", "").split()]
    known = (_BUBBLEWRAP.get(name) or _BUBBLEWRAP.get(name.partition("-")[0]) for name in names)
    return next(filter(None, known), "install the package bubblewrap")

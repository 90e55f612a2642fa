"""How a system installs bubblewrap, by its os-release."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.app.doctor.installing import bubblewrap_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ID=debian\n", "sudo apt-get install bubblewrap"),
        ('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt-get install bubblewrap"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install bubblewrap"),
        ('ID="opensuse-leap"\n', "sudo zypper install bubblewrap"),
        ("ID=arch\n", "sudo pacman -S bubblewrap"),
        ("ID=unheard\n", "install the package bubblewrap"),
        ("", "install the package bubblewrap"),
    ],
)
def test_the_command_is_that_of_the_system_or_of_one_like_it(tmp_path: Path, text: str, command: str) -> None:
    file = tmp_path / "os-release"
    file.write_text(text)
    assert bubblewrap_command(file) == command


def test_a_system_without_the_file_is_named_the_package(tmp_path: Path) -> None:
    assert bubblewrap_command(tmp_path / "none") == "install the package bubblewrap"

"""A headless browser, where this machine has one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
).split()


def find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


def opened(browser: str, page: Path, scratch: Path, *options: str) -> str:
    """The document as the browser has it once it is loaded, as HTML."""
    done = subprocess.run(
        [browser, *_QUIET, f"--user-data-dir={scratch}", "--dump-dom", *options, page.as_uri()],
        capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(scratch), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout

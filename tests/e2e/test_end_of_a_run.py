"""The lines that a run ends with: what failed and why, and commands that can be pasted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.command_line import Machine
from support.crewscript import CrewScript

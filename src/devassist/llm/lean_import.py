"""Imports litellm, and CrewAI, which builds on the same libraries, without building what most runs never use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

_ENCODING: Final = "litellm.litellm_core_utils.default_encoding"


@contextmanager
def lean() -> Iterator[None]:
    """
    Make imports cheaper: a fifth of their time, and of the memory that every fork has to map.

    pydantic builds the thousands of classes at their first use and not at their definition, and litellm loads its
    tokenizer when it counts tokens. Where a library is not as expected, its import is only as dear as ever.
    """
    with _late_models():
        if _ENCODING not in sys.modules:
            stand_in = ModuleType(_ENCODING)
            setattr(stand_in, "encoding", _LateEncoding())  # noqa: B010  mypy does not know it of a module
            sys.modules[_ENCODING] = stand_in
            _offer_bundled_tokenizers()
        yield


def _offer_bundled_tokenizers() -> None:
    """As the module does that the stand-in stands for: tiktoken would otherwise fetch them from the network."""
    spec = find_spec("litellm")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
        os.environ["TIKTOKEN_CACHE_DIR"] = os.environ.get("CUSTOM_TIKTOKEN_CACHE_DIR") or str(bundled)


class _LateEncoding:
    """litellm's tokenizer, loaded when something is asked of it."""

    _real: object = None

    def __getattr__(self, name: str) -> object:
        if self._real is None:
            del sys.modules[_ENCODING]
            self._real = import_module(_ENCODING).encoding
        return getattr(self._real, name)


@contextmanager
def _late_models() -> Iterator[None]:
    """Let `defer_build` be the default of pydantic's classes, as openai has it for its own."""
    defaults: dict[str, object] = {}
    with suppress(ImportError, AttributeError):
        defaults = import_module("pydantic._internal._config").config_defaults
    before = defaults.get("defer_build")
    defaults["defer_build"] = True
    try:
        yield
    finally:
        defaults["defer_build"] = before

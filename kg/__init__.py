"""How mesenchymal stem cells act on immunity and connective tissue diseases: a signed, contextual, citable graph.

>>> import kg
>>> graph = kg.load()
>>> graph.resolve("th17").name
'Th17 cell'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.dataset import Dataset as Dataset
    from kg.dataset import build as build
    from kg.dataset import load as load
    from kg.graph import Context as Context

from kg.errors import CurationError, KGError, QueryError, SourceError, UnknownTerm

__version__ = "0.1.0"
__all__ = [
    "Context",
    "CurationError",
    "Dataset",
    "KGError",
    "QueryError",
    "SourceError",
    "UnknownTerm",
    "build",
    "load",
]

_LAZY = {"Context": "kg.graph", "Dataset": "kg.dataset", "build": "kg.dataset", "load": "kg.dataset"}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'kg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])

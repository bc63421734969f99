"""Rows as columns, for files that are small and read quickly: each value once, and for each row where it stands."""

from __future__ import annotations

import sys
from array import array
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

__all__ = ["Packed", "Ragged", "numbers", "pack", "packed_numbers", "unpack"]

Packed = list[list[Any]]  # for each column its distinct values and, as `packed_numbers` writes them, their places
KINDS = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))


def pack(rows: Iterable[Sequence[Any]]) -> Packed:
    """Return rows of one length as JSON values; what `unpack` takes. No rows give no columns.

    Values are strings, numbers, or tuples of them; within a column all of one type.

    >>> pack([("MSC", "PGE2"), ("MSC", "IDO1")])
    [[['MSC'], 'BAAA='], [['PGE2', 'IDO1'], 'BAAE=']]
    """
    packed: Packed = []
    for column in zip(*rows, strict=True):
        places: dict[Any, int] = {}
        at = [places.setdefault(value, len(places)) for value in column]
        packed.append([list(places), packed_numbers(at)])
    return packed


def unpack(packed: Packed) -> Iterator[tuple[Any, ...]]:
    """Return the rows again, as tuples; lists among the values, which JSON made of tuples, are tuples again.

    Raises ValueError, IndexError or TypeError when `packed` was damaged.

    >>> list(unpack([[['MSC'], 'BAAA='], [['PGE2', 'IDO1'], 'BAAE=']]))
    [('MSC', 'PGE2'), ('MSC', 'IDO1')]
    """
    columns = []
    for values, places in packed:
        whole = [tuple(value) if isinstance(value, list) else value for value in values]
        columns.append(map(whole.__getitem__, numbers(places)))
    return zip(*columns, strict=True)


def packed_numbers(values: Sequence[int]) -> str:
    """Return numbers from 0 to 4,294,967,295 as text: the type of each (B, H or I of `array`), then base64.

    >>> packed_numbers([1, 2, 300])
    'HAQACACwB'
    """
    largest = max(values, default=0)
    kind = next(kind for kind, limit in KINDS if largest < limit)
    packed = array(kind, values)
    if sys.byteorder == "big":
        packed.byteswap()
    return kind + b2a_base64(packed.tobytes(), newline=False).decode()


def numbers(text: str) -> array[int]:
    """Return what `packed_numbers` wrote. Raises ValueError or TypeError when it was damaged.

    >>> numbers("HAQACACwB").tolist()
    [1, 2, 300]
    """
    if text[:1] not in ("B", "H", "I"):
        raise ValueError(f"{text[:10]!r} is no row of numbers")
    read = array(text[0])
    read.frombytes(a2b_base64(text[1:], strict_mode=True) if text[1:] else b"")
    if sys.byteorder == "big":
        read.byteswap()
    return read


class Ragged(Sequence[list[list[Any]]]):
    """Rows of any number of items: for each row, a list per column with the part of the column that is the row's.

    Equal to any other sequence of the same rows. Raises ValueError when the columns are not as long as `counts` say.

    >>> Ragged([2, 1], [["a", "b", "c"], [1, 2, 3]])[0]
    [['a', 'b'], [1, 2]]
    """

    def __init__(self, counts: Iterable[int], columns: Sequence[list[Any]]) -> None:
        self.bounds, self.columns = [0, *accumulate(counts)], columns
        if any(len(column) != self.bounds[-1] for column in columns):
            raise ValueError("columns of different lengths")

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, row: Any) -> Any:
        start, stop = self.bounds[row], self.bounds[row + 1]
        return [column[start:stop] for column in self.columns]

    def __iter__(self) -> Iterator[list[list[Any]]]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

"""The built dataset on disk: an Oxigraph store for SPARQL and one JSON file for everything else.

A dataset folder holds `store/` (Oxigraph), `dataset.json` (the values), a JSON file for each part worked out from them
or a folder of .npy files where that is arrays, and `manifest.json`, written last: a folder without it was not finished.
Folders are built beside their place and renamed into it.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kg import sources
from kg.columns import Packed, numbers, pack, packed_numbers, unpack
from kg.errors import SourceError
from kg.model import Aspect, Assertion, Entity, Evidence, Grade, Predicate, Publication, Study
from kg.sources import FORMAT
from kg.vocabulary import Chain, Ontology, Vocabulary

if TYPE_CHECKING:
    import pyoxigraph as ox
    from numpy.typing import NDArray

__all__ = ["Contents", "arrays", "build", "manifest", "open_store", "part", "read"]

Contents = tuple[Vocabulary, tuple[Assertion, ...], tuple[Publication, ...], tuple[Study, ...]]
Value = TypeVar("Value", Entity, Evidence, Publication, Study)
REBUILD = "delete the folder, or run `kg build` again"
ELSEWHERE = "choose another place"
SCRATCH = re.compile(r"(\.old)?\.[a-z0-9_]{8}")  # what `tempfile` puts after the name


def build(
    target: Path,
    contents: Contents,
    statements: Iterator[ox.Quad],
    data_version: str,
    say: Callable[[str], None] = lambda _: None,
    parts: Mapping[str, object] | None = None,
    arrays: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
    advice: str = ELSEWHERE,
) -> None:
    """Write a dataset folder at `target`, whole or not at all; an older dataset there is replaced.

    `parts` are JSON values to keep with it, read back by `part`; `arrays` are folders of arrays, read back by `arrays`.
    `advice` is what to do when the place cannot be written.

    Raises SourceError when the place cannot be written, or holds something that is not a dataset. An interrupted
    build (Ctrl-C too) leaves the old dataset, or nothing.
    """
    import shutil
    import tempfile

    import pyoxigraph as ox

    try:
        if target.exists() and any(target.iterdir() if target.is_dir() else [target]) and not _is_dataset(target):
            raise SourceError(f"{target}: exists and is not a dataset of ours; {advice}, or empty it")
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise _unwritten(target, error, advice) from None
    held = contextlib.ExitStack()
    try:
        held.enter_context(sources.alone(scratch))
        say("writing the store")
        store = ox.Store(str(scratch / "store"))
        store.bulk_extend(statements)
        store.optimize()
        store.flush()
        count = len(store)
        del store
        say("writing the values")
        with open(scratch / "dataset.json", "w", encoding="utf-8") as stream:
            json.dump(_pack(contents), stream, ensure_ascii=False, separators=(",", ":"))
        for name, value in (parts or {}).items():
            with open(scratch / f"{name}.json", "w", encoding="utf-8") as stream:
                json.dump(value, stream, ensure_ascii=False, separators=(",", ":"))
        for name, each in (arrays or {}).items():
            _write_arrays(scratch / name, each)
        vocabulary, assertions, publications, studies = contents
        kept = sorted([*scratch.glob("*.json"), *scratch.glob("*/*.npy")])
        summary = {
            "format": FORMAT,
            "data_version": data_version,
            "ontology_version": vocabulary.ontology.version,
            "quads": count,
            "entities": len(vocabulary.entities),
            "assertions": len(assertions),
            "evidence": sum(len(a.evidence) for a in assertions),
            "publications": len(publications),
            "studies": len(studies),
            "sizes": {path.relative_to(scratch).as_posix(): path.stat().st_size for path in kept},
        }
        (scratch / "manifest.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        _swap(scratch, target)
    except OSError as error:
        raise _unwritten(target, error, advice) from None
    finally:
        held.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _unwritten(target: Path, error: OSError, advice: str) -> SourceError:
    said = error.strerror or str(error)
    if error.errno == errno.ENOSPC or os.strerror(errno.ENOSPC) in said:  # the store says it in the midst of more
        return SourceError(f"{target}: cannot be written ({os.strerror(errno.ENOSPC)}); free some, or {advice}")
    return SourceError(f"{target}: cannot be written ({said}); {advice}")


def _sweep(target: Path) -> None:
    """Delete what builds of this place left behind that were killed; one that was put aside by them comes back.

    Builds still at work hold their folders.
    """
    import shutil

    for path in sorted(target.parent.glob(f".{glob.escape(target.name)}.*")):
        if SCRATCH.fullmatch(path.name.removeprefix(f".{target.name}")) and sources.abandoned(path):
            if (path / "x" / "manifest.json").is_file() and not target.exists():
                os.rename(path / "x", target)
            shutil.rmtree(path, ignore_errors=True)


def _write_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    import numpy as np

    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _is_dataset(folder: Path) -> bool:
    inside = {"manifest.json", "dataset.json", "store"}
    return folder.is_dir() and bool(inside & {path.name for path in folder.iterdir()})


def _swap(scratch: Path, target: Path) -> None:
    import shutil
    import tempfile

    os.chmod(scratch, 0o755)
    if not target.exists():
        _moved(scratch, target)
        return
    old = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    try:
        with sources.alone(old):
            with contextlib.suppress(FileNotFoundError):  # another process put it aside in this moment
                os.rename(target, old / "x")
            try:
                _moved(scratch, target)
            except OSError:
                os.rename(old / "x", target)
                raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _moved(scratch: Path, target: Path) -> None:
    try:
        os.rename(scratch, target)
    except OSError:
        if not (target / "manifest.json").is_file():  # else another process was faster: its dataset is as good
            raise


def manifest(folder: Path) -> dict[str, Any]:
    """Return what the dataset at `folder` says of itself. Raises SourceError when it is missing, cut off or foreign."""
    try:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        summary: dict[str, Any] = json.loads(text)
        sizes = {name: (folder / name).stat().st_size for name in summary.get("sizes", ["dataset.json"])}
    except FileNotFoundError as error:
        raise SourceError(
            f"{folder}: not a finished dataset ({Path(error.filename).name} is missing); {REBUILD}"
        ) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder}: the dataset cannot be read ({error}); {REBUILD}") from None
    if summary.get("format") != FORMAT:
        raise SourceError(f"{folder}: built by another version of this program; {REBUILD}")
    if summary.get("sizes") != sizes or not (folder / "store").is_dir():
        raise SourceError(f"{folder}: the dataset is incomplete or was changed; {REBUILD}")
    return summary


def open_store(folder: Path) -> ox.Store:
    """Open the Oxigraph store of a dataset, read-only. Raises SourceError when it is damaged."""
    import pyoxigraph as ox

    try:
        return ox.Store.read_only(str(folder / "store"))
    except (OSError, ValueError, RuntimeError) as error:
        raise SourceError(f"{folder}: the store is damaged ({str(error).splitlines()[0]}); {REBUILD}") from None


def _pack(contents: Contents) -> dict[str, Any]:
    vocabulary, assertions, publications, studies = contents
    ontology = {field.name: getattr(vocabulary.ontology, field.name) for field in fields(Ontology)}
    return {
        "ontology": {name: _plain(value) for name, value in ontology.items()},
        "entities": pack(vocabulary.entities.values()),
        "assertions": pack((a.subject, a.predicate, a.object, a.aspect, a.cell, a.effect, a.id) for a in assertions),
        "rows": packed_numbers([len(a.evidence) for a in assertions]),
        "evidence": pack(row for a in assertions for row in a.evidence),
        "withdrawn_rows": packed_numbers([len(a.withdrawn) for a in assertions]),
        "withdrawn": pack(row for a in assertions for row in a.withdrawn),
        "publications": pack(publications),
        "studies": pack(studies),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, (Predicate, Aspect, Grade, Chain)):
        return [_plain(each) for each in value]
    return value


def read(folder: Path) -> Contents:
    """Return the values of a dataset folder. Raises SourceError when the file is damaged."""
    try:
        with open(folder / "dataset.json", "rb") as stream:
            packed = json.loads(stream.read())
        return _unpack(packed)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SourceError(f"{folder}: dataset.json cannot be read ({error}); {REBUILD}") from None


def part(folder: Path, name: str) -> Any:
    """Return a part kept with the dataset at `folder`. Raises SourceError when it is damaged."""
    try:
        return json.loads((folder / f"{name}.json").read_bytes())
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder}: {name}.json cannot be read ({error}); {REBUILD}") from None


def arrays(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a folder kept with the dataset at `folder`, by name, read from disk only where touched.

    Empty where there is no such folder. Raises SourceError when a file is damaged.
    """
    import numpy as np

    found: dict[str, NDArray[Any]] = {}
    for path in sorted((folder / name).glob("*.npy")):
        try:
            found[path.stem] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        except (OSError, ValueError, EOFError) as error:
            raise SourceError(f"{folder}: {name}/{path.name} cannot be read ({error}); {REBUILD}") from None
    return found


def _unpack(packed: dict[str, Any]) -> Contents:
    raw = packed["ontology"]
    ontology = Ontology(
        **{
            **raw,
            "superclasses": {name: frozenset(above) for name, above in raw["superclasses"].items()},
            "layer_labels": tuple(raw["layer_labels"]),
            "predicates": {
                name: Predicate(n, sign, causal, bearer, frozenset(domain), frozenset(range_), *rest)
                for name, (n, sign, causal, bearer, domain, range_, *rest) in raw["predicates"].items()
            },
            "aspects": {name: Aspect(*cells) for name, cells in raw["aspects"].items()},
            "chains": {n: Chain(name, frozenset(into), u, low) for n, (name, into, u, low) in raw["chains"].items()},
            **{
                column: {name: Grade(*cells) for name, cells in raw[column].items()}
                for column in ("systems", "mediator_tests", "reading", "checks", "statuses")
            },
            "donors": tuple(raw["donors"]),
            **{
                column: {name: tuple(entities) for name, entities in raw[column].items()}
                for column in ("modes", "msc_sources")
            },
            "study_values": {name: tuple(values) for name, values in raw["study_values"].items()},
        }
    )
    evidence, counts = tuple(_values(Evidence, packed["evidence"])), numbers(packed["rows"])
    if sum(counts) != len(evidence):
        raise ValueError(f"{len(evidence)} rows of evidence, not {sum(counts)}")
    withdrawn, losses = tuple(_values(Evidence, packed["withdrawn"])), numbers(packed["withdrawn_rows"])
    if sum(losses) != len(withdrawn):
        raise ValueError(f"{len(withdrawn)} rows that do not count, not {sum(losses)}")
    rows, gone, new = iter(evidence), iter(withdrawn), tuple.__new__
    assertions = tuple(
        [
            new(Assertion, (*claim[:6], tuple(islice(rows, count)), claim[6], tuple(islice(gone, less))))
            for claim, count, less in zip(unpack(packed["assertions"]), counts, losses, strict=True)
        ]
    )
    return (
        Vocabulary(ontology, {entity.name: entity for entity in _values(Entity, packed["entities"])}),
        assertions,
        tuple(_values(Publication, packed["publications"])),
        tuple(_values(Study, packed["studies"])),
    )


def _values(kind: type[Value], packed: Packed) -> Iterable[Value]:
    if packed and len(packed) != len(kind._fields):
        raise ValueError(f"{len(packed)} columns for {kind.__name__}")
    return map(partial(tuple.__new__, kind), unpack(packed))


def discard(folder: Path) -> None:
    """Delete a dataset folder that is damaged; missing is fine."""
    import shutil

    with contextlib.suppress(OSError):
        shutil.rmtree(folder)

"""Where tables, ontology and built datasets lie, and how they are read and written without losing anything."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from kg.errors import SourceError

__all__ = [
    "abandoned",
    "alone",
    "bundled",
    "cache",
    "digest",
    "names_of",
    "read_bytes",
    "unwritable",
    "write_bytes",
    "write_text",
]

FORMAT = "24"  # of the built dataset; raised when its files change shape
SHAPES = "shapes.ttl"  # beside the ontology, of which no dataset is made


def bundled() -> Path:
    """Return the folder that holds `ontology/` and `triples/`: inside the wheel, or the checkout when editable."""
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / "ontology").is_dir() and (root / "triples").is_dir():
            return root
    raise SourceError(f"{package}: the bundled tables are missing; install mscim again, or give --data DIR")


def names_of(root: Path) -> list[Path]:
    """Return the source files below `root` that a dataset is made of, sorted by their relative names."""
    ontology, triples = root / "ontology", root / "triples"
    if not triples.is_dir():
        raise SourceError(f"{triples}: no such folder; a data folder holds triples/ and, if it has its own, ontology/")
    if not ontology.is_dir():
        ontology = bundled() / "ontology"
    found = [*ontology.glob("*.ttl"), *ontology.glob("*.tsv"), *triples.glob("*.tsv")]
    found = [p for p in found if p.name != SHAPES and not p.name.endswith(".sssom.tsv")]  # the latter is made from them
    return sorted(found, key=lambda path: (path.parent.name, path.name))


def digest(root: Path) -> str:
    """Return the SHA-256 (64 hex digits) of names and contents of all source files: equal tables, equal digest."""
    total = hashlib.sha256(FORMAT.encode())
    for path in names_of(root):
        content = read_bytes(path)
        total.update(f"\0{path.parent.name}/{path.name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def cache() -> Path:
    """Return the user's cache folder for built datasets; `KG_CACHE` overrides the platform's own. Not created here.

    Raises SourceError for a user without a home.
    """
    own = os.environ.get("KG_CACHE")
    if own:
        return Path(own)
    from platformdirs import user_cache_path

    try:
        return user_cache_path("mscim", appauthor=False)
    except RuntimeError:
        raise SourceError("this user has no home folder; set KG_CACHE to a folder where datasets can be kept") from None


def unwritable(place: Path) -> str:
    """Say why nothing can be written at `place`, made when missing; empty when it can, as far as one sees."""
    try:
        nearest = next(each for each in (place, *place.absolute().parents) if os.path.lexists(each))
        if not nearest.is_dir():
            return f"{nearest} is not a folder"
        return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} is read-only for you"
    except OSError as error:
        return error.strerror or str(error)


@contextlib.contextmanager
def alone(folder: Path, waits: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a folder, made when missing: of all processes that ask, one is in it at a time, the others wait.

    `waits` is called before a wait. A process that is killed lets go. Where the system has no such locks (Windows, some
    network disks) nobody waits.
    """
    handle = None
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        if handle is not None and not _locked(handle, wait=False):
            waits()
            _locked(handle, wait=True)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked(handle: int, wait: bool) -> bool:
    """Lock what is open there; False when another process has it and one does not want to wait."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass
    return True


def abandoned(folder: Path) -> bool:
    """Whether a folder with something in it, which its maker held by `alone`, has lost its maker. False if unknown."""
    try:
        import fcntl  # noqa: F401

        if not any(folder.iterdir()):
            return False  # made a moment ago, perhaps, and not held yet
        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return False
    try:
        return _locked(handle, wait=False)
    finally:
        os.close(handle)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, or raise SourceError that names it."""
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise SourceError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from None


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary neighbour first, then renamed. Folders are made.

    What is no file (a device, a pipe) is written to and never replaced.
    """
    import tempfile

    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise SourceError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SourceError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

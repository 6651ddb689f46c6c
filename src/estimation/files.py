"""Writes files so that a reader never sees half of one, and names what is in them by their hash."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_text(path: Path, text: str) -> Path:
    """Write a text file as :func:`write_bytes` does, in UTF-8 with the line ends it has."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there: it is the old one or the new one, never half.

    Parameters
    ----------
    path : pathlib.Path
        Folders above it are made.
    content : bytes
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def write_together(folder: Path, files: Mapping[str, str]) -> None:
    """Write text files into a new folder that gets its name afterwards; when this returns, all are on the disk.

    Parameters
    ----------
    folder : pathlib.Path
        Made here, and nobody else's yet: a file may be seen half-written until the end.
    files : mapping of str to str
        The text of each, by name.
    """
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode("utf-8"))
        (folder / name).chmod(0o644)
    for name in files:  # once all are written: the first of these takes most of the others to the disk with it
        sync(folder / name)
    sync(folder)


def sync(path: Path) -> None:
    """See that a file's content, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(path: Path) -> None:
    """Remove half-written files that killed processes left; only the file's single writer may call this."""
    for half in path.parent.glob(f".{path.name}.*"):
        half.unlink(missing_ok=True)


def sha256_of(content: Path | bytes) -> str:
    """Compute the SHA-256 of a file or of bytes, as ``sha256sum`` prints it.

    Parameters
    ----------
    content : pathlib.Path or bytes
        A file is read piece by piece.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def to_json(value: Mapping[str, object]) -> str:
    """Write JSON as the project's files have it: two spaces, no NaN, names as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

"""Opens ZIP archives that strangers sent: broken, encrypted and oversized ones are refused by name."""

import io
import zipfile
import zlib
from pathlib import Path

from estimation.errors import TableError

UNPACKED = 2**30  # bytes that a workbook or archive may unpack to
BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, EOFError, RuntimeError)


def unpacked(path: Path, content: bytes) -> zipfile.ZipFile:
    """Open an archive that does not unpack to more than memory bears.

    Raises
    ------
    TableError
        It can't be opened, or is larger.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except BROKEN as error:
        raise TableError(f"{path}: this archive can't be opened ({error}): send it again") from error
    size = sum(member.file_size for member in archive.infolist())
    if size > UNPACKED:
        raise TableError(f"{path}: it unpacks to {size >> 20:,} MB, more than {UNPACKED >> 20:,} MB: split it")
    return archive


def member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one file of an archive.

    Raises
    ------
    TableError
        It is broken or encrypted.
    """
    try:
        return archive.read(name)
    except BROKEN as error:
        raise TableError(f"{path}: '{name}' in this archive can't be read ({error}): send it again") from error

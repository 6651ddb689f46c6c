"""Keeps names and telephone numbers of officers out: dropped, or replaced by a pseudonym, before anything is stored.

A reporter's plain code (``P-01``, ``0042``) stays, as the sheets gave it. A name, a telephone number or an address
becomes ``p-`` and twelve hexadecimal digits: a keyed hash (HMAC-SHA-256) with a secret of the contest folder,
``out/.pseudonym-key``, made at first use and readable by its owner only. The same person keeps the same pseudonym in
this contest, and without the key nobody can try names or numbers out against it.
"""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from estimation.returns.rows import translated

_CODE = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_PHONE = re.compile(r"\+\d[\d ().-]{6,}|(?:0|62)8\d[\d ().-]{5,}")
_PSEUDONYM = re.compile(r"p-[0-9a-f]{12}")


def pseudonyms(column: pa.Array, folder: Path) -> pa.Array:
    """Replace what is no plain code by a pseudonym; blanks stay blank.

    Parameters
    ----------
    column : pyarrow.Array of text
    folder : pathlib.Path
        The contest's ``out`` folder, where the key is.
    """
    if all(is_code(value) for value in pc.unique(column).to_pylist() if value is not None):
        return column
    secret = _key(folder / ".pseudonym-key")
    return translated(column, lambda value: value if is_code(value) else _pseudonym(secret, value))


def is_code(text: str) -> bool:
    """Tell whether a text is a plain code: letters and digits, at least one digit, and no telephone number."""
    if _PSEUDONYM.fullmatch(text):
        return True
    return bool(_CODE.fullmatch(text)) and not _PHONE.fullmatch(text)


def masked(text: str, separator: str) -> str:
    """Show the fields of a row that could not be read, without those that may name or reach a person."""
    if not separator:
        return ""
    fields = [field.strip().strip('"') for field in text.split(separator)]
    return separator.join(field if not field or is_code(field) else "…" for field in fields)


def _pseudonym(secret: bytes, value: str) -> str:
    digits = re.sub(r"\D", "", value)
    # +62 812…, 0812… and 62812… are one telephone
    same = f"8{digits[digits.index('8') + 1 :]}" if _PHONE.fullmatch(value) and "8" in digits[:4] else None
    folded = same or " ".join(value.split()).casefold()
    return "p-" + hmac.new(secret, folded.encode("utf-8"), hashlib.sha256).hexdigest()[:12]


def _key(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        handle = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
        try:
            with suppress(FileExistsError):  # another process was first: its key holds
                os.link(own, path)
        finally:
            own.unlink()
    return bytes.fromhex(path.read_text(encoding="ascii").strip())

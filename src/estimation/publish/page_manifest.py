"""What a page is made of, in a form that a program can check; it travels in the page, signed where a key is given."""

import base64
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.version import __version__

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SCHEMA = "page/2"
KEY_VARIABLE = "QUICKCOUNT_SIGNING_KEY"  # names a file with an Ed25519 private key, PEM
FILES = frozenset(
    {"sample", "returns", "table", "previous", "official", "takes", "past", "results"}
)  # files, among parameters
_MADE_BY = ("babel", "matplotlib", "numpy", "pandas", "scipy")  # what numbers, their words and pictures come from


@dataclass(frozen=True, slots=True)
class Seal:
    """A page's manifest as it stands in the page.

    Attributes
    ----------
    manifest : str
        JSON, without a character that could end the element it stands in.
    digest : str
        Its SHA-256.
    key, signature : str
        Ed25519, base64, over digest and time of rendering; blank where the page is not signed.
    """

    manifest: str
    digest: str
    key: str = ""
    signature: str = ""

    @property
    def fingerprint(self) -> str:
        """The public key in short, as it is read out or compared."""
        return key_fingerprint(self.key) if self.key else ""


def describe_page(
    contest: Contest,
    *,
    kind: str,
    source: Path,
    language: str,
    status: str,
    parameters: Mapping[str, object],
    inputs: Mapping[str, object],
    files: Mapping[str, bytes],
    body: str,
    data: str,
) -> dict[str, Any]:
    """Write down what a page is made of.

    Parameters
    ----------
    source : pathlib.Path
        The notebook.
    status : str
        What the release rule said.
    parameters : mapping
        Of the notebook; a file in the contest folder is named from there, another by its name alone.
    inputs : mapping
        Hashes and seed of what the numbers come from.
    files : mapping of str to bytes
        What is written beside the page.
    body : str
        The parts of the page.
    data : str
        The same as JSON.
    """
    projection = json.loads(files["projection.json"]) if "projection.json" in files else None
    return {
        "schema": SCHEMA,
        "kind": kind,
        "language": language,
        "contest": contest.about.id,
        "release": status,
        "parameters": {name: _portable(contest, name, value) for name, value in sorted(parameters.items())},
        "inputs": {"contest_sha256": sha256((contest.folder / "contest.toml").read_bytes()), **inputs},
        "code": {"version": __version__, "sha256": code_sha256(source), **page_versions()},
        "numbers": {} if projection is None else numbers_of(projection),
        "files": {name: sha256(content) for name, content in sorted(files.items())},
        "body_sha256": sha256(body.encode("utf-8")),
        "parts_sha256": sha256(data.encode("utf-8")),
    }


def numbers_of(projection: Mapping[str, Any]) -> dict[str, float | None]:
    """Name the numbers of ``projection.json`` that a reader quotes: shares, lead, turnout, invalid share."""
    ends = ("estimate", "low", "high")
    numbers = {f"share {share['number']} {end}": share[end] for share in projection["shares"] for end in ends}
    return numbers | {f"{name} {end}": projection[name][end] for name in ("lead", "turnout", "invalid") for end in ends}


def seal(document: Mapping[str, Any], moment: datetime, signed: Seal | None = None) -> Seal:
    """Write the manifest for a page, and sign it where the environment names a key.

    Parameters
    ----------
    signed : Seal, optional
        Take its signature in place of making one, whether it fits or not.

    Raises
    ------
    ReportError
        The key can't be used.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    text = text.replace("<", "\\u003c").replace("&", "\\u0026")
    digest = sha256(text.encode("utf-8"))
    if signed is not None:
        return Seal(text, digest, signed.key, signed.signature)
    name = os.environ.get(KEY_VARIABLE)
    if not name:
        return Seal(text, digest)
    private = _private_key(Path(name))
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode("ascii")
    return Seal(text, digest, public, base64.b64encode(private.sign(_signed(digest, moment))).decode("ascii"))


def signed_by(seal: Seal, moment: datetime) -> bool:
    """Say whether the signature is that of the key that the page names, over its digest and its time.

    Raises
    ------
    ReportError
        The extra ``sign`` is not installed.
    """
    from binascii import Error

    public, invalid = _library()
    try:
        key = public.from_public_bytes(base64.b64decode(seal.key, validate=True))
        key.verify(base64.b64decode(seal.signature, validate=True), _signed(seal.digest, moment))
    except (invalid, Error, ValueError):
        return False
    return True


def public_key(path: Path) -> str:
    """Read a publisher's public key, PEM, as pages name it.

    Raises
    ------
    ReportError
        The file is no Ed25519 public key.
    """
    public, _ = _library()
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError as error:
        raise ReportError(f"{path}: this is no public key in PEM: name the one that the publisher gives out") from error
    if not isinstance(key, public):
        raise ReportError(f"{path}: this is no Ed25519 key: pages are signed by Ed25519")
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")


def key_fingerprint(key: str) -> str:
    """Shorten a public key to what a person compares: 16 hexadecimal digits of its SHA-256."""
    digits = sha256(key.encode("ascii", "replace"))[:16]
    return " ".join(digits[i : i + 4] for i in range(0, 16, 4))


def sha256(content: bytes) -> str:
    """Give the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@cache
def code_sha256(source: Path) -> str:
    """Give one hash of all that makes a report: every file of the package that is code or words, and the notebook."""
    package = Path(__file__).resolve().parents[1]
    kept = {".py", ".toml", ".json", ".j2", ".css", ".js"}
    shipped = {"demo", "notebooks"}  # an installed package holds them, a checkout has them elsewhere
    names = [path.relative_to(package) for path in package.rglob("*") if path.suffix in kept and path.is_file()]
    lines = [
        f"{sha256((package / name).read_bytes())} {name.as_posix()}\n"
        for name in sorted(names, key=Path.as_posix)
        if name.parts[0] not in shipped
    ]
    return sha256("".join([*lines, sha256(source.read_bytes())]).encode("utf-8"))


@cache
def page_versions() -> dict[str, str]:
    """Name the versions of Python and of the libraries that the numbers and their words come from."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _MADE_BY}}


def _portable(contest: Contest, name: str, value: object) -> object:
    if name not in FILES or not isinstance(value, str) or not value:
        return value
    path, folder = Path(value).resolve(), contest.folder.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _signed(digest: str, moment: datetime) -> bytes:
    return f"{SCHEMA}\n{digest}\n{moment.isoformat()}\n".encode("ascii")


def _library() -> "tuple[type[Ed25519PublicKey], type[Exception]]":
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ReportError(
            "signed pages need the extra 'sign', which is not installed: pip install 'quickcount[sign]'"
        ) from error
    return Ed25519PublicKey, InvalidSignature


def _private_key(path: Path) -> "Ed25519PrivateKey":
    _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ReportError(f"{KEY_VARIABLE} names {path}, which can't be read: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise ReportError(f"{KEY_VARIABLE}: {path} is no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReportError(f"{KEY_VARIABLE}: {path} is no Ed25519 key: make one with openssl genpkey -algorithm ed25519")
    return key

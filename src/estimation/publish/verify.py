"""Makes a page again from the inputs that it names, and says number by number whether they are the same."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.publish import manifest as manifests
from estimation.publish.manifest import FILES, SCHEMA, Seal
from estimation.publish.notebooks import Engine
from estimation.publish.pages import Composed, compose

if TYPE_CHECKING:
    from bs4 import Tag

_MANIFEST = re.compile(r'<script type="application/json" id="manifest">(.*?)</script>', re.DOTALL)
_RENDERED = re.compile(
    r'<p id="rendered"(?: data-key="([^"]*)" data-signature="([^"]*)")?>[^\n]*<time datetime="([^"]*)"'
)
_DIGEST = re.compile(r"<footer>.*?<code>([0-9a-f]{64})</code>", re.DOTALL)
_BODY = re.compile(r'<main id="main">\n(.*)\n</main>', re.DOTALL)
_AGING = re.compile(r'\n<p class="aging".*?</p>', re.DOTALL)  # a watch that makes no newer page writes it there
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
Outcome = Literal["same", "different", "open"]
Said = tuple[str, str]  # a place on the page, and its text


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was held against the inputs.

    Attributes
    ----------
    name : str
        ``manifest``, ``signature``, ``code``, an input, a number, a place on the page, ``page``.
    outcome : str
        ``same``, ``different``, or ``open`` where nothing can be said; an open one is no fault of the page.
    text : str
    """

    name: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What a page states of itself.

    Attributes
    ----------
    html : str
        Without the line by which a watch says how old it is.
    document : mapping
        Its manifest.
    moment : datetime.datetime
        When it was made.
    seal : Seal
    shown : str
        The digest that its readers see.
    """

    html: str
    document: Mapping[str, Any]
    moment: datetime
    seal: Seal
    shown: str


def verify(
    contest: Contest,
    page: Path,
    *,
    files: Mapping[str, Path] | None = None,
    key: Path | None = None,
    engine: Engine = "forked",
) -> tuple[Check, ...]:
    """Make a page again from the contest folder and compare everything on it; the folder is only read.

    Parameters
    ----------
    page : pathlib.Path
        HTML as :func:`estimation.publish.render` wrote it.
    files : mapping of str to pathlib.Path, optional
        Files outside the contest folder that the page was made from: ``sample``, ``returns``, ``previous`` and others.
    key : pathlib.Path, optional
        The publisher's public key, PEM: then a page that is not signed by it differs.

    Returns
    -------
    tuple of Check
        The page holds where none is ``different``.

    Raises
    ------
    ReportError
        The file is no page with a manifest, is another contest's, names a file that is not there, or the inputs
        can't be used.
    """
    stated = read_page(page)
    if stated.document["contest"] != contest.about.id:
        raise ReportError(
            f"{page}: this is a page of the contest '{stated.document['contest']}', and {contest.folder} holds "
            f"'{contest.about.id}': name that contest's folder"
        )
    again = compose(
        contest,
        kind=str(stated.document["kind"]),
        language=str(stated.document["language"]),
        parameters=_parameters(contest, stated, files or {}),
        now=stated.moment,
        engine=engine,
        signed=stated.seal,
    )
    return (
        *_itself(stated, key),
        *_manifests(stated.document, json.loads(again.manifest)),
        *_texts(stated, again),
        _whole(stated, again),
    )


def holds(checks: Sequence[Check]) -> bool:
    """Say whether nothing on the page differs from what the inputs give."""
    return all(check.outcome != "different" for check in checks)


def read_page(path: Path) -> Stated:
    """Read what a page states of itself.

    Raises
    ------
    ReportError
        It is no page of this project, or has no manifest.
    """
    try:
        html = _AGING.sub("", path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: this page can't be read: {error}") from error
    found, made, shown = _MANIFEST.search(html), _RENDERED.search(html), _DIGEST.search(html)
    try:
        document = json.loads(found[1]) if found else None
        moment = datetime.fromisoformat(unescape(made[3])) if made else None
    except ValueError as error:
        raise ReportError(f"{path}: the manifest or the time in this page can't be read: {error}") from error
    if found is None or made is None or moment is None or moment.tzinfo is None or not isinstance(document, dict):
        raise ReportError(
            f"{path}: this page carries no manifest with the time it was made: name a page that 'quickcount report' "
            f"wrote, whole"
        )
    if document.get("schema") != SCHEMA:
        raise ReportError(f"{path}: its manifest is of the kind {document.get('schema')!r}, known is '{SCHEMA}'")
    seal = Seal(found[1], manifests.sha256(found[1].encode("utf-8")), unescape(made[1] or ""), unescape(made[2] or ""))
    return Stated(html, document, moment, seal, shown[1] if shown else "")


def _itself(stated: Stated, key: Path | None) -> Iterator[Check]:
    """Hold the page against its own manifest, and the manifest against its signature."""
    fits = stated.shown == stated.seal.digest
    said = "the digest that the page shows is its manifest's" if fits else "the page shows another manifest's digest"
    yield Check("manifest", "same" if fits else "different", said)
    body = _BODY.search(stated.html)
    whole = body is not None and manifests.sha256(body[1].encode("utf-8")) == stated.document["body_sha256"]
    said = "what the page shows is what its manifest states" if whole else "the page was changed after it was made"
    yield Check("body", "same" if whole else "different", said)
    if not stated.seal.signature:
        if key is None:
            yield Check("signature", "open", "the page is not signed")
        else:
            yield Check("signature", "different", "the page is not signed, and a key was given to check it by")
        return
    own = manifests.signed_by(stated.seal, stated.moment)
    right = key is None or manifests.public_key(key) == stated.seal.key
    if not own:
        text = "the signature is not that of this manifest and this time"
    elif not right:
        text = f"the page is signed by another key: {stated.seal.fingerprint}"
    elif key is None:
        text = f"the page is signed by {stated.seal.fingerprint}: compare it with the key that the publisher gives out"
    else:
        text = f"the page is signed by the key given: {stated.seal.fingerprint}"
    yield Check("signature", "same" if own and right else "different", text)


def _parameters(contest: Contest, stated: Stated, files: Mapping[str, Path]) -> dict[str, object]:
    """Take the parameters as the page has them, with files found again."""
    given = dict(stated.document["parameters"])
    for name in sorted(FILES & set(given)):
        if name in files:
            given[name] = str(files[name].resolve())
        elif given[name]:
            path = contest.folder.resolve() / str(given[name])
            if not path.exists():
                raise ReportError(
                    f"the page was made with {name} = '{given[name]}', which is not in {contest.folder}: name it "
                    f"with --{name}"
                )
            given[name] = str(path)
    unknown = set(files) - set(given)
    if unknown:
        raise ReportError(f"a {stated.document['kind']} page has no {', '.join(sorted(unknown))}: leave it away")
    return given


def _manifests(stated: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Check]:
    """Compare inputs, code and numbers one by one."""
    ours, theirs = again["code"]["version"], stated["code"]["version"]
    changed = [name for name, value in stated["code"].items() if again["code"].get(name) != value]
    if changed:
        said = f"the page was made by {theirs}, this is {ours}; what differs: {', '.join(sorted(changed))}"
        yield Check("code", "open", said)
    else:
        yield Check("code", "same", f"the same code, {ours}")
    for group in ("inputs", "numbers", "files"):
        for name in sorted({*stated[group], *again[group]}):
            before, now = stated[group].get(name), again[group].get(name)
            place = name if group != "files" else f"file {name}"
            if before == now:
                yield Check(place, "same", _short(before))
            else:
                yield Check(place, "different", f"the page states {_short(before)}, the inputs give {_short(now)}")
    for name in ("release", "kind", "language"):
        if stated[name] != again[name]:
            yield Check(name, "different", f"the page states {stated[name]!r}, the inputs give {again[name]!r}")


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)


def _texts(stated: Stated, again: Composed) -> Iterator[Check]:
    """Compare what readers see, text by text; numbers in pictures are texts too."""
    before, now = list(_said(stated.html)), list(_said(again.html))
    same = 0
    for kind, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if kind == "equal":
            same += sum(len(_NUMBER.findall(text)) for _, text in before[a:b])
            continue
        for i in range(max(b - a, d - c)):
            place, theirs = before[a + i] if a + i < b else (now[c + i][0], "")
            ours = now[c + i][1] if c + i < d else ""
            yield Check(f"text {place}", "different", f"the page says {theirs!r}, the inputs give {ours!r}")
    yield Check("texts", "same", f"{same} numbers on the page are those that the inputs give")


def _said(html: str) -> Iterator[Said]:
    """Give every text of a page with its place: section, and in a table row and column."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for unseen in soup.select("script, style, footer code"):  # the digest is held against the manifest itself
        unseen.decompose()
    for part in soup.select("title, #ribbon, header.title, footer"):
        yield part.name, part.get_text(" ", strip=True)
    for section in soup.select("main section"):
        name = str(section.get("id", "?"))
        for table in section.find_all("table"):
            yield from _cells(name, table)
            table.decompose()
        for text in section.stripped_strings:
            yield name, text
        for figure in section.select("[aria-label]"):
            yield f"{name}, description", str(figure["aria-label"])
        section.decompose()
    for text in (soup.main or soup).stripped_strings:
        yield "page", text


def _cells(section: str, table: "Tag") -> Iterator[Said]:
    heads = [head.get_text(" ", strip=True) for head in table.select("thead th")]
    for head in heads:
        yield f"{section}, heading", head
    for row in table.select("tbody tr"):
        cells = row.find_all(["th", "td"], recursive=False)
        label = cells[0].get_text(" ", strip=True) if cells else ""
        for i, cell in enumerate(cells):
            column = heads[i] if i < len(heads) else str(i + 1)
            yield f"{section}, {label}, {column}", cell.get_text(" ", strip=True)


def _whole(stated: Stated, again: Composed) -> Check:
    if stated.html == again.html:
        return Check("page", "same", "the whole page is the same, byte for byte")
    if stated.document["code"] != json.loads(again.manifest)["code"]:
        return Check("page", "open", "byte for byte a page is the same only by the same code and libraries")
    before, now = stated.html.split("\n"), again.html.split("\n")
    equal = sum(size for _, _, size in SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks())
    differing = max(len(before), len(now)) - equal
    return Check("page", "different", f"{differing} lines of the page are not those that the inputs give")

"""Makes a page again from the inputs that it names, and says number by number whether they are the same."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.publish import page_manifest as manifests
from estimation.publish import pagefile
from estimation.publish.notebooks import Engine
from estimation.publish.page_manifest import FILES, SCHEMA, Seal
from estimation.publish.pages import Composed, compose
from estimation.publish.part import Foreign, to_data
from estimation.publish.part_data import replaced
from estimation.publish.sight import TextDifference, text_differences

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WHOLE = {
    "body": "what the page shows is what its manifest states",
    "parts": "the data in the page are what its manifest states",
}
_CHANGED = {
    "body": "the page was changed after it was made",
    "parts": "the data in the page were changed after it was made",
}
Outcome = Literal["same", "different", "open"]


@dataclass(frozen=True, slots=True)
class PageCheck:
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
    file : PageFile
        Without the line by which a watch says how old it is.
    document : mapping
        Its manifest.
    moment : datetime.datetime
        When it was made.
    seal : Seal
    """

    file: pagefile.PageFile
    document: Mapping[str, Any]
    moment: datetime
    seal: Seal

    @property
    def html(self) -> str:
        """The page."""
        return self.file.html


def verify_page(
    contest: Contest,
    page: Path,
    *,
    files: Mapping[str, Path] | None = None,
    key: Path | None = None,
    engine: Engine = "forked",
) -> tuple[PageCheck, ...]:
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
    tuple of PageCheck
        The page holds where none is ``different``.

    Raises
    ------
    ReportError
        The file is no page with a manifest, is another contest's, names a file that is not there, or the inputs
        can't be used.
    """
    stated = read_stated(page)
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


def holds(checks: Sequence[PageCheck]) -> bool:
    """Say whether nothing on the page differs from what the inputs give."""
    return all(check.outcome != "different" for check in checks)


def read_stated(path: Path) -> Stated:
    """Read what a page states of itself.

    Raises
    ------
    ReportError
        It is no page of this project, or has no manifest.
    """
    file = pagefile.read(path)
    try:
        document = json.loads(file.manifest or "null")
    except ValueError as error:
        raise ReportError(f"{path}: the manifest in this page can't be read: {error}") from error
    if file.moment is None or file.moment.tzinfo is None or not isinstance(document, dict):
        raise ReportError(
            f"{path}: this page carries no manifest with the time it was made: name a page that 'quickcount report' "
            f"wrote, whole"
        )
    if document.get("schema") != SCHEMA:
        raise ReportError(f"{path}: its manifest is of the kind {document.get('schema')!r}, known is '{SCHEMA}'")
    seal = Seal(file.manifest, manifests.sha256(file.manifest.encode("utf-8")), file.key, file.signature)
    return Stated(file, document, file.moment, seal)


def _itself(stated: Stated, key: Path | None) -> Iterator[PageCheck]:
    """Hold the page against its own manifest, and the manifest against its signature."""
    fits = stated.file.digest == stated.seal.digest
    text = "the digest that the page shows is its manifest's" if fits else "the page shows another manifest's digest"
    yield PageCheck("manifest", "same" if fits else "different", text)
    for name, content in (("body", stated.file.body), ("parts", stated.file.parts)):
        whole = manifests.sha256(content.encode("utf-8")) == stated.document[f"{name}_sha256"]
        text = _WHOLE[name] if whole else _CHANGED[name]
        yield PageCheck(name, "same" if whole else "different", text)
    if not stated.seal.signature:
        if key is None:
            yield PageCheck("signature", "open", "the page is not signed")
        else:
            yield PageCheck("signature", "different", "the page is not signed, and a key was given to check it by")
        return
    valid = manifests.signed_by(stated.seal, stated.moment)
    right = key is None or manifests.public_key(key) == stated.seal.key
    if not valid:
        text = "the signature is not that of this manifest and this time"
    elif not right:
        text = f"the page is signed by another key: {stated.seal.fingerprint}"
    elif key is None:
        text = f"the page is signed by {stated.seal.fingerprint}: compare it with the key that the publisher gives out"
    else:
        text = f"the page is signed by the key given: {stated.seal.fingerprint}"
    yield PageCheck("signature", "same" if valid and right else "different", text)


def _parameters(contest: Contest, stated: Stated, files: Mapping[str, Path]) -> dict[str, object]:
    """Take the parameters as the page has them, with files found again."""
    parameters = dict(stated.document["parameters"])
    if parameters.get("table"):
        raise ReportError("the returns of this page were handed over as a table, which nobody else has: ask its maker")
    for name in sorted(FILES & set(parameters)):
        if name in files:
            parameters[name] = str(files[name].resolve())
        elif parameters[name]:
            path = contest.folder.resolve() / str(parameters[name])
            if not path.exists():
                raise ReportError(
                    f"the page was made with {name} = '{parameters[name]}', which is not in {contest.folder}: name it "
                    f"with --{name}"
                )
            parameters[name] = str(path)
    unknown = set(files) - set(parameters)
    if unknown:
        raise ReportError(f"a {stated.document['kind']} page has no {', '.join(sorted(unknown))}: leave it away")
    return parameters


def _manifests(stated: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[PageCheck]:
    """Compare inputs, code and numbers one by one."""
    ours, theirs = again["code"]["version"], stated["code"]["version"]
    changed = [name for name, value in stated["code"].items() if again["code"].get(name) != value]
    if changed:
        text = f"the page was made by {theirs}, this is {ours}; what differs: {', '.join(sorted(changed))}"
        yield PageCheck("code", "open", text)
    else:
        yield PageCheck("code", "same", f"the same code, {ours}")
    for group in ("inputs", "numbers", "files"):
        for name in sorted({*stated[group], *again[group]}):
            before, now = stated[group].get(name), again[group].get(name)
            place = name if group != "files" else f"file {name}"
            if before == now:
                yield PageCheck(place, "same", _short(before))
            else:
                yield PageCheck(place, "different", f"the page states {_short(before)}, the inputs give {_short(now)}")
    for name in ("release", "kind", "language"):
        if stated[name] != again[name]:
            yield PageCheck(name, "different", f"the page states {stated[name]!r}, the inputs give {again[name]!r}")


def _short(value: object) -> str:
    return "nothing" if value is None else str(value)


def _texts(stated: Stated, again: Composed) -> Iterator[PageCheck]:
    """Compare the data of the page with those that the inputs give, text by text, then what is seen with its data."""
    stated_parts, ours = pagefile.parts_in(stated.file.parts), again.parts
    before = _placed([to_data(part) for part in stated_parts])
    now = _placed([to_data(part, pictures=False) for part in ours])
    same = 0
    for kind, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if kind == "equal":
            same += sum(len(_NUMBER.findall(text)) for _, text in before[a:b])
            continue
        for i in range(max(b - a, d - c)):
            place, theirs = before[a + i] if a + i < b else (now[c + i][0], "")
            inputs_text = now[c + i][1] if c + i < d else ""
            yield _differs(TextDifference(place, theirs, inputs_text), "the inputs give")
    equal = before == now
    other = iter([part for part in ours if isinstance(part, Foreign)])  # the page has no data of these but what is seen
    stated_parts = tuple(next(other, part) if isinstance(part, Foreign) else part for part in stated_parts)
    for difference in text_differences(stated.html, again.html, ours if equal else stated_parts):
        yield _differs(difference, "the inputs give" if equal else "its own data say")
    yield PageCheck("texts", "same", f"{same} numbers on the page are those that the inputs give")


def _differs(difference: TextDifference, whose: str) -> PageCheck:
    text = f"the page says {difference.page!r}, {whose} {difference.data!r}"
    return PageCheck(f"text {difference.place}", "different", text)


def _placed(data: Sequence[Any]) -> list[tuple[str, str]]:
    """Give every text of the parts with its place."""
    texts: list[tuple[str, str]] = []

    def keep(place: str, text: str, picture: bool) -> str:
        if not picture:
            texts.append((place, text))
        return text

    for part in data:
        replaced(part, keep)
    return texts


def _whole(stated: Stated, again: Composed) -> PageCheck:
    if stated.html == again.html:
        return PageCheck("page", "same", "the whole page is the same, byte for byte")
    if stated.document["code"] != json.loads(again.manifest)["code"]:
        return PageCheck("page", "open", "byte for byte a page is the same only by the same code and libraries")
    before, now = stated.html.split("\n"), again.html.split("\n")
    equal = sum(size for _, _, size in SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks())
    differing = max(len(before), len(now)) - equal
    return PageCheck("page", "different", f"{differing} lines of the page are not those that the inputs give")

"""A page is made again from what it names: the same holds, a digit or an input that was touched is found."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from estimation.contest import Contest, load_contest
from estimation.errors import ReportError
from estimation.projection import make_take, project_contest
from estimation.publish import render
from estimation.publish.page_manifest import KEY_VARIABLE, Seal, key_fingerprint, numbers_of, seal, signed_by
from estimation.publish.pagefile import with_stale_line, without_stale_line
from estimation.publish.pages import Composed, compose
from estimation.publish.verify_page import PageCheck, holds, read_stated, verify_page
from estimation.returns.ledger import ingest, open_ledger, recorded_until
from estimation.simulation.showcase import MOMENT

NOW = datetime(2024, 11, 27, 11, 35, tzinfo=UTC)


@pytest.fixture(scope="module")
def contest(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Contest:
    return load_contest(shutil.copytree(demo, tmp_path_factory.mktemp("verify") / "situbondo-2024"))


@pytest.fixture(scope="module")
def page(contest: Contest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pages")
    return render(contest, out=out, language="id", parameters={"as_of": MOMENT}, now=NOW).path


@pytest.fixture(autouse=True)
def _made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the page that is compared with once for the same inputs: what is tampered with is the page alone."""

    def remembered(contest: Contest, **given: object) -> Composed:
        signed = given["signed"]
        assert isinstance(signed, Seal)
        key = repr((contest.folder, {**given, "signed": (signed.key, signed.signature)}))
        if key not in _MADE:
            _MADE[key] = compose(contest, **given)
        return _MADE[key]

    monkeypatch.setattr("estimation.publish.verify_page.compose", remembered)


_MADE: dict[str, Composed] = {}


def tampered(page: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    html = page.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in html
        html = html.replace(old, new)
    (folder / page.name).write_text(html, encoding="utf-8")
    return folder / page.name


def differing(checks: tuple[PageCheck, ...]) -> dict[str, str]:
    return {check.name: check.text for check in checks if check.outcome == "different"}


@pytest.mark.slow
def test_an_untouched_page_holds_number_by_number(contest: Contest, page: Path) -> None:
    checks = verify_page(contest, page)
    assert holds(checks)
    said = {check.name: (check.outcome, check.text) for check in checks}
    document = json.loads((page.parent / "projection.json").read_text(encoding="utf-8"))
    numbers = numbers_of(document)
    assert len(numbers) == 15
    assert {name: said[name] for name in numbers} == {name: ("same", str(value)) for name, value in numbers.items()}
    assert said["frame_sha256"] == ("same", document["provenance"]["frame_sha256"])
    assert said["signature"] == ("open", "the page is not signed")
    assert said["page"] == ("same", "the whole page is the same, byte for byte")
    assert int(said["texts"][1].split()[0]) > 300


def test_a_digit_in_the_page_is_found_and_named(contest: Contest, page: Path, tmp_path: Path) -> None:
    checks = verify_page(
        contest, tampered(page, tmp_path, ('<td class="num share">51,5\u00a0%', '<td class="num share">52,5\u00a0%'))
    )
    found = differing(checks)
    assert set(found) == {
        "body",
        "text candidates, 1 Yusuf Rio Wahyu Prayogo – Ulfiyah, Perolehan",
        "page",
    }
    (cell,) = (text for name, text in found.items() if name.startswith("text"))
    assert cell == "the page says '52,5\\xa0%', the inputs give '51,5\\xa0%'"
    assert found["page"] == "1 lines of the page are not those that the inputs give"


def test_a_digit_in_a_picture_or_out_of_sight_is_found(contest: Contest, page: Path, tmp_path: Path) -> None:
    html = page.read_text(encoding="utf-8")
    mark = re.search(r'(<section id="chart">.*?<use [^>]*x=")(\d+)', html, re.DOTALL)
    assert mark
    moved = html[: mark.start(2)] + str(int(mark[2]) + 1) + html[mark.end(2) :]
    (tmp_path / page.name).write_text(moved, encoding="utf-8")
    assert set(differing(verify_page(contest, tmp_path / page.name))) == {"body", "page"}


def test_a_manifest_that_was_made_to_fit_the_page_does_not_fit_the_inputs(
    contest: Contest, page: Path, tmp_path: Path
) -> None:
    html = page.read_text(encoding="utf-8").replace("51,5\u00a0%", "53,5\u00a0%")
    stated = read_stated(page)
    body = re.search(r'<main id="main">\n(.*)\n</main>', html, re.DOTALL)[1]
    document = json.loads(json.dumps(stated.document))
    document["body_sha256"] = hashlib.sha256(body.encode()).hexdigest()
    document["numbers"]["share 1 estimate"] = 0.535
    forged = seal(document, stated.moment)
    html = html.replace(stated.seal.manifest, forged.manifest).replace(stated.seal.digest, forged.digest)
    (tmp_path / page.name).write_text(html, encoding="utf-8")
    found = differing(verify_page(contest, tmp_path / page.name))
    assert "body" not in found
    assert "manifest" not in found
    assert found["share 1 estimate"] == "the page states 0.535, the inputs give 0.514646591"
    assert any(name.startswith("text candidates") for name in found)


@pytest.mark.slow
def test_an_input_that_changed_is_named(contest: Contest, page: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(contest.folder, tmp_path / "other")
    returns = folder / "inbox/laporan.csv"
    lines = returns.read_text(encoding="utf-8").splitlines()
    returns.write_text("\n".join([*lines[:5], *lines[105:]]) + "\n", encoding="utf-8")
    found = differing(verify_page(load_contest(folder), page))
    assert found["returns_sha256"].startswith(
        f"the page states {read_stated(page).document['inputs']['returns_sha256']}"
    )
    assert "share 1 estimate" in found
    assert not {"frame_sha256", "sample_sha256", "contest_sha256"} & set(found)


@pytest.mark.slow
def test_a_take_made_later_changes_nothing_and_one_made_before_is_named(
    contest: Contest, page: Path, tmp_path: Path
) -> None:
    other = load_contest(shutil.copytree(contest.folder, tmp_path / "other"))
    moment = datetime.fromisoformat(MOMENT)
    make_take(other, as_of=moment + timedelta(hours=1))
    assert holds(verify_page(other, page))
    make_take(other, as_of=moment - timedelta(hours=1))
    found = differing(verify_page(load_contest(shutil.copytree(other.folder, tmp_path / "third")), page))
    assert found["takes_sha256"].startswith("the page states nothing, the inputs give ")
    assert "share 1 estimate" not in found


@pytest.mark.slow
def test_what_the_ledger_held_is_found_again_after_corrections(lay_night: Callable[..., Path], tmp_path: Path) -> None:
    folder = lay_night(tmp_path / "kota", (0.56, 0.44))
    opened = load_contest(folder)
    ledger = open_ledger(opened)
    ingest(ledger, settle=0)
    known = recorded_until(ledger)
    assert known is not None
    rows = (folder / "inbox" / "returns.csv").read_text(encoding="utf-8").splitlines()
    made = render(opened, out=tmp_path, parameters={"recorded_by": known.isoformat()}, now=NOW).path
    station, at, first, second, *rest = rows[1].split(",")
    corrected = ",".join([station, at, str(int(second)), str(int(first)), *rest])
    (folder / "inbox" / "correction.csv").write_text(f"{rows[0]}\n{corrected}\n", encoding="utf-8")
    ingest(ledger, settle=0)
    ledger.close()
    assert project_contest(opened).provenance["returns_sha256"] not in made.read_text(encoding="utf-8")
    assert holds(verify_page(opened, made))


@pytest.mark.slow
def test_a_page_made_from_a_file_elsewhere_says_which_is_needed(contest: Contest, tmp_path: Path) -> None:
    sample = shutil.copyfile(contest.out / "sample.csv", tmp_path / "drawn.csv")
    shutil.copyfile(contest.out / "manifest.json", tmp_path / "manifest.json")
    given = {"as_of": MOMENT, "sample": str(sample)}
    page = render(contest, out=tmp_path / "out", parameters=given, now=NOW).path
    assert str(tmp_path) not in page.read_text(encoding="utf-8")
    with pytest.raises(ReportError, match=r"made with sample = 'drawn.csv', which is not in .*: name it with --sample"):
        verify_page(contest, page)
    assert differing(verify_page(contest, page, files={"sample": Path(sample)})) == {}


def test_what_is_no_page_or_another_contests_is_an_error(contest: Contest, page: Path, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<p>51,5 %</p>", encoding="utf-8")
    with pytest.raises(ReportError, match="carries no manifest with the time it was made"):
        verify_page(contest, tmp_path / "x.html")
    other = tampered(page, tmp_path, ('"contest":"situbondo-2024"', '"contest":"gianyar-2024"'))
    with pytest.raises(ReportError, match=r"a page of the contest 'gianyar-2024', and .* holds 'situbondo-2024'"):
        verify_page(contest, other)


def test_the_line_by_which_a_watch_says_how_old_a_page_is_changes_nothing(
    contest: Contest, page: Path, tmp_path: Path
) -> None:
    skip = re.search(r'<a class="skip".*?</a>', page.read_text(encoding="utf-8"))[0]
    old = tampered(page, tmp_path, (skip, skip + '\n<p class="aging" role="status">12 menit</p>'))
    assert holds(verify_page(contest, old))


def test_only_one_line_of_text_at_its_place_is_taken_for_a_watchs() -> None:
    page = '<body class="x">\n<a class="skip" href="#main">Skip</a>\n<main id="main">\n<p>51.5 %</p>\n</main>'
    old = with_stale_line(page, "12 min < 1 h", "color:#fff")
    assert old.split("\n")[2] == '<p class="aging" role="status" style="color:#fff">12 min &lt; 1 h</p>'
    assert without_stale_line(old) == page
    assert with_stale_line(old, "12 min < 1 h", "color:#fff") == old
    for forged in (
        old.replace("12 min", "<b>53.5 %</b>"),
        old.replace("\n<main", '\n<p class="aging" >53.5 %</p>\n<main'),
        page.replace("<p>51.5", '<p class="aging" >53.5 %</p>\n<p>51.5'),
    ):
        assert "53.5" in without_stale_line(forged)
    assert with_stale_line("<p>no page</p>", "old", "") == "<p>no page</p>"


def test_data_that_were_changed_with_the_page_do_not_fit_the_inputs(
    contest: Contest, page: Path, tmp_path: Path
) -> None:
    checks = verify_page(contest, tampered(page, tmp_path, ("51,5\u00a0%", "53,5\u00a0%")))
    found = differing(checks)
    assert {"body", "parts", "page"} < set(found)
    place = "text candidates, 1 Yusuf Rio Wahyu Prayogo – Ulfiyah, Perolehan"
    assert found[place] == "the page says '53,5\\xa0%', the inputs give '51,5\\xa0%'"
    assert not any("its own data" in text for text in found.values())


def test_a_page_whose_data_alone_were_changed_is_found(contest: Contest, page: Path, tmp_path: Path) -> None:
    old, new = '"value":"51,5\u00a0%"', '"value":"53,5\u00a0%"'
    checks = verify_page(contest, tampered(page, tmp_path, (old, new)))
    found = differing(checks)
    assert {"parts", "page"} < set(found)
    assert "body" not in found
    texts = [check.text for check in checks]
    assert "the page says '51,5\\xa0%', its own data say '53,5\\xa0%'" in texts
    assert "the page says '53,5\\xa0%', the inputs give '51,5\\xa0%'" in texts


@pytest.mark.parametrize("data", ["", "{", "{}", '[{"is":"Path"}]', '["x"]'])
def test_a_page_whose_data_are_no_parts_is_an_error(contest: Contest, page: Path, tmp_path: Path, data: str) -> None:
    other = tampered(page, tmp_path, (read_stated(page).file.parts, data))
    with pytest.raises(ReportError, match=r"no data of a part|the data of the page's parts can't be read"):
        verify_page(contest, other)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two pairs of keys as PEM: ``mine``, ``mine.pub``, ``other``, ``other.pub``."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives import serialization as form

    folder, found = tmp_path_factory.mktemp("keys"), {}
    for name in ("mine", "other"):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        public = private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        for kind, content in (("", pem), (".pub", public)):
            found[name + kind] = folder / f"{name}{kind}.pem"
            found[name + kind].write_bytes(content)
    return found


@pytest.mark.slow
def test_a_signed_page_is_checked_by_its_key(
    contest: Contest, keys: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(keys["mine"]))
    made = render(contest, out=tmp_path, language="en", parameters={"as_of": MOMENT}, now=NOW)
    monkeypatch.delenv(KEY_VARIABLE)
    page = made.path
    stated = read_stated(page)
    assert f"Signed with the key {key_fingerprint(stated.seal.key)}." in stated.html
    assert signed_by(stated.seal, stated.moment)
    assert differing(verify_page(contest, page, key=keys["mine.pub"])) == {}
    (tmp_path / "later").mkdir()
    later = tampered(page, tmp_path / "later", ("T18:35:00+07:00", "T18:36:00+07:00"), ("18:35 WIB", "18:36 WIB"))
    assert differing(verify_page(contest, later)) == {
        "signature": "the signature is not that of this manifest and this time"
    }
    other = differing(verify_page(contest, page, key=keys["other.pub"]))
    assert other == {"signature": f"the page is signed by another key: {key_fingerprint(stated.seal.key)}"}


def test_an_unsigned_page_does_not_pass_where_a_key_is_asked_for(
    contest: Contest, page: Path, keys: dict[str, Path]
) -> None:
    found = differing(verify_page(contest, page, key=keys["mine.pub"]))
    assert found == {"signature": "the page is not signed, and a key was given to check it by"}


def test_a_signature_in_the_wrong_form_is_none(keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(keys["mine"]))
    good = seal({"a": "</script>"}, NOW)
    assert "<" not in good.manifest
    assert signed_by(good, NOW)
    for key, signature in ((good.key, "AAAA"), ("AAAA", good.signature), (good.key, "no base64!")):
        assert not signed_by(type(good)(good.manifest, good.digest, key, signature), NOW)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "which can't be read: No such file"), ("no key", "is no private key in PEM without a password")],
)
def test_a_key_that_cannot_be_used_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Path], content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "key.pem").write_text(content, encoding="utf-8")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key.pem"))
    with pytest.raises(ReportError, match=message):
        seal({}, NOW)

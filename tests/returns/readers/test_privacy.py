"""Names and telephone numbers: dropped, or replaced by a pseudonym with a key of the contest."""

import hashlib
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.returns.readers.layouts import personal
from estimation.returns.readers.privacy import is_code, masked, pseudonyms


def changed(folder: Path, *values: str | None) -> list[str | None]:
    column: list[str | None] = pseudonyms(pa.array(values, pa.large_string()), folder).to_pylist()
    return column


@pytest.mark.parametrize("code", ["P-01", "0042", "P1.7_a", "enumerator1", "3512011001001", "007"])
def test_a_code_stays(tmp_path: Path, code: str) -> None:
    assert is_code(code)
    assert changed(tmp_path / "out", code, None) == [code, None]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "value",
    ["Made Contoh", "Made", "made@contoh.id", "081200000000", "+62 812-0000-0000", "6281200000000", "Jl. Besuki 7"],
)
def test_a_person_becomes_a_pseudonym(tmp_path: Path, value: str) -> None:
    (first,) = changed(tmp_path, value)
    assert first is not None
    assert first.startswith("p-")
    assert len(first) == 14
    assert changed(tmp_path, value, "P-01", first) == [first, "P-01", first]


def test_one_telephone_written_three_ways_is_one_person(tmp_path: Path) -> None:
    assert len(set(changed(tmp_path, "081200000000", "+62 812-0000-0000", "6281200000000"))) == 1
    assert len(set(changed(tmp_path, "Made  Contoh", "made contoh"))) == 1
    assert len(set(changed(tmp_path, "081200000000", "081200000001", "Made", "Putu"))) == 4


def test_another_contest_has_another_key(tmp_path: Path) -> None:
    assert changed(tmp_path / "a", "Made Contoh") != changed(tmp_path / "b", "Made Contoh")
    plain = hashlib.sha256(b"made contoh").hexdigest()[:12]
    assert changed(tmp_path / "a", "Made Contoh") != [f"p-{plain}"]


def test_the_key_is_its_owners_only(tmp_path: Path) -> None:
    changed(tmp_path, "Made Contoh")
    (key,) = tmp_path.iterdir()
    assert key.name == ".pseudonym-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(key.read_text().strip())) == 32


@pytest.mark.parametrize(
    ("header", "held"),
    [
        ("Nama", True),
        ("Nama Petugas", True),
        ("No. HP", True),
        ("petugas_telepon", True),
        ("SubmitterName", True),
        ("DeviceID", True),
        ("NIK", True),
        ("e-mail", False),
        ("email", True),
        ("Nama TPS", False),
        ("nama_desa", False),
        ("candidate name", False),
        ("votes_1", False),
        ("hp", True),
        ("chp", False),
    ],
)
def test_headers_of_personal_data(header: str, held: bool) -> None:
    assert personal().holds(header) == held


def test_fields_that_may_name_a_person_are_masked() -> None:
    assert masked("0002,Made Contoh,0812000000,1,2", ",") == "0002,…,…,1,2"
    assert masked("anything", "") == ""


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Nd"]), min_size=1))
def test_without_a_digit_nothing_is_a_code(text: str) -> None:
    assert not is_code(text)

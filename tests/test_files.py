"""Writing: a reader sees the old file or the new one, never half of one."""

import json
import os
import stat
from pathlib import Path

import pytest

from estimation.files import sha256_of, sweep, to_json, write_text, write_together


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a" / "b" / "page.html", "satu\r\ndua – tiga\n")
    assert path == tmp_path / "a" / "b" / "page.html"
    assert path.read_bytes() == "satu\r\ndua – tiga\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert names(path.parent) == ["page.html"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    write_text(tmp_path / "page.html", "old, and much longer")
    write_text(tmp_path / "page.html", "new")
    assert (tmp_path / "page.html").read_text() == "new"
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_when_writing_fails_the_old_file_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_text(tmp_path / "page.html", "old")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_text(tmp_path / "page.html", "new")
    assert (tmp_path / "page.html").read_text() == "old"
    assert names(tmp_path) == ["page.html"]


def test_text_that_is_no_utf_8_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "page.html", "\ud800")
    assert names(tmp_path) == []


def test_json_has_two_spaces_names_as_they_are_and_a_line_end() -> None:
    assert to_json({"name": "Rio – Ulfi", "n": [1]}) == '{\n  "name": "Rio – Ulfi",\n  "n": [\n    1\n  ]\n}\n'
    assert json.loads(to_json({"x": 0.1}))["x"] == 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_has_no_nan(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": value})


def test_halves_that_a_killed_process_left_are_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in (".status.json.4fe43r0t", "status.json", ".status.txt.1", ".other"):
        (tmp_path / name).write_text("x")
    sweep(tmp_path / "status.json")
    assert names(tmp_path) == [".other", ".status.txt.1", "status.json"]


def test_a_file_and_its_bytes_have_the_hash_that_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == sha256_of(b"abc") == known


def test_files_of_a_new_folder_are_written_together(tmp_path: Path) -> None:
    write_together(tmp_path / "out" / "stage", {"a.csv": "x\n1\n", "b.json": "{}\n"})
    assert {p.name: p.read_bytes() for p in (tmp_path / "out" / "stage").iterdir()} == {
        "a.csv": b"x\n1\n",
        "b.json": b"{}\n",
    }
    with pytest.raises(FileExistsError):
        write_together(tmp_path / "out" / "stage", {"a.csv": "x\n2\n"})

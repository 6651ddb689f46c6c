"""The page on paper, and the card for sharing."""

import builtins
import io
import re
import sys
import zlib
from datetime import datetime
from pathlib import Path

import pytest

import estimation as qc
from estimation.errors import ReportError
from estimation.publish.card import _write, draw_card
from estimation.publish.pdf import check_installed, load, to_pdf
from estimation.simulation.showcase import MOMENT
from estimation.words import isolated

UNTIL = datetime.fromisoformat("2024-11-27T15:00:00+07:00")
PAGE = '<!DOCTYPE html><html lang="id"><head><title>{title}</title></head><body><h1>51,5 %</h1>{more}</body></html>'


def test_without_weasyprint_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(ReportError, match=r"extra 'pdf', which is not installed: pip install 'quickcount\[pdf\]'"):
        check_installed()


def test_without_pango_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def broken(name, *rest, **more):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(ReportError, match="needs the library Pango of the system, which is missing"):
        load()


@pytest.mark.slow
def test_a_pdf_is_tagged_has_its_language_and_is_the_same_each_time() -> None:
    pytest.importorskip("weasyprint")
    page = PAGE.format(title="Judul", more="<script>alert(1)</script>")
    made = to_pdf(page)
    assert made.startswith(b"%PDF-1.7")
    inside = b"".join(
        zlib.decompress(found) for found in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL)
    )
    assert b"/Lang(id)" in inside.replace(b" ", b"")
    assert b"/Marked true" in inside
    assert b"alert" not in made
    assert to_pdf(page) == made


@pytest.mark.slow
def test_a_pdf_fetches_nothing() -> None:
    pytest.importorskip("weasyprint")
    with pytest.raises(ReportError, match=r"names something outside itself: .*file:///etc/hostname"):
        to_pdf(PAGE.format(title="x", more='<img src="file:///etc/hostname">'))


@pytest.mark.slow
@pytest.mark.parametrize(("status", "across"), [("public", False), ("internal", True), ("embargoed", True)])
def test_the_card_has_the_size_for_sharing_and_says_what_keeps_it_internal(
    demo: Path, status: str, across: bool
) -> None:
    from PIL import Image

    report = qc.open(demo).project(as_of=MOMENT).parts("id")
    card = draw_card(report, status, UNTIL)
    assert draw_card(report, status, UNTIL) == card
    picture = Image.open(io.BytesIO(card)).convert("RGB")
    assert picture.size == (1200, 630)
    paper = (251, 250, 246)
    assert (picture.getpixel((5, 5)) != paper) == across  # the ribbon along the upper edge
    assert (
        picture.tobytes() != Image.open(io.BytesIO(draw_card(report, "public", UNTIL))).convert("RGB").tobytes()
    ) == across
    badge = picture.getpixel((63, 70))
    assert badge == (124, 29, 29)


@pytest.mark.slow
def test_a_name_from_right_to_left_does_not_turn_the_line_it_begins() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def drawn(text: str) -> bytes:
        whole = Figure(figsize=(6, 1))
        canvas = FigureCanvasAgg(whole)
        _write(whole.add_axes((0, 0, 1, 1), xlim=(0, 600), ylim=(100, 0)), 20, 50, text, 20)
        canvas.draw()
        return bytes(canvas.buffer_rgba())

    assert drawn("\u2068Rio\u2069 unggul 2,9 poin") == drawn("Rio unggul 2,9 poin")  # the marks have no shape
    name = "\u0645\u062d\u0645\u062f"
    assert drawn(isolated(name) + " unggul 2,9 poin") == drawn(f"\u202a{name} unggul 2,9 poin\u202c")
    assert drawn(isolated(name) + " unggul 2,9 poin") != drawn(f"{name} unggul 2,9 poin")

"""No page of a rehearsal can be taken for one of a real night."""

import pytest

from estimation.publish.template import render_page
from estimation.publish.words import Words


@pytest.mark.parametrize(
    ("language", "word", "sentence"),
    [
        ("id", "Gladi", "Gladi: bukan data malam ini"),
        ("en", "Rehearsal", "Rehearsal: these are not tonight&#39;s data"),
    ],
)
def test_the_page_of_a_rehearsal_says_so_in_its_title_on_top_and_across(
    language: str, word: str, sentence: str
) -> None:
    def page(mode: str) -> str:
        words = Words(language)
        return render_page(language=language, report="R", title="T", mode=mode, body="", rendered="now", w=words)

    html = page("rehearsal")
    assert f"<title>{word} · T · R</title>" in html
    assert f'<p class="rehearsal" id="rehearsal">{sentence}</p>' in html
    assert html.count(f"<span>{word}</span>") == 12
    for mode in ("live", "demo"):
        assert "<title>T · R</title>" in page(mode)
        assert 'class="watermark"' not in page(mode)

"""No page of a rehearsal can be taken for one of a real night."""

from dataclasses import replace

import pytest

from estimation.contest import load_contest
from estimation.publish.release import place
from estimation.publish.template import render_page
from estimation.words import Words


@pytest.mark.parametrize(
    ("language", "word", "sentence"),
    [
        ("id", "Gladi", "Gladi: bukan data malam ini; tidak untuk dipublikasikan"),
        ("en", "Rehearsal", "Rehearsal: these are not tonight&#39;s data; not for publication"),
    ],
)
def test_the_page_of_a_rehearsal_says_so_in_its_title_on_top_and_across(
    make_contest, language: str, word: str, sentence: str
) -> None:
    contest = load_contest(make_contest())

    def page(mode: str) -> str:
        placement = place(replace(contest, about=replace(contest.about, mode=mode)))
        moment = placement.until
        return render_page(Words(language), report="R", title="T", placement=placement, body="", moment=moment)

    html = page("rehearsal")
    assert f"<title>{word} · T · R</title>" in html
    assert f'<p class="ribbon rehearsal" id="ribbon">{sentence}</p>' in html
    assert html.count(f"<span>{word}</span>") == 12
    for mode in ("live", "demo"):
        assert word not in page(mode).split("</title>")[0]
        assert 'class="watermark"' not in page(mode)

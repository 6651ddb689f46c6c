"""Formulas: one source, on the page and in a line."""

import re
from typing import get_args

import pytest

from estimation.contest import IntervalName, VarianceName
from estimation.publish.formulas import Formula
from estimation.publish.reports.projection import method

EVERY = [
    *method.VARIANCES.values(), *method.UNEQUAL.values(), *method.INTERVAL_OF.values(), *method.DISTANCES.values(),
    *(one for some in (*method.WEIGHTS.values(), *method.CHANCES.values()) for one in some),
    method.SHARE, method.PREDICTED, method.MODEL, method.PRIORS, method.ALLOWED, method.STANDS, method.INFLUENCE,
    method.TOTALS, method.LEAD, method.BOTH_PHASES,
]  # fmt: skip


def test_a_share_as_it_stands_on_the_page() -> None:
    share = Formula("", r"θ̂_j = \frac{Σ_{i∈A} w_i y_{ij}}{\sqrt{x < 1}}")
    assert share.text == "θ̂_j = [Σ_(i∈A) w_i y_ij] / [√(x < 1)]"
    assert share.html == (
        '<i><span class="hat">θ</span></i><sub><i>j</i></sub> = <span class="frac"><span>Σ<sub><i>i</i>∈<i>A</i></sub> '
        "<i>w</i><sub><i>i</i></sub> <i>y</i><sub><i>ij</i></sub></span><span>"
        '√<span class="root"><i>x</i> &lt; 1</span></span></span>'
    )


def test_words_stand_upright_and_low_letters_have_low_marks() -> None:
    assert Formula("", "exp(x̄)^2").html == 'exp(<i><span class="over low">x</span></i>)<sup>2</sup>'
    assert "<i>df" not in Formula("", "t_{df}").html


@pytest.mark.parametrize("source", EVERY)
def test_every_formula_is_whole(source: str) -> None:
    formula = Formula("", source)
    assert not re.search(r"[\\{}]", formula.html + formula.text)
    assert formula.html.count("<span") == formula.html.count("</span>")
    for open_, close in ("()", "[]"):
        assert formula.text.count(open_) == formula.text.count(close)


def test_every_variance_and_interval_has_its_formula() -> None:
    assert set(method.VARIANCES) == set(get_args(VarianceName)) - {"auto"}
    assert set(method.INTERVAL_OF) == set(get_args(IntervalName)) - {"auto"}

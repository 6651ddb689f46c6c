"""What an analyst writes works, and reads well."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import estimation as qc
from estimation.projection import make_take
from estimation.publish.verify_page import verify_page
from estimation.survey import Structure
from estimation.survey.ratio import ratio as ratio_of
from estimation.survey.variance import stratified

AT = "2024-11-27T18:30+07:00"
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def contest(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> qc.OpenContest:
    return qc.open(shutil.copytree(demo, tmp_path_factory.mktemp("api") / "situbondo-2024"))


@pytest.fixture(scope="module")
def p(contest: qc.OpenContest) -> qc.ProjectionResult:
    return contest.project(as_of=AT)


def test_the_ten_lines_of_the_readme(demo: Path, tmp_path: Path) -> None:
    folder = str(shutil.copytree(demo, tmp_path / "situbondo-2024"))
    past = folder
    contest = qc.open(folder)
    assert len(repr(contest.frame).splitlines()) <= 4
    assert len(contest.frame.to_frame()) == len(contest.frame) == 1030
    sample = contest.draw(n=300, strata="district", seed="4-1-6-2")
    returns = pd.concat([pd.read_csv(path, dtype=str) for path in sorted(contest.folder.glob("inbox/*.csv"))])
    p = contest.project(returns=returns, sample=sample, as_of=AT, estimator="ratio")
    assert len(p.shares) == 2
    assert set(p.lead.index) >= {"leader", "estimate", "low", "high"}
    assert {"path", "number", "estimate"} <= set(p.areas.columns)
    assert p.methods["estimator"].iloc[0] == "ratio"
    assert "code" in p.findings.columns
    assert json.loads(p.to_json())["estimator"] == "ratio"
    page = p.report(tmp_path / "page.html", lang="id")
    assert page.path == tmp_path / "page.html"
    text = page.path.read_text(encoding="utf-8")
    assert "Data diserahkan sebagai tabel" in text
    assert not page.placement.public
    assert "halaman ini tidak dapat diperiksa" in text
    assert str(tmp_path) not in text
    with pytest.raises(qc.EstimationError, match="handed over as a table, which nobody else has"):
        verify_page(contest.settings, page.path)
    table = qc.compare_designs(past, [{"method": "simple", "strata": ""}, {}], n=100, replicates=20)
    assert list(table["design"].unique()) == ["simple", "stratified by district"]
    again = qc.backtest(past, order="random", replicates=20, received=[0.5])
    assert {"coverage", "estimator"} <= set(again.rows.columns)
    quantities = qc.evaluate(contest, as_of=AT).quantities.set_index("name")
    assert list(quantities.index) == ["share:1", "share:2", "lead", "turnout", "invalid"]


def test_a_projection_is_four_lines_and_a_table(p: qc.ProjectionResult) -> None:
    lines = repr(p).splitlines()
    assert lines[0].startswith("Pemilihan Bupati Situbondo 2024")
    assert len(lines) < 12
    html = p._repr_html_()
    assert "<table" in html
    assert "Rio–Ulfi" in html
    assert len(html) < 4000


def test_tables_have_their_documented_columns(p: qc.ProjectionResult) -> None:
    assert list(p.shares.columns) == [
        "name", "estimate", "se", "low", "high", "df", "deff_stations", "deff_persons", "votes",
    ]  # fmt: skip
    assert p.shares["estimate"].sum() == pytest.approx(1)
    assert list(p.lead.index) == ["leader", "runner_up", "estimate", "se", "low", "high"]
    assert list(p.methods.columns) == ["estimator", "number", "estimate", "low", "high"]
    assert list(p.warnings.columns) == ["code", "text"]
    assert list(p.turnout.index) == ["estimate", "se", "low", "high"]
    assert p.call["status"] in ("called", "leading", "too-close", "insufficient")
    assert len(p.areas) == 2 * p.areas["path"].nunique()


def test_a_table_of_returns_is_the_same_as_its_file(make_contest) -> None:
    rows = [
        {"tps_id": f"{i:04d}", "votes_1": 100 + i, "votes_2": 90, "invalid": 10, "total": 200 + i} for i in range(1, 11)
    ]
    contest = qc.open(make_contest(returns=rows, extra_toml='[returns]\nasked = "all"\n'))
    from_files, from_table = contest.project(), contest.project(returns=pd.DataFrame(rows))
    pd.testing.assert_frame_equal(from_files.shares, from_table.shares)
    assert set(from_table.warnings["code"]) - set(from_files.warnings["code"]) == {"W330"}


def test_draw_writes_nothing_and_save_does(contest: qc.OpenContest) -> None:
    before = sorted(path.name for path in (contest.folder / "out").iterdir())
    sample = contest.draw(n=50, seed=7)
    assert sorted(path.name for path in (contest.folder / "out").iterdir()) == before
    assert repr(sample).startswith("sample of 50 of 1,030 stations: stratified in 17 strata (district), seed '7'")
    assert {"stratum", "probability", "weight"} <= set(sample.to_frame().columns)
    kept = (contest.folder / "out" / "sample.csv").read_bytes()
    path = sample.save()
    assert path == contest.folder / "out" / "sample.csv"
    assert path.read_bytes() != kept
    assert len(contest.sample) == 50
    path.write_bytes(kept)


def test_the_plots_are_those_of_the_page(contest: qc.OpenContest) -> None:
    from matplotlib.figure import Figure

    p = qc.open("demo").project()
    for figure in (p.plot.shares(), p.plot.lead(lang="id"), p.plot.course()):
        assert isinstance(figure, Figure)
        assert figure.get_size_inches()[0] == pytest.approx(7.2)
    assert "Rio–Ulfi" in " ".join(text.get_text() for text in p.plot.shares().axes[0].texts)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.project(estimator="rato"), "estimator = 'rato' can't be used: known are .*'ratio'"),
        (lambda c: c.project(asof=AT), "asof: there is no such argument; known are"),
        (lambda c: c.draw(size=3), "size: there is no such argument; known are n, method"),
        (lambda c: c.draw(method="stratfied"), "method 'stratfied' is unknown: did you mean 'stratified'"),
        (lambda c: qc.compare_designs(c, []), "there is none to compare"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(contest: qc.OpenContest, call, text: str) -> None:
    with pytest.raises(qc.EstimationError, match=text):
        call(contest)


@pytest.fixture
def counts() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    district = np.repeat(["A", "B", "C"], [10, 8, 6])
    return pd.DataFrame({"district": district, "a": rng.integers(50, 150, 24), "b": rng.integers(50, 150, 24)})


def test_ratio_is_the_array_core(counts: pd.DataFrame) -> None:
    sizes = {"A": 100, "B": 60, "C": 40}
    found = qc.ratio(counts, votes=["a", "b"], strata="district", sizes=sizes)
    codes, size = pd.factorize(counts["district"])[0], np.array([100.0, 60, 40])
    weight = (size / np.bincount(codes))[codes]
    y = counts[["a", "b"]].to_numpy(float)
    linear = ratio_of(y, np.repeat(y.sum(axis=1)[:, None], 2, axis=1), weight)
    cov = stratified(linear.expanded, Structure(weight, codes, size))
    assert found.theta == pytest.approx(linear.theta)
    assert found.cov == pytest.approx(cov)
    assert list(found.table().columns) == ["estimate", "se", "low", "high", "df"]
    assert found.df == 21
    by_column = qc.ratio(counts.assign(N=size[codes]), ["a", "b"], strata="district", sizes="N")
    assert by_column.se == pytest.approx(found.se)


def test_ratio_says_what_is_wrong(counts: pd.DataFrame) -> None:
    for options, text in (
        ({"votes": ["c"]}, "column 'c' is not in the table: it has district, a, b"),
        ({"votes": ["district"]}, "column 'district' holds no number in row 1"),
        ({"votes": ["a"], "strata": "district", "sizes": {"A": 100, "B": 60}}, "stratum 'C' has no size"),
        ({"votes": ["a"], "sizes": 10}, "has 10 stations and 24 rows"),
        ({"votes": []}, "there is nothing to estimate"),
    ):
        with pytest.raises(qc.EstimationError, match=text):
            qc.ratio(counts, **options)


def test_every_name_that_is_offered_is_there() -> None:
    assert [name for name in qc.__all__ if getattr(qc, name, None) is None] == []
    assert dir(qc) == sorted(qc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'projekt'"):
        qc.projekt  # noqa: B018


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, estimation; print([m for m in ('numpy', 'pandas', 'pydantic', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_lines_of_the_readme_run_as_they_stand(
    demo: Path, counts: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest = qc.open(shutil.copytree(demo, tmp_path / "situbondo-2024"))
    contest.draw(n=300, strata="district", seed="4-1-6-2").save()
    for hour in (15, 17):
        make_take(contest.settings, as_of=f"2024-11-27T{hour}:30+07:00")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(import estimation as qc\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names = counts["district"].map({"A": "north", "B": "south", "C": "south"})
    df = counts.assign(district=names).rename(columns={"a": "ani", "b": "budi"})
    given = {"df_or_path": Path("situbondo-2024/inbox"), "past": "situbondo-2024", "df": df}
    exec(compile(code, README.name, "exec"), given)
    assert Path("page.html").is_file()
    assert isinstance(given["p"], qc.ProjectionResult)


def test_stations_needed_without_an_earlier_election() -> None:
    size = qc.stations_needed(1030, 370, margin=0.01, intraclass=0.05)
    variance = 0.25 * (1 + 369 * 0.05) / 370  # Kish 1965: σ² = p (1 - p) (1 + (v - 1) ρ) / v
    first = 1.959964**2 * variance / 0.01**2
    assert size.n == math.ceil(first / (1 + first / 1030))
    assert qc.stations_needed(1030, 370, right_leader=0.95, lead=0.03, intraclass=0.05).n < 1030
    for options, text in (
        ({}, "give one of margin and right_leader"),
        ({"right_leader": 0.9}, "right_leader needs the lead"),
        ({"margin": 0.01}, "give one of deff and intraclass"),
    ):
        with pytest.raises(qc.EstimationError, match=text):
            qc.stations_needed(1030, 370, **({"intraclass": 0.05} if "right_leader" in options else {}), **options)

"""The sentences and tables of a projection report."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import estimation as qc
from estimation.contest import EstimatorName, load_contest
from estimation.projection import project_contest
from estimation.publish import ProjectionReport
from estimation.publish.reports.projection.shares import dispute_limit
from estimation.simulation.showcase import MOMENT
from estimation.words import Words


@pytest.fixture(scope="module")
def report(demo: Path) -> ProjectionReport:
    return qc.open(demo).project(as_of=MOMENT).parts("id")


def test_banner_says_what_it_is_and_how_much_is_in(report: ProjectionReport) -> None:
    assert report.banner().text.splitlines() == [
        "Bukan hasil resmi",
        "Demo: suara tiap TPS adalah hasil simulasi",
        "Data masuk sampai 27 November 2024 18.30 WIB",
        "208 dari 300 TPS sampel sudah masuk (69\u00a0%)",
        "Internal, tidak untuk dipublikasikan",
    ]


def test_verdict_in_both_languages(report: ProjectionReport) -> None:
    assert report.verdict().text.splitlines() == [
        "Terlalu tipis. Rio–Ulfi unggul 2,9 poin atas Karna–Khoirani, tetapi selang kepercayaan 95\u00a0% dari −0,5 "
        "sampai 6,4 memuat nol.",
        "- Selang kepercayaan 95 % dari keunggulan atas Karna–Khoirani memuat nol",
    ]
    english = ProjectionReport(report.projection, Words("en"))
    assert english.sentence() == (
        "Rio–Ulfi is ahead of Karna–Khoirani by 2.9 points, but the 95\u00a0% interval from −0.5 to 6.4 contains zero."
    )


def test_a_leader_who_is_not_called(demo: Path) -> None:
    leading = qc.open(demo).project(as_of=MOMENT, level=0.7).parts("id")
    assert leading.verdict().text.splitlines() == [
        "Unggul, belum dapat disimpulkan. Rio–Ulfi unggul 2,9 poin atas Karna–Khoirani (selang kepercayaan 70\u00a0%: "
        "1,1 sampai 4,7); belum dapat disimpulkan.",
        "- Keunggulan atas Karna–Khoirani di luar selang 70 %, tetapi belum melampaui batas yang lebih ketat untuk "
        "kesimpulan: 1,7 galat baku, diperlukan 4,4",
    ]


def test_what_could_overturn_it(report: ProjectionReport) -> None:
    lines = report.overturn().text.splitlines()
    assert lines[:2] == [
        "TPS yang belum masuk (92) harus terbagi 51 : 49 untuk Karna–Khoirani agar menyamai Rio–Ulfi; TPS yang sudah "
        "masuk terbagi 49,5 : 50,5.",
        "BANYUGLUGUR terbagi 62,8 : 37,2 untuk Karna–Khoirani: semua TPS yang belum masuk harus seperti itu atau "
        "lebih.",
    ]
    assert lines[-2].endswith("(simpangan baku antar-TPS) | 0,32")


def test_candidates(report: ProjectionReport) -> None:
    assert report.candidates().text.splitlines() == [
        "1 Rio–Ulfi: 51,5\u00a0% (49,7 – 53,2), ± 1,7, suara masuk 38.632",
        "2 Karna–Khoirani: 48,5\u00a0% (46,8 – 50,3), ± 1,7, suara masuk 37.892",
    ]


def test_charts_say_their_finding(report: ProjectionReport) -> None:
    assert report.chart().text == (
        "Titik dengan selang kepercayaan 95\u00a0%. Rio–Ulfi 51,5\u00a0%, dari 49,7 sampai 53,2; "
        "Karna–Khoirani 48,5\u00a0%, dari 46,8 sampai 50,3."
    )
    assert "nol berada di dalam selang" in report.lead().text


def test_methods_stand_side_by_side(report: ProjectionReport) -> None:
    lines = report.methods().text.splitlines()
    assert lines[1] == (
        "Selisih Rio–Ulfi atas Karna–Khoirani: 2,9 poin pada laporan ini, 2,2 sampai 3,0 poin pada 7 metode lain."
    )
    assert lines[2] == "Metode | Rio–Ulfi | Karna–Khoirani | Selisih"
    assert lines[3] == (
        "Prediksi bertingkat (laporan ini) | 51,5\u00a0% (49,7 – 53,2) | 48,5\u00a0% (46,8 – 50,3) | 2,9 (−0,5 – 6,4)"
    )
    assert [line.split(" | ")[0] for line in lines[4:]] == [
        "Kalibrasi dua fase",
        "Peluang melapor (sel)",
        "Rasio gabungan",
        "Rasio terpisah",
        "Pascastratifikasi",
        "Raking",
        "Kalibrasi",
    ]
    assert lines[6].startswith("Rasio gabungan | 51,1\u00a0% (49,3 – 52,9)")


def test_progress_says_what_is_in_out_and_kept_out(report: ProjectionReport) -> None:
    lines = report.progress().text.splitlines()
    assert lines[:3] == [
        "208 dari 300 TPS masuk dan dipakai, 1 ditahan, 91 belum masuk.",
        "Lengkap: 1 dari 17 kecamatan; tanpa data sama sekali: 0.",
        "JATIBANTENG: 13 / 13",
    ]
    assert "PANARUKAN: 13 / 24, 10 belum, 1 ditahan" in lines
    assert lines[19:22] == [
        "Lengkap: 58 dari 118 desa/kelurahan; tanpa data sama sekali: 21.",
        "Yang belum lengkap, terbanyak lebih dulu: 12 dari 60 desa/kelurahan.",
        "TANJUNG KAMAL (MANGARAN · P-069): 2 / 6, 4 belum",
    ]


def test_results_by_area_are_tiles_where_no_place_is_known(report: ProjectionReport) -> None:
    part = report.areas()
    lines = part.text.splitlines()
    assert lines[0] == (
        "Dari 17 kecamatan: Rio–Ulfi unggul di 10, 3 di antaranya jelas; Karna–Khoirani unggul di 7, 4 di antaranya "
        "jelas."
    )
    assert lines[2] == "JATIBANTENG | 13 / 13 | 37,8\u00a0% (31,6 – 44,3) | 62,2\u00a0% (55,7 – 68,4)"
    assert part.html.count('<li class="tile') == 17
    assert part.html.count('<li class="tile sure"') == 7
    assert "<svg" not in part.html


def test_problems_list_what_was_kept_out(report: ProjectionReport) -> None:
    text = report.problems().text
    assert "1 TPS memiliki data yang ditahan" in text
    assert "Ditahan, tidak dihitung: E203 × 2" in text


def test_provenance_names_hashes_and_the_command(report: ProjectionReport) -> None:
    lines = report.provenance().text.splitlines()
    assert lines[-1] == "Perintah: quickcount project situbondo-2024 --as-of 2024-11-27T18:30:00+07:00"
    assert f"Daftar TPS (SHA-256): {report.projection.provenance['frame_sha256']}" in lines


def test_names_from_outside_are_escaped(report: ProjectionReport) -> None:
    contest = report.projection.contest
    bad = replace(contest.candidates[0], name='<script>alert("1")</script>', short="<b>x</b> & co")
    contest = replace(contest, candidates=(bad, contest.candidates[1]))
    changed = ProjectionReport(replace(report.projection, contest=contest), report.words)
    html = changed.candidates().html + changed.verdict().html + changed.chart().html + changed.progress().html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "<b>x</b>" not in html


def test_insufficient_page_has_every_part(demo: Path) -> None:
    contest = load_contest(demo)
    empty = demo.parent / "empty-inbox"
    empty.mkdir(exist_ok=True)
    report = ProjectionReport(project_contest(contest, returns=empty), Words("en"))
    assert report.verdict().text == "Not enough returns. Nothing can be projected yet.\n- Fewer than two returns are in"
    assert report.candidates().text.splitlines()[0] == "1 Rio–Ulfi: – (–), –, votes seen 0"
    assert report.chart().html == ""
    assert "0 of 300 TPS in the sample are in (0\u00a0%)" in report.banner().text
    assert "Nothing has been estimated yet." in report.method().text
    assert report.progress().text.splitlines()[1] == "Complete: 0 of 17 districts; without any return: 17."
    assert [part.name for part in report.parts() if not part.text] == [
        "chart", "lead", "overturn", "arrival", "methods", "areas",
    ]  # fmt: skip


def test_the_command_has_every_option_that_was_given(demo: Path) -> None:
    own = demo / "out" / "sample.csv"
    report = (
        qc.open(demo)
        .project(as_of=MOMENT, sample=str(own), estimator="ratio", level=0.9, where="regency=SITUBONDO")
        .parts("en")
    )
    lines = dict(line.split(": ", 1) for line in report.provenance().text.splitlines())
    assert lines["Command"] == (
        "quickcount project situbondo-2024 --as-of 2024-11-27T18:30:00+07:00 --sample situbondo-2024/out/sample.csv "
        "--estimator ratio --level 0.9 --where regency=SITUBONDO"
    )
    assert (lines["Estimator"], lines["Variance"], lines["Interval"]) == ("ratio", "stratified", "logit")
    assert (
        "Weights of the stations in: d_i = [1] / [π_i] · [Σ_(k∈S_h) 1/π_k] / [Σ_(k∈A_h) 1/π_k]" in report.method().text
    )


def test_a_file_from_elsewhere_is_named_without_its_folder(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "returns.csv").write_bytes((demo / "inbox" / "laporan.csv").read_bytes())
    report = qc.open(demo).project(returns=str(tmp_path / "returns.csv")).parts("en")
    assert "--returns returns.csv" in report.provenance().text
    assert str(tmp_path) not in "".join(part.text for part in (report.provenance(), report.problems()))


@pytest.mark.parametrize(
    ("kind", "inhabitants", "limit"),
    [
        ("bupati", 250_000, 0.02),
        ("bupati", 250_001, 0.015),
        ("walikota", 1_000_000, 0.01),
        ("walikota", 1_000_001, 0.005),
        ("gubernur", 2_000_000, 0.02),
        ("gubernur", 12_000_001, 0.005),
        ("presiden", 270_000_000, None),
        ("bupati", None, None),
    ],
)
def test_a_lead_may_be_disputed_up_to_the_law_s_limit(kind: str, inhabitants: int | None, limit: float | None) -> None:
    assert dispute_limit(kind, inhabitants) == limit


def test_the_dispute_is_told_where_the_inhabitants_are_known(report: ProjectionReport) -> None:
    p = report.projection
    about = replace(p.contest.about, inhabitants=700_000)
    told = ProjectionReport(replace(p, contest=replace(p.contest, about=about)), Words("en")).lead()
    assert "This interval contains 1.0\u00a0% of the valid votes, up to which a result may be disputed" in told.html
    assert "disputed" not in report.lead().html


@pytest.mark.slow
@pytest.mark.parametrize("estimator", get_args(EstimatorName))
@pytest.mark.parametrize("variance", ["auto", "jackknife"])
def test_every_estimator_has_its_formulas(demo: Path, estimator: str, variance: str) -> None:
    report = qc.open(demo).project(as_of=MOMENT, estimator=estimator, variance=variance).parts("en")
    lines = report.method().text.splitlines()
    predicted = report.projection.estimator == "multilevel"
    assert any(line.startswith("Shares: θ̂_j = ") for line in lines)
    assert any(line.startswith("Final weights: w_i = ") for line in lines) is not predicted
    assert any(line.startswith("Variance: V̂ = Σ") for line in lines) is not predicted
    assert lines[-2].startswith("With the numbers of Rio–Ulfi: θ̂ = 0.5")

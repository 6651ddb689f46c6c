"""The sentences and tables of a projection report."""

from dataclasses import replace
from pathlib import Path

import pytest

from estimation.contest import load_contest
from estimation.projection import project
from estimation.publish import ProjectionReport, open_projection
from estimation.publish.words import Words
from estimation.simulation.showcase import MOMENT


@pytest.fixture(scope="module")
def report(demo: Path) -> ProjectionReport:
    return open_projection(str(demo), as_of=MOMENT, language="id")


def test_banner_says_what_it_is_and_how_much_is_in(report: ProjectionReport) -> None:
    assert report.banner().text.splitlines() == [
        "Bukan hasil resmi",
        "Demo: suara tiap TPS adalah hasil simulasi",
        "Data masuk sampai 27 November 2024 18.30 WIB",
        "208 dari 300 TPS sampel sudah masuk (69\u00a0%)",
        "Internal, tidak untuk dipublikasikan",
    ]


OUT = [
    "- TPS yang belum masuk (92) harus terbagi 51 : 49 untuk Karna–Khoirani agar menyamai Rio–Ulfi; TPS yang sudah "
    "masuk terbagi 49,5 : 50,5",
    "- BANYUGLUGUR terbagi 62,8 : 37,2 untuk Karna–Khoirani: semua TPS yang belum masuk harus seperti itu atau lebih",
]


def test_verdict_in_both_languages(report: ProjectionReport) -> None:
    assert report.verdict().text.splitlines() == [
        "Terlalu tipis. Selisih terlalu tipis untuk disimpulkan: Rio–Ulfi unggul 2,9 poin atas Karna–Khoirani, dan "
        "selang kepercayaan 95\u00a0% dari −0,5 sampai 6,4 memuat nol.",
        "- Selang kepercayaan 95 % dari keunggulan atas Karna–Khoirani memuat nol",
        *OUT,
    ]
    english = ProjectionReport(report.projection, Words("en"))
    assert english.sentence() == (
        "Too close to call: Rio–Ulfi is ahead of Karna–Khoirani by 2.9 points, and the 95\u00a0% interval from −0.5 to "
        "6.4 contains zero."
    )


def test_a_leader_who_is_not_called(demo: Path) -> None:
    leading = open_projection(str(demo), as_of=MOMENT, level=0.7, language="id")
    assert leading.verdict().text.splitlines() == [
        "Unggul, belum dapat disimpulkan. Rio–Ulfi unggul 2,9 poin atas Karna–Khoirani (selang kepercayaan 70\u00a0%: "
        "1,1 sampai 4,7); belum dapat disimpulkan.",
        "- Keunggulan atas Karna–Khoirani di luar selang 70 %, tetapi belum melampaui batas yang lebih ketat untuk "
        "kesimpulan: 1,7 galat baku, diperlukan 4,4",
        *OUT,
    ]


def test_candidates(report: ProjectionReport) -> None:
    assert report.candidates().text.splitlines() == [
        "1 Rio–Ulfi: 51,5\u00a0% (49,7 – 53,2), suara masuk 38.632",
        "2 Karna–Khoirani: 48,5\u00a0% (46,8 – 50,3), suara masuk 37.892",
    ]


def test_charts_say_their_finding(report: ProjectionReport) -> None:
    assert report.chart().text == (
        "Titik dengan selang kepercayaan 95\u00a0%. Rio–Ulfi 51,5\u00a0%, dari 49,7 sampai 53,2; "
        "Karna–Khoirani 48,5\u00a0%, dari 46,8 sampai 50,3."
    )
    assert "nol berada di dalam selang" in report.lead().text


def test_methods_stand_side_by_side(report: ProjectionReport) -> None:
    lines = report.methods().text.splitlines()
    assert lines[1] == "Metode | Rio–Ulfi | Karna–Khoirani | Selisih"
    assert lines[2] == "Prediksi bertingkat (laporan ini) | 51,5 (49,7 – 53,2) | 48,5 (46,8 – 50,3) | 2,9 (−0,5 – 6,4)"
    assert [line.split(" | ")[0] for line in lines[3:]] == [
        "Kalibrasi dua fase",
        "Peluang melapor (sel)",
        "Rasio gabungan",
        "Rasio terpisah",
        "Pascastratifikasi",
        "Raking",
        "Kalibrasi",
    ]
    assert lines[5].startswith("Rasio gabungan | 51,1 (49,3 – 52,9)")


def test_progress_has_a_row_for_each_district(report: ProjectionReport) -> None:
    lines = report.progress().text.splitlines()
    assert len(lines) == 17
    assert lines[0] == "JATIBANTENG: 13 / 13; 37,8\u00a0% (31,6 – 44,3), 62,2\u00a0% (55,7 – 68,4)"


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
    report = ProjectionReport(project(contest, returns_path=empty), Words("en"))
    assert (
        report.verdict().text
        == "Not enough returns. Not enough returns for a projection.\n- Fewer than two returns are in"
    )
    assert report.candidates().text.splitlines()[0] == "1 Rio–Ulfi: – (–), votes seen 0"
    assert report.chart().html == ""
    assert "0 of 300 TPS in the sample are in (0\u00a0%)" in report.banner().text
    assert "Nothing has been estimated yet." in report.method().text
    assert all(line.endswith("too few returns") for line in report.progress().text.splitlines())

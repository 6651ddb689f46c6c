"""KPU's JSON: Sirekap national and Pilkada, Situng 2019; every block may be null, and junk keys stand in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estimation.contest import load_contest
from estimation.returns import Intake, read_returns

Found = Callable[..., list[tuple[str, int, str, str]]]
TakeIn = Callable[..., Intake]

ONE, TWO = "3512011001001", "3512011001002"
ZONE = 'timezone = "Asia/Jakarta"'


def sirekap(station: str = ONE, **other: Any) -> dict[str, Any]:
    document = {
        "mode": "hhcw",
        "chart": {"null": None, "100025": 83, "100026": 107, "100027": 38},
        "images": [f"https://x/{station}-20240214-205639--a.jpg", f"https://x/{station}-20240214-205901--b.jpg", None],
        "administrasi": {
            "suara_sah": 228,
            "suara_total": 233,
            "suara_tidak_sah": 5,
            "pemilih_dpt_j": 292,
            "pemilih_dpt_l": 147,
            "pengguna_dpt_j": 229,
            "pengguna_dptb_j": 1,
            "pengguna_non_dpt_j": 3,
            "pengguna_total_j": 233,
        },
        "psu": None,
        "ts": "2024-02-16 16:25:10",
        "status_suara": True,
        "status_adm": True,
    }
    return document | other


def files(**documents: Any) -> dict[str, str]:
    return {f"{name.lstrip('_')}.json": json.dumps(document) for name, document in documents.items()}


def test_a_station_of_the_national_election(take_in: TakeIn, listed: Found) -> None:
    intake = take_in(files(_3512011001001=sirekap()), ZONE, candidates=3)
    row = intake.table.iloc[0]
    assert row[["tps_id", "votes_1", "votes_2", "votes_3", "invalid", "total", "valid"]].tolist() == [
        ONE, 83, 107, 38, 5, 233, 228,
    ]  # fmt: skip
    assert row[["registered", "used_dpt", "used_moved", "used_unlisted", "used_total"]].tolist() == [
        292,
        229,
        1,
        3,
        233,
    ]
    assert row["received_at"] == pd.Timestamp("2024-02-16T09:25:10Z")
    assert row[["source", "file", "line"]].tolist() == ["kpu", f"{ONE}.json", 1]
    assert (listed(intake), intake.sources[0].layout) == ([], "kpu")


def test_the_time_of_upload_where_the_contest_asks_for_it(take_in: TakeIn) -> None:
    toml = ZONE + '\ncolumns = { form_uploaded_at = "received_at" }'
    intake = take_in(files(_3512011001001=sirekap()), toml, candidates=3)
    assert intake.table["received_at"].tolist() == [pd.Timestamp("2024-02-14T13:59:01Z")]


def test_each_block_may_be_null(take_in: TakeIn, listed: Found) -> None:
    documents = {
        "a1": sirekap(ONE, chart=None),
        "a2": sirekap(TWO, administrasi=None),
        "a3": sirekap("3512011001003", chart=None, administrasi=None),
        "a4": sirekap("3512011001004", chart={"null": None}, administrasi=None),
        "a5": sirekap("3512011001005", chart={"100025": 1, "100026": None, "100027": 2}, images=None),
        "_3512011001006": sirekap("3512011001006", chart={"100025": 0, "100026": 0, "100027": 0}),
    }
    documents["_3512011001007"] = documents.pop("a5")
    intake = take_in(files(**documents), ZONE, candidates=3)
    table = intake.table.set_index("tps_id")[["votes_1", "votes_2", "votes_3", "total"]]
    nan = np.nan
    expected = {
        "3512011001006": [0, 0, 0, 233],
        "3512011001007": [1, nan, 2, 233],
        ONE: [nan, nan, nan, 233],
        TWO: [83, 107, 38, nan],
    }
    assert table.index.tolist() == list(expected)
    np.testing.assert_array_equal(table.to_numpy(), np.array(list(expected.values())))
    assert listed(intake) == [("W218", 0, "", "2")]


def test_a_revote_is_told(take_in: TakeIn, listed: Found) -> None:
    documents = {ONE: sirekap(ONE, psu="PSU"), TWO: sirekap(TWO, psu="Reguler")}
    intake = take_in({"all.json": json.dumps(documents)}, ZONE, candidates=3)
    assert intake.table["tps_id"].tolist() == [ONE, TWO]
    assert listed(intake) == [("W219", 1, "psu", "PSU")]
    assert intake.findings.table["tps_id"].tolist() == [ONE]


def pilkada(station: str = ONE, **other: Any) -> dict[str, Any]:
    national = sirekap(station)
    chart = {"1000748": 140, "1000747": 88, "progres": {"total": 1}, "null": None}
    inner = {"chart": chart, "administrasi": national["administrasi"]}
    return {
        "mode": "hhcw",
        "tungsura": inner,
        "images": national["images"],
        "psu": "Reguler",
        "ts": national["ts"],
    } | other


CANDIDATES = {
    "3512": {
        "1000747": {"ts": "2024-11-27", "nama": "SATU", "warna": "#B67352", "nomor_urut": 1},
        "1000748": {"ts": "2024-11-27", "nama": "DUA", "warna": "#B67352", "nomor_urut": 2},
    }
}


def test_a_pilkada_with_kpus_file_of_candidates(take_in: TakeIn, listed: Found) -> None:
    intake = take_in(files(_3512011001001=pilkada(), paslon=CANDIDATES), ZONE)
    row = intake.table.iloc[0]
    assert row[["tps_id", "votes_1", "votes_2", "total", "used_moved"]].tolist() == [ONE, 88, 140, 233, 1]
    assert listed(intake) == []


def test_a_pilkada_with_ids_in_the_contest(take_in: TakeIn) -> None:
    toml = ZONE + '\ncolumns = { 1000747 = "votes_2", 1000748 = "votes_1" }'
    row = take_in(files(_3512011001001=pilkada()), toml).table.iloc[0]
    assert row[["votes_1", "votes_2"]].tolist() == [140, 88]


def test_candidate_ids_that_nothing_maps_stop(take_in: TakeIn) -> None:
    with pytest.raises(
        ValueError, match="candidate ids 1000748, 1000747 have no ballot number: put KPU's file of cand"
    ):
        take_in(files(_3512011001001=pilkada()), ZONE)


def test_documents_of_another_contest_are_left_out_by_name(take_in: TakeIn, listed: Found) -> None:
    other = pilkada(TWO)
    other["tungsura"] = other["tungsura"] | {"chart": {"1000900": 5, "1000901": 8}}
    intake = take_in(files(_3512011001001=pilkada(), _3512011001002=other, paslon=CANDIDATES), ZONE)
    assert intake.table["tps_id"].tolist() == [ONE]
    ((code, _, _, value),) = listed(intake)
    assert code == "E214"
    assert value.startswith(f"{TWO}.json: candidate ids 1000900, 1000901 have no ballot number: put KPU's file")


def test_a_document_is_used_whole_or_not_at_all(take_in: TakeIn, listed: Found) -> None:
    documents = {ONE: sirekap(ONE), TWO: sirekap("3512011001009")}  # the images of the second are of another station
    intake = take_in(
        {"all.json": json.dumps(documents)} | files(_3512011001003=sirekap("3512011001003")), ZONE, candidates=3
    )
    assert intake.table["tps_id"].tolist() == ["3512011001003"]
    assert [(code, value[:20]) for code, _, _, value in listed(intake)] == [("E214", "all.json: its images")]


def test_all_three_blocks_null(take_in: TakeIn, listed: Found) -> None:
    nothing = sirekap(chart=None, administrasi=None, images=None)
    intake = take_in(
        files(_3512011001001=nothing, _3512011001002=nothing, _3512011001003=sirekap("3512011001003")),
        ZONE,
        candidates=3,
    )
    assert (len(intake.table), listed(intake, "W218")) == (1, [("W218", 0, "", "2")])


def test_a_table_of_stations_and_one_of_areas(take_in: TakeIn, listed: Found) -> None:
    table = {ONE: {"psu": "Reguler", "1000747": 5, "1000748": 8, "progres": {}, "status_progress": True}, TWO: None}
    stations = {"mode": "hhcw", "tungsura": {"chart": {}, "table": table}, "ts": "2024-11-28 10:15:04"}
    areas = {"mode": "hhcw", "tungsura": {"table": {"351201": {"1000747": 5129}}}, "ts": "2024-11-28 10:15:04"}
    intake = take_in(files(desa=stations, kab=areas, paslon=CANDIDATES), ZONE)
    assert intake.table[["tps_id", "votes_1", "votes_2"]].to_numpy().tolist() == [[ONE, 5, 8]]
    assert listed(intake, "W218") == [("W218", 0, "", "1")]
    assert listed(intake, "E214") == [
        ("E214", 0, "", "kab.json: it lists areas (351201 …), not stations: it holds no returns")
    ]


def test_situng_2019(take_in: TakeIn, listed: Found) -> None:
    first = {"pemilih_j": 179, "suara_sah": 132, "ts": "2019-04-19 23:00:03", "chart": {"21": 19, "22": 133}}
    first |= {"suara_tidak_sah": 1, "suara_total": 133, "images": ["a.jpg"], "pengguna_j": 133}
    intake = take_in(files(_3512011001001=first, _3512011001002={}), ZONE)
    row = intake.table.iloc[0]
    assert row[["votes_1", "votes_2", "valid", "invalid", "total", "registered", "used_total"]].tolist() == [
        19, 133, 132, 1, 133, 179, 133,
    ]  # fmt: skip
    assert (len(intake.table), listed(intake)) == (1, [("W218", 0, "", "1")])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", "{", "x.json: this is not JSON of KPU (Expecting property name"),
        ("x.json", "[" * 100_000, "x.json: this is not JSON of KPU (maximum recursion depth"),
        ("x.json", '{"results": ' + "[" * 100_000, "this is not JSON that can be read (maximum recursion"),
        ("x.json", '[{"nama":"BANYUWANGI","id":1,"kode":"3510","tingkat":2}]', "x.json: this is a list, of areas"),
        ("x.json", '{"chart":{"100025":1}}', "x.json: neither the file's name nor its images say which station"),
        (f"{TWO}.json", json.dumps(sirekap(ONE)), f"{TWO}.json: its images are of station {ONE}, not {TWO}"),
    ],
    ids=["broken", "deep", "deep-page", "areas", "nameless", "swapped"],
)
def test_a_bad_file_is_listed_and_the_others_are_used(
    take_in: TakeIn, listed: Found, name: str, content: str, message: str
) -> None:
    intake = take_in(files(_3512011001001=sirekap()) | {name: content}, ZONE, candidates=3)
    assert intake.table["tps_id"].tolist() == [ONE]
    ((code, line, _, value),) = listed(intake)
    assert (code, line) == ("E214", 0)
    assert message in value


def test_what_is_no_count_stays_none(take_in: TakeIn, listed: Found) -> None:
    chart = {"100025": -1, "100026": 10.5, "100027": "1.234"}
    intake = take_in(files(_3512011001001=sirekap(chart=chart)), ZONE, candidates=3)
    assert [(code, value) for code, _, _, value in listed(intake)] == [
        ("E202", "-1"),
        ("E202", "10.5"),
        ("E202", "1.234"),
    ]
    assert intake.table["unreadable"].tolist() == [True]


def test_a_tree_of_folders_and_a_zip(take_in: TakeIn) -> None:
    tree = {f"ppwp/35/3512/351201/3512011001/{code}.json": json.dumps(sirekap(code)) for code in (ONE, TWO)}
    intake = take_in(tree, ZONE, candidates=3)
    assert intake.table["tps_id"].tolist() == [ONE, TWO]
    assert intake.table["file"].tolist() == list(tree)
    assert intake.sources[0].file == "2 JSON files"


blocks = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"100025": st.one_of(st.none(), st.integers(0, 300)), "100026": st.integers(0, 300), "null": st.none()}
    ),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(charts=st.lists(blocks, min_size=1, max_size=5))
def test_what_stands_in_the_documents_is_read(
    make_contest: Callable[..., Path], charts: list[dict[str, int | None] | None]
) -> None:
    folder = make_contest(extra_toml=f"[returns]\n{ZONE}\n")
    for number, chart in enumerate(charts, 1):
        code = f"351201100{number:04d}"
        document = sirekap(code, chart=chart)
        (folder / "inbox" / f"{code}.json").write_text(json.dumps(document))
    table = read_returns(load_contest(folder)).table
    expected = [[(chart or {}).get(key) for key in ("100025", "100026")] for chart in charts]
    np.testing.assert_array_equal(table[["votes_1", "votes_2"]].to_numpy(), np.array(expected, dtype=np.float64))

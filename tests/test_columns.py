"""Column names: English, Indonesian and a contest's own lead to one name, and a missing one is told."""

import pytest

from estimation.columns import FRAME_COLUMNS, RETURN_COLUMNS, nearest_name, plain_name, rename, require
from estimation.errors import TableError


@pytest.mark.parametrize(
    ("header", "folded"),
    [
        ("Suara Tidak Sah", "suara_tidak_sah"),
        (" No. TPS ", "no_tps"),
        ("Kab/Kota", "kab_kota"),
        ("DPT", "dpt"),
        ("__votes__1__", "votes_1"),
    ],
)
def test_headers_are_compared_folded(header: str, folded: str) -> None:
    assert plain_name(header) == folded


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("kode_tps", "tps_id"),
        ("Provinsi", "province"),
        ("Kabupaten/Kota", "regency"),
        ("kecamatan", "district"),
        ("Desa/Kelurahan", "village"),
        ("desa", "village"),
        ("No. TPS", "tps"),
        ("Jumlah DPT", "registered"),
        ("registered", "registered"),
    ],
)
def test_frame_headers(header: str, name: str) -> None:
    assert rename([header], FRAME_COLUMNS, "frame.csv") == {header: name}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("diterima", "received_at"),
        ("Suara Tidak Sah", "invalid"),
        ("suara_sah", "valid"),
        ("jumlah_suara", "total"),
        ("dpt", "registered"),
        ("pengguna_dpph", "used_moved"),
        ("pengguna_tambahan", "used_unlisted"),
        ("surat_suara_diterima", "ballots_received"),
        ("surat_suara_sisa", "ballots_left"),
        ("sumber", "source"),
        ("petugas", "reporter"),
        ("votes_1", "votes_1"),
        ("votes_01", "votes_1"),
        ("Suara 2", "votes_2"),
        ("paslon_12", "votes_12"),
        ("Perolehan Suara 3", "votes_3"),
    ],
)
def test_return_headers(header: str, name: str) -> None:
    assert rename([header], RETURN_COLUMNS, "returns.csv") == {header: name}


def test_headers_that_nothing_knows_are_left_out() -> None:
    assert rename(["tps_id", "cuaca", "suara"], RETURN_COLUMNS, "r.csv") == {"tps_id": "tps_id"}


def test_a_canonical_header_holds_and_its_alias_is_left_alone() -> None:
    assert rename(["dpt", "registered"], FRAME_COLUMNS, "f.csv") == {"registered": "registered"}


def test_two_aliases_of_one_column_stop() -> None:
    with pytest.raises(TableError, match=r"^f\.csv: columns 'dpt', 'pemilih' all mean 'registered': keep one of them$"):
        rename(["dpt", "pemilih"], FRAME_COLUMNS, "f.csv")


def test_two_spellings_of_the_canonical_header_stop() -> None:
    with pytest.raises(TableError, match="columns 'Total', 'total' all mean 'total'"):
        rename(["Total", "total"], RETURN_COLUMNS, "r.csv")


def test_a_contests_own_names_go_first() -> None:
    own = {"Jam Unggah": "received_at", "sah": "total"}
    names = rename(["jam_unggah", "diterima", "sah", "total"], RETURN_COLUMNS, "r.csv", own)
    assert names == {"jam_unggah": "received_at", "sah": "total"}


@pytest.mark.parametrize(
    ("name", "near"), [("recieved_at", "received_at"), ("totl", "total"), ("weather", None), ("", None)]
)
def test_nearest(name: str, near: str | None) -> None:
    assert nearest_name(name, ["received_at", "total", "invalid"]) == near


def test_a_missing_column_is_told_with_the_nearest_header_and_the_whole_header() -> None:
    with pytest.raises(TableError) as told:
        require(["tps_id"], ["tps_id", "registered", "village"], ["tps_id", "Registred", "x"], "frame.csv")
    assert str(told.value) == (
        "frame.csv: column 'registered' (is it 'registred'?), 'village' is missing; the header reads "
        "tps_id, Registred, x: add the column or rename the one that holds it"
    )


def test_nothing_missing_says_nothing() -> None:
    assert require(["a", "b"], ["b"], ["A", "B"], "f.csv") is None

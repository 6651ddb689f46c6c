"""The one table of column names: what the project calls a column, and what others call it."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from estimation.errors import TableError

AREA_LEVELS = ("province", "regency", "district", "village")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the project knows: its name, where it belongs and what others call it."""

    name: str
    aliases: tuple[str, ...] = ()


_AREAS = (
    Column("province", ("provinsi", "propinsi", "prov")),
    Column("regency", ("kabupaten", "kota", "kabupaten_kota", "kab_kota", "kabkota", "kab", "city")),
    Column("district", ("kecamatan", "kec", "subdistrict")),
    Column("village", ("desa", "kelurahan", "desa_kelurahan", "kelurahan_desa", "kel", "kel_desa", "des_kel")),
)
_STATION = (Column("tps_id", ("kode_tps", "id_tps", "tps_code", "kode", "location_code")),)
_ROLL = (
    Column(
        "registered",
        ("dpt", "jumlah_dpt", "pemilih", "pemilih_dpt", "pemilih_dpt_j", "registered_voters", "roll"),
    ),
)

FRAME_COLUMNS = (*_STATION, *_AREAS, Column("tps", ("no_tps", "nomor_tps", "nama_tps", "number")), *_ROLL)

PLACE_COLUMNS = (  # auxiliaries of a frame keep their own names; these are found by any of theirs
    Column("latitude", ("lintang", "garis_lintang", "lat", "koordinat_lintang")),
    Column("longitude", ("bujur", "garis_bujur", "lon", "lng", "long", "koordinat_bujur")),
)

BOUNDARY_COLUMNS = (  # properties of outlines: by BIG, OCHA and GADM
    *(
        Column(area.name, (*area.aliases, *others))
        for area, others in zip(
            _AREAS,
            (
                ("wadmpr", "adm1_en", "adm1_id", "name_1"),
                ("wadmkk", "adm2_en", "adm2_id", "name_2"),
                ("wadmkc", "adm3_en", "adm3_id", "name_3"),
                ("wadmkd", "adm4_en", "adm4_id", "name_4"),
            ),
            strict=True,
        )
    ),
)

RETURN_COLUMNS = (
    *_STATION,
    Column("received_at", ("diterima", "waktu_terima", "diterima_pada", "waktu", "timestamp", "submissiondate")),
    Column("invalid", ("suara_tidak_sah", "tidak_sah", "invalid_votes", "rejected_votes")),
    Column("total", ("suara_total", "jumlah_suara", "total_suara", "jumlah_suara_sah_dan_tidak_sah", "ballots")),
    Column("valid", ("suara_sah", "sah", "valid_votes", "jumlah_suara_sah")),
    *_ROLL,
    Column("used_dpt", ("pengguna_dpt", "pengguna_dpt_j")),
    Column("used_moved", ("pengguna_dpph", "pengguna_pindahan")),
    Column("used_unlisted", ("pengguna_tambahan", "pengguna_non_dpt", "pengguna_non_dpt_j")),
    Column("used_total", ("pengguna_total", "pengguna_total_j", "jumlah_pengguna")),
    Column("ballots_received", ("surat_suara_diterima", "ss_diterima")),
    Column("ballots_used", ("surat_suara_digunakan", "ss_digunakan")),
    Column("ballots_spoiled", ("surat_suara_rusak", "surat_suara_dikembalikan", "ss_rusak")),
    Column("ballots_left", ("surat_suara_sisa", "surat_suara_tidak_digunakan", "ss_sisa")),
    Column("source", ("sumber", "kanal")),
    Column("reporter", ("petugas", "pelapor", "saksi")),
    Column("status", ("status_verifikasi", "verifikasi")),
    Column("submission", ("submission_id", "id_kiriman")),  # of the sending: it stays when the sending is edited
    Column("revision", ("revisi",)),  # of one submission, the highest is the newest
)

_VOTES = re.compile(r"(?:votes|vote|suara|paslon|suara_paslon|perolehan|perolehan_suara|calon|suara_calon)_?0*(\d+)")


def plain_name(name: str) -> str:
    """Fold a header to the form that names are compared in: lower case, one underscore between words."""
    return re.sub(r"[^0-9a-z]+", "_", name.strip().lower()).strip("_")


def place_column(name: str, header: Iterable[str]) -> str | None:
    """Find the header that holds latitude or longitude, by any name of it; None where none does, or `name` is neither.

    Parameters
    ----------
    name : str
        ``latitude`` or ``longitude``, or another name of one, such as ``bujur``.
    header : iterable of str
        The columns of a frame.
    """
    for column in PLACE_COLUMNS:
        names = (column.name, *column.aliases)
        if plain_name(name) in names:
            return next((raw for raw in header if plain_name(raw) in names), None)
    return None


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that is most like this one, or None if none is."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return close[0] if close else None


def rename(
    header: Iterable[str], table: tuple[Column, ...], where: str, mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Map the headers of a file to canonical names; headers that nothing knows are left out.

    Parameters
    ----------
    header : iterable of str
        The headers as the file has them.
    table : tuple of Column
        ``FRAME_COLUMNS`` or ``RETURN_COLUMNS``.
    where : str
        The file, for the error.
    mapping : mapping of str to str, optional
        A contest's own names, ``{header: canonical}``; they go before the table.

    Returns
    -------
    dict of str to str
        ``{header: canonical name}``; ``votes_1`` … are found by pattern. Where a file carries a
        canonical name itself, that column holds and an alias of it beside it is left alone.

    Raises
    ------
    TableError
        Two headers mean the same column and neither is the canonical one.
    """
    header = list(header)
    own = {plain_name(key): value for key, value in (mapping or {}).items()}
    names = {plain_name(alias): column.name for column in table for alias in column.aliases}
    names |= {column.name: column.name for column in table}
    found: dict[str, list[str]] = {}
    for raw in header:
        key = plain_name(raw)
        votes = _VOTES.fullmatch(key)
        name = own.get(key) or names.get(key) or (f"votes_{votes[1]}" if votes else None)
        if name is not None:
            found.setdefault(name, []).append(raw)
    result = {}
    for name, raws in found.items():
        exact = [raw for raw in raws if plain_name(raw) in own] or [raw for raw in raws if plain_name(raw) == name]
        if len(raws) > 1 and len(exact) != 1:
            raise TableError(
                f"{where}: columns {', '.join(repr(raw) for raw in raws)} all mean '{name}': keep one of them"
            )
        result[(exact or raws)[0]] = name
    return result


def require(names: Iterable[str], required: Iterable[str], header: Iterable[str], where: str) -> None:
    """Stop when a required column is not there, naming it and what stands in its place.

    Raises
    ------
    TableError
        With each missing column, the nearest header and all headers of the file.
    """
    have, header = set(names), list(header)
    missing = [name for name in required if name not in have]
    if not missing:
        return
    parts = []
    for name in missing:
        near = nearest_name(name, [plain_name(raw) for raw in header])
        parts.append(f"'{name}'" + (f" (is it '{near}'?)" if near else ""))
    raise TableError(
        f"{where}: column {', '.join(parts)} is missing; the header reads {', '.join(header) or 'nothing'}: "
        f"add the column or rename the one that holds it"
    )

"""Outlines of areas: what a GeoJSON file is taken for, and what is said of one that can't be used."""

import json
from pathlib import Path

import pytest
import shapely

from estimation import boundaries
from estimation.boundaries import Boundaries, folded, load_boundaries
from estimation.contest import load_contest
from estimation.errors import BoundariesError, ContestError

CONTEST = """\
[contest]
id = "kota"
title = "Kota"
kind = "bupati"
election_day = 2024-11-27
timezone = "Asia/Jakarta"
publish_after = 2024-11-27T15:00:00+07:00
rule = "plurality"

[[candidates]]
number = 1
name = "A"

[[candidates]]
number = 2
name = "B"
"""
UTARA, TIMUR = ("JAWA TIMUR", "SITUBONDO", "UTARA"), ("JAWA TIMUR", "SITUBONDO", "TIMUR LAUT")


def square(west: float, south: float, side: float = 0.1) -> dict[str, object]:
    return json.loads(shapely.to_geojson(shapely.box(west, south, west + side, south + side)))


def feature(geometry: dict[str, object] | None, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def lay_out(folder: Path, features: object, table: str = "", **more: object) -> Path:
    (folder / "contest.toml").write_text(CONTEST + table, encoding="utf-8")
    document = features if isinstance(features, str) else json.dumps(
        {"type": "FeatureCollection", "features": features, **more}
    )  # fmt: skip
    (folder / "boundaries.geojson").write_text(document, encoding="utf-8-sig")
    return folder


def load(folder: Path) -> Boundaries:
    found = load_boundaries(load_contest(folder))
    assert found is not None
    return found


def test_a_contest_without_boundaries_has_none(tmp_path: Path) -> None:
    (tmp_path / "contest.toml").write_text(CONTEST, encoding="utf-8")
    assert load_boundaries(load_contest(tmp_path)) is None


def test_areas_are_found_by_their_names_whatever_the_case_and_the_title(tmp_path: Path) -> None:
    both = [
        feature(square(114.0, -7.7), WADMPR="Jawa Timur", WADMKK="Kab. Situbondo", WADMKC="Kec. Utara"),
        feature(square(114.1, -7.7), WADMPR="Jawa Timur", WADMKK="Kab. Situbondo", WADMKC="Timur-Laut"),
        feature(square(120.0, -7.7), WADMPR="Jawa Timur", WADMKK="Bondowoso", WADMKC="Utara"),
        feature(None, WADMPR="Jawa Timur", WADMKK="Situbondo", WADMKC="Selatan"),
    ]
    found = load(lay_out(tmp_path, both, '[boundaries]\ncredit = "BIG"\n'))
    assert (found.levels, found.credit, len(found.sha256)) == (("province", "regency", "district"), "BIG", 64)
    outlines = found.outlines("district", [UTARA, TIMUR, ("JAWA TIMUR", "SITUBONDO", "SELATAN")])
    assert {path[2]: shape.bounds for path, shape in outlines.items()} == {
        "UTARA": (114.0, -7.7, 114.1, pytest.approx(-7.6)),
        "TIMUR LAUT": (114.1, -7.7, pytest.approx(114.2), pytest.approx(-7.6)),
    }
    assert found.outlines("village", [(*UTARA, "X")]) == {}  # the file names no villages


def test_villages_are_joined_to_the_districts_that_they_make_up(tmp_path: Path) -> None:
    villages = [
        feature(square(114.0 + 0.1 * i, -7.7), kecamatan="Utara" if i < 2 else "Timur Laut", desa=f"D{i}")
        for i in range(3)
    ]
    outlines = load(lay_out(tmp_path, villages)).outlines("district", [UTARA, TIMUR])
    assert outlines[UTARA].geom_type == "Polygon"
    assert [round(outlines[path].area, 6) for path in (UTARA, TIMUR)] == [0.02, 0.01]


def test_areas_that_the_file_cannot_tell_apart_are_left_out(tmp_path: Path) -> None:
    found = load(lay_out(tmp_path, [feature(square(114.0, -7.7), kecamatan="Utara")]))
    elsewhere = ("JAWA TIMUR", "BONDOWOSO", "UTARA")
    assert set(found.outlines("district", [UTARA])) == {UTARA}
    assert found.outlines("district", [UTARA, elsewhere]) == {}


def test_a_property_of_any_name_is_taken_where_the_contest_says_so(tmp_path: Path) -> None:
    table = '[boundaries]\ncolumns = {NAMOBJ = "district"}\n'
    found = load(lay_out(tmp_path, [feature(square(114.0, -7.7), NAMOBJ="UTARA")], table))
    assert set(found.outlines("district", [UTARA])) == {UTARA}


def test_an_outline_that_crosses_itself_is_mended(tmp_path: Path) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    outline = load(lay_out(tmp_path, [feature(bow, kecamatan="Utara")])).outlines("district", [UTARA])[UTARA]
    assert outline.is_valid
    assert outline.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("KEC. BESUKI", "besuki"),
        ("Kab Situbondo", "situbondo"),
        ("Kelapa Gading", "kelapagading"),
        ("KOTA BOGOR", "kotabogor"),
        ("Desa", "desa"),
    ],
)
def test_names_are_folded(name: str, same: str) -> None:
    assert folded(name) == same


@pytest.mark.parametrize(
    ("content", "more", "error"),
    [
        ("<kml/>", {}, r"geojson: this is no GeoJSON of areas \(Invalid JSON: .*ogr2ogr -t_srs EPSG:4326"),
        ('{"type": "Topology"}', {}, r"this is no GeoJSON of areas \(type, Input should be 'FeatureCollection'\)"),
        ([{"type": "Feature", "properties": {}}], {}, r"\(features, 0, geometry, Field required\)"),
        ([], {"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::23830"}}}, "coordinates are in .*EPSG::23830"),
        ([feature(square(114, -7), nama="Utara")], {}, r"no property names an area \(there are nama\): say which"),
        (
            [feature(square(114, -7), kec="U", kecamatan="U")],
            {},
            r"'kec', 'kecamatan' all mean 'district': keep one of ",
        ),
        (
            [feature({"type": "Point", "coordinates": [1, 2]}, kec="U")],
            {},
            "feature 1 is a Point: an area is a Polygon",
        ),
        ([feature({"type": "Polygon"}, kec="U")], {}, r"the geometry of feature 1 can't be read \('coordinates'\)"),
        ([feature(square(612345, 9143210), kec="U")], {}, r"feature 1 lies outside the globe \(612345, 9.14321e\+06\)"),
        ([feature(None, kec="U")], {}, "no feature has a polygon: export the outlines"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_with_what_to_do(
    tmp_path: Path, content: object, more: dict[str, object], error: str
) -> None:
    with pytest.raises(BoundariesError, match=error):
        load(lay_out(tmp_path, content, **more))


def test_a_file_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "contest.toml").write_text(CONTEST + '[boundaries]\npath = "kec.geojson"\n', encoding="utf-8")
    with pytest.raises(BoundariesError, match=r"kec\.geojson: \[boundaries\] names it and there is no such file"):
        load(tmp_path)


def test_a_file_too_large_for_a_page_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundaries, "LARGEST", 1_000_000)
    names = [feature(None, kec="U", text="x" * 1_200_000)]
    with pytest.raises(BoundariesError, match="1 MB are too large for a page, 1 MB are the most: keep the areas of"):
        load(lay_out(tmp_path, names))


def test_a_level_that_there_is_not_is_named(tmp_path: Path) -> None:
    lay_out(tmp_path, [], '[boundaries]\ncolumns = {NAMOBJ = "kecamatan"}\n')
    with pytest.raises(ContestError, match=r"\[boundaries\] columns: 'kecamatan' can't be used: known are province, "):
        load_contest(tmp_path)

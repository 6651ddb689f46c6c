"""The map of areas over their outlines."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from estimation.boundaries import load_boundaries
from estimation.contest import load_contest
from estimation.projection import project_contest
from estimation.publish import ProjectionReport
from estimation.publish.figures import Ground, Spot, symbol_map
from estimation.publish.figures.canvas import WIDTHS
from estimation.publish.reports.projection.area_map import MOST, _rings, _simplified
from estimation.words import Words

DISTRICTS = ("UTARA", "TIMUR", "SELATAN", "BARAT")


def feature(name: str, shape: shapely.Polygon) -> dict[str, object]:
    return {"type": "Feature", "properties": {"WADMKC": name}, "geometry": json.loads(shapely.to_geojson(shape))}


def report(folder: Path, names: tuple[str, ...], language: str = "en") -> ProjectionReport:
    shapes = [shapely.box(114 + 0.1 * i, -7.7, 114.1 + 0.1 * i, -7.5) for i in range(len(names))]
    features = [feature(name, shape) for name, shape in zip(names, shapes, strict=True)]
    (folder / "boundaries.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with (folder / "contest.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[boundaries]\ncredit = "BIG <2023>"\n')
    contest = load_contest(folder)
    return ProjectionReport(project_contest(contest), Words(language), boundaries=load_boundaries(contest))


@pytest.mark.usefixtures("undrawn")
def test_areas_lie_in_their_outlines_and_who_made_them_is_said(lay_night: Callable[..., Path], tmp_path: Path) -> None:
    found = report(lay_night(tmp_path, (0.56, 0.44)), ("Kec. Utara", "Timur", "SELATAN", "Barat"))
    html = found.areas().html
    assert "<svg></svg>" in html
    assert 'class="tiles"' not in html
    assert "Each of the districts is shaded in the colour of who is ahead there" in html
    assert "Outlines: BIG &lt;2023&gt;." in html
    assert "Without an outline" not in html
    assert found.boundaries is not None
    assert found.provenance().text.splitlines()[-2] == f"Outlines of areas (SHA-256): {found.boundaries.sha256}"


@pytest.mark.usefixtures("undrawn")
def test_tiles_take_the_place_of_a_map_with_holes_and_say_why(lay_night: Callable[..., Path], tmp_path: Path) -> None:
    found = report(lay_night(tmp_path, (0.56, 0.44)), ("Utara", "Timur", "Selatan", "Elsewhere"), "id")
    html = found.areas().html
    assert 'class="tiles"' in html
    assert "boundaries.geojson hanya memuat batas 3 dari 4 wilayah, jadi tidak digambar" in html
    assert "Batas wilayah: BIG" not in html


HOLED = shapely.Polygon(
    [(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]]
)  # both rings run the same way, as in many files


def test_holes_run_against_what_they_are_in() -> None:
    rings = _rings(shapely.MultiPolygon([HOLED]))
    assert [shapely.LinearRing(ring).is_ccw for ring in rings] == [True, False]


def outlined() -> dict[str, str]:
    rings = _rings(shapely.MultiPolygon([HOLED]))
    spot = Spot("UTARA", 2.0, 2.0, 1.0, "#1F5FA8", "o", sure=True)
    ground = Ground(np.empty((0, 2)), [(rings, "#8fafd4")])
    labels = [("A", "#1F5FA8", "o", True)]
    return symbol_map("m", [spot], ground, alt="a", labels=labels, length=lambda v: f"{v:g} km").svg


@pytest.mark.slow
def test_an_area_is_filled_around_its_hole() -> None:
    for kind, svg in outlined().items():
        (path,) = [part for part in svg.split("<path ") if "#8fafd4" in part]
        outline = path.split('d="')[1].split('"')[0]
        assert outline.count("M") == outline.count("z") == 2
        assert "UTARA" in svg, kind
        assert "2 km" in svg


@pytest.mark.slow
@pytest.mark.parametrize("x", [0.3, 9.7])
def test_a_name_never_leaves_the_picture(x: float) -> None:
    area = [np.asarray(shapely.box(0, 0, 10, 4).exterior.coords)]
    spot = Spot("KECAMATAN PANJANG", x, 2.0, 1.0, "#1F5FA8", "o", sure=True)
    figure = symbol_map("m", [spot], Ground(np.empty((0, 2)), [(area, "#8fafd4")]), alt="a", labels=[], length=str)
    assert set(figure.svg) == set(WIDTHS)
    for svg in figure.svg.values():
        (text,) = [part for part in svg.split("<text ") if "KECAMATAN" in part]
        assert f"text-anchor: {'start' if x < 5 else 'end'}" in text


def test_borders_stay_common_when_corners_are_taken_out() -> None:
    angle = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    wave = 10 + 0.3 * np.sin(40 * angle)
    star = shapely.Polygon(np.stack([wave * np.cos(angle), wave * np.sin(angle)], axis=-1))
    halves = [star.intersection(shapely.box(-20, -20, 0, 20)), star.intersection(shapely.box(0, -20, 20, 20))]
    speck = shapely.box(30, 0, 30.001, 0.001)
    simple = _simplified([shapely.MultiPolygon([halves[0], speck]), halves[1]])
    assert sum(len(shapely.get_coordinates(one)) for one in simple) <= MOST
    assert [len(one.geoms) for one in simple] == [1, 1]
    assert shapely.coverage_is_valid(simple)
    assert sum(one.area for one in simple) == pytest.approx(star.area, rel=0.002)

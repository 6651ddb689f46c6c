"""Outlines of areas, from a GeoJSON file, for maps."""

import codecs
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from estimation.columns import AREA_LEVELS, BOUNDARY_COLUMNS, rename
from estimation.contest import Contest
from estimation.errors import BoundariesError, TableError
from estimation.files import sha256_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

NAME = "boundaries.geojson"
LARGEST = 50_000_000  # bytes; it is read for every page
_DEGREES = re.compile(r"CRS84|EPSG:+4326\b")  # crs was dropped from GeoJSON, and is written still
_TITLES = re.compile(r"^(?:(?:kabupaten|kab|kecamatan|kec|kelurahan|kel|desa|provinsi|propinsi|prov)\b\.?\s*)?")
AreaPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The areas of a GeoJSON file.

    Attributes
    ----------
    path : pathlib.Path
    sha256 : str
        Of its bytes.
    credit : str
        Who made them, for the map; blank where ``[boundaries]`` doesn't say.
    levels : tuple of str
        Area levels that the file names, the highest first.
    shapes : mapping of tuple to tuple
        Polygons in degrees, longitude first, by the names of their area at these levels, folded.
    """

    path: Path
    sha256: str
    credit: str
    levels: tuple[str, ...]
    shapes: "Mapping[AreaPath, tuple[BaseGeometry, ...]]"

    def outlines(self, level: str, areas: Sequence[AreaPath]) -> "dict[AreaPath, BaseGeometry]":
        """Find the outlines of areas; several polygons of one area are joined.

        Names are compared without case, accents of writing and titles (``KEC. BESUKI`` is ``Besuki``), by all levels
        above that the file names too.

        Parameters
        ----------
        level : str
            Of the areas, ``district`` for one.
        areas : sequence of tuple of str
            Paths as the frame has them, from the province down to `level`.

        Returns
        -------
        dict of tuple to shapely geometry
            Without the areas that the file doesn't have or can't tell apart; empty where it doesn't name `level`.
        """
        import shapely

        if level not in self.levels:
            return {}
        depth = AREA_LEVELS.index(level) + 1
        used = [i for i, name in enumerate(AREA_LEVELS[:depth]) if name in self.levels]
        keys = [tuple(folded(path[i]) for i in used) for path in areas]
        parts: dict[AreaPath, list[BaseGeometry]] = defaultdict(list)
        for names, polygons in self.shapes.items():
            parts[names[: len(used)]].extend(polygons)
        return {
            path: shapely.union_all(parts[key])
            for path, key in zip(areas, keys, strict=True)
            if parts.get(key) and keys.count(key) == 1
        }


def boundaries_path(contest: Contest) -> Path | None:
    """Find the file that ``[boundaries]`` names, else ``boundaries.geojson``; None where there is none.

    Raises
    ------
    BoundariesError
        ``[boundaries]`` names a file that is not there.
    """
    named = contest.boundaries.path
    path = contest.folder / (named or NAME)
    if path.is_file():
        return path
    if named is None:
        return None
    raise BoundariesError(f"{path}: [boundaries] names it and there is no such file: put it there, or leave it out")


def load_boundaries(contest: Contest) -> Boundaries | None:
    """Read the boundaries of a contest, see :func:`boundaries_path`.

    Returns
    -------
    Boundaries or None
        None where the contest has none.

    Raises
    ------
    BoundariesError
        The file is not there or not GeoJSON (RFC 7946), is too large, is not in degrees, has no polygon, or its
        properties name no area.
    """
    path, table = boundaries_path(contest), contest.boundaries
    if path is None:
        return None
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise BoundariesError(
            f"{path}: {len(content) / 1e6:.0f} MB are too large for a page, {LARGEST // 1_000_000} MB are the most: "
            "keep the areas of the contest alone, and simplify them"
        )
    features = _features(path, content)
    header = list(dict.fromkeys(name for feature in features for name in feature.properties or {}))
    try:
        names = rename(header, BOUNDARY_COLUMNS, str(path), table.columns)
    except TableError as error:
        raise BoundariesError(f"{error}, or say in [boundaries] columns which one holds") from error
    levels = tuple(level for level in AREA_LEVELS if level in names.values())
    if not levels:
        raise BoundariesError(
            f"{path}: no property names an area (there are {', '.join(header) or 'none'}): say which one does, "
            '[boundaries] columns = {nama_kec = "district"}'
        )
    found = {level: raw for raw, level in names.items()}
    shapes: dict[AreaPath, list[BaseGeometry]] = defaultdict(list)
    for number, feature in enumerate(features, 1):
        polygons = None if feature.geometry is None else _polygons(path, number, feature.geometry)
        if polygons is not None and not polygons.is_empty:
            named = feature.properties or {}
            shapes[tuple(folded(str(named.get(found[level]) or "")) for level in levels)].append(polygons)
    if not shapes:
        raise BoundariesError(f"{path}: no feature has a polygon: export the outlines of the areas")
    return Boundaries(
        path,
        sha256_of(content),
        table.credit,
        levels,
        {key: tuple(parts) for key, parts in shapes.items()},
    )


def folded(name: str) -> str:
    """Fold an area's name to what it is compared by; a ``kota`` keeps its title, as a regency may have its name."""
    plain = " ".join(re.sub(r"[^\w.]+", " ", name.casefold()).split())
    return re.sub(r"[\W_]+", "", _TITLES.sub("", plain)) or plain


@dataclass(frozen=True, slots=True)
class _Feature:
    properties: dict[str, Any] | None
    geometry: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Collection:
    type: Literal["FeatureCollection"]
    features: list[_Feature]
    crs: dict[str, Any] | None = None


def _features(path: Path, content: bytes) -> list[_Feature]:
    """Read the features of a GeoJSON file."""
    from pydantic import TypeAdapter, ValidationError

    try:
        collection = TypeAdapter(_Collection).validate_json(content.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"{part}, " for part in first["loc"])
        raise BoundariesError(
            f"{path}: this is no GeoJSON of areas ({where}{first['msg']}): export one feature for each area; from a "
            "shapefile, ogr2ogr -t_srs EPSG:4326 boundaries.geojson FILE.shp"
        ) from error
    named = json.dumps(collection.crs) if collection.crs else "CRS84"
    if not _DEGREES.search(named):
        raise BoundariesError(f"{path}: coordinates are in {named}: write degrees, ogr2ogr -t_srs EPSG:4326")
    return collection.features


def _polygons(path: Path, number: int, geometry: dict[str, Any]) -> "BaseGeometry":
    """Read one geometry as valid polygons in degrees."""
    import shapely
    from shapely.errors import GEOSException
    from shapely.geometry import shape

    try:
        found = shapely.force_2d(shape(geometry))
    except (AttributeError, GEOSException, KeyError, TypeError, ValueError) as error:
        raise BoundariesError(f"{path}: the geometry of feature {number} can't be read ({error}): mend it") from error
    if not found.is_empty and found.geom_type not in ("Polygon", "MultiPolygon"):
        raise BoundariesError(f"{path}: feature {number} is a {found.geom_type}: an area is a Polygon or MultiPolygon")
    west, south, east, north = found.bounds if not found.is_empty else (0.0, 0.0, 0.0, 0.0)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BoundariesError(
            f"{path}: feature {number} lies outside the globe ({west:g}, {south:g}): write degrees of longitude and "
            "latitude, ogr2ogr -t_srs EPSG:4326"
        )
    return found if found.is_valid else shapely.make_valid(found, method="structure", keep_collapsed=False)

"""Repeats a draw from its manifest and says whether the same stations come out."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from estimation.baseline import PREFIX
from estimation.columns import require
from estimation.contest import Contest
from estimation.errors import DesignError, FrameError
from estimation.files import sha256_of
from estimation.frame import Frame, load_frame
from estimation.sampling.design import Design
from estimation.sampling.draw import draw
from estimation.sampling.draw_manifest import design_differences, design_from, draw_versions, read_commitment
from estimation.tables import as_text, read_table

NAMED = 5  # stations named in a sentence
WEIGHT_TOLERANCE = 1e-9  # relative: the last digits that a CSV keeps of a float


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of repeating a draw.

    Attributes
    ----------
    differences : tuple of str
        In what the sample is not the one that frame, design and seed give; empty where it is.
    notes : tuple of str
        What a reviewer should know besides: other versions, other draws, a missing commitment.
    stations : int
        Stations in ``sample.csv``.
    seed : str
    frame_sha256, sample_sha256 : str
        As found now.
    commitment : str or None
        The hash that was published before the draw, as the manifest has it.
    """

    differences: tuple[str, ...]
    notes: tuple[str, ...]
    stations: int
    seed: str
    frame_sha256: str
    sample_sha256: str
    commitment: str | None

    @property
    def same(self) -> bool:
        """Whether the repeated draw gives the list in ``sample.csv``."""
        return not self.differences

    def document(self) -> dict[str, object]:
        """Lay the outcome of the verification out as JSON holds it, schema ``verification/1``."""
        return {
            "schema": "verification/1",
            "same": self.same,
            "differences": list(self.differences),
            "notes": list(self.notes),
            "stations": self.stations,
            "seed": self.seed,
            "frame_sha256": self.frame_sha256,
            "sample_sha256": self.sample_sha256,
            "commitment": self.commitment,
        }


def verify(contest: Contest, sample_path: Path | None = None) -> Verification:
    """Draw again from the frame and the manifest, and compare with ``sample.csv``.

    Parameters
    ----------
    contest : Contest
    sample_path : pathlib.Path, optional
        By default ``out/sample.csv``; the manifest, and the commitment if any, lie beside it. An
        earlier draw that was kept as ``sample-<hash>.csv`` has ``manifest-<hash>.json``.

    Returns
    -------
    Verification
        ``same``, or the differences: hash of the frame, stations missing or extra, their order,
        weights, other columns, the commitment.

    Raises
    ------
    DesignError
        There is no sample or no manifest, or the manifest can't be read or is of a version that
        this one can't repeat.
    TableError, FrameError
        The sample or the frame can't be read.
    """
    path = sample_path or contest.out / "sample.csv"
    if not path.is_file():
        raise DesignError(f"{path}: there is no sample to verify: draw one with 'quickcount draw'")
    kept = path.with_name(f"manifest-{path.stem.removeprefix('sample-')}.json")
    manifest_path = kept if kept.is_file() else path.with_name("manifest.json")
    manifest = _manifest(manifest_path)
    seed, where = str(manifest["seed"]), manifest["frame"]["where"]
    frame = load_frame(contest, where)
    rows = _texts(path)
    sample_sha256 = sha256_of(path)
    design = design_from(manifest["design"], seed)
    wrong = _hashes(manifest, frame, sample_sha256)
    wrong += _commitment(path.with_name("commitment.json"), manifest, frame)
    listed = _repeat(frame, design, rows)
    baseline = manifest.get("baseline", {}).get("sha256")
    changed = baseline is not None and baseline != frame.baseline_sha256
    if changed and listed:
        listed.append(f"baseline sha256: expected {baseline}, found {frame.baseline_sha256}")
    notes = _versions(manifest["versions"], design, bool(listed))
    if changed and not listed:
        notes.append("the baseline file has changed since the draw; the list is the same all the same")
    notes += _other_draws(manifest_path, seed)
    if manifest.get("commitment") and not path.with_name("commitment.json").is_file():
        notes.append(
            f"commitment.json is not here: compare the published hash with the manifest's {manifest['commitment']}"
        )
    return Verification(
        tuple(wrong + listed),
        tuple(notes),
        len(rows),
        seed,
        frame.sha256,
        sample_sha256,
        manifest.get("commitment"),
    )


def _manifest(path: Path) -> dict[str, Any]:
    """Read the manifest whole, and see that what a draw needs is in it."""
    if not path.is_file():
        raise DesignError(f"{path}: there is no manifest, so the draw can't be repeated: put it beside the sample")
    try:
        raw = dict(json.loads(path.read_text(encoding="utf-8")))
        raw["seed"], raw["frame"]["where"], raw["frame"]["sha256"], raw["sample"]["sha256"]
        dict(raw["design"]), dict(raw["versions"])
    except (ValueError, KeyError, TypeError) as error:
        raise DesignError(f"{path}: this is no manifest of a draw ({error!r}): draw again, or remove it") from error
    return raw


def _texts(path: Path) -> pd.DataFrame:
    """Read the sample as it is written: every column as text, blanks as blank."""
    source = read_table(path)
    require(source.header, ("tps_id", "weight"), source.header, str(path))
    if source.ragged:
        raise DesignError(f"{path}, line {source.ragged[0][0]}: the row has too few or too many fields: draw again")
    return pd.DataFrame({name: as_text(source.data.column(name)).to_pandas().fillna("") for name in source.header})


def _hashes(manifest: Mapping[str, Any], frame: Frame, sample_sha256: str) -> list[str]:
    """Compare the hashes that the manifest holds with the files."""
    pairs = (
        ("frame", manifest["frame"]["sha256"], frame.sha256),
        ("sample", manifest["sample"]["sha256"], sample_sha256),
    )
    return [f"{what} sha256: expected {old}, found {new}" for what, old, new in pairs if old != new]


def _commitment(path: Path, manifest: Mapping[str, Any], frame: Frame) -> list[str]:
    """Compare the commitment beside the sample with what was drawn."""
    if not path.is_file():
        return []
    held = read_commitment(path)
    wrong = []
    if manifest.get("commitment") != held["sha256"]:
        wrong.append(f"commitment: expected {held['sha256']}, the manifest has {manifest.get('commitment') or 'none'}")
    if held["frame"]["sha256"] != frame.sha256:
        wrong.append(f"committed frame sha256: expected {held['frame']['sha256']}, found {frame.sha256}")
    drawn = {**manifest["design"], "where": manifest["frame"]["where"]}
    return wrong + [f"committed design {line}" for line in design_differences(held["design"], drawn)]


def _repeat(frame: Frame, design: Design, found: pd.DataFrame) -> list[str]:
    """Draw again and compare: stations, order, weights, then every other column."""
    try:
        text = draw(frame, design).table(frame).to_csv(index=False, lineterminator="\n")
    except (DesignError, FrameError) as error:
        return [f"the draw can't be repeated: {error}"]
    expected = _parse(text)
    return _stations(list(expected["tps_id"]), list(found["tps_id"])) + _columns(expected, found)


def _stations(ours: list[str], theirs: list[str]) -> list[str]:
    """Compare the codes of the repeated draw with those of the file."""
    if ours == theirs:
        return []
    drawn, times = set(ours), Counter(theirs)
    wrong = _listed("missing from the sample", [code for code in ours if code not in times])
    wrong += _listed("in the sample and not drawn", [code for code in times if code not in drawn])
    wrong += _listed("in the sample twice", [code for code, count in times.items() if count > 1])
    if not wrong:
        place = next(row for row, (one, two) in enumerate(zip(ours, theirs, strict=True)) if one != two)
        wrong.append(
            f"the order of the draw: place {place + 1} is {ours[place]} by the draw and {theirs[place]} in the file"
        )
    return wrong


def _parse(text: str) -> pd.DataFrame:
    """Read CSV back as text."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return pd.DataFrame(rows, columns=header, dtype="str")


def _columns(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Compare the columns of the stations that both lists have; weights as numbers."""
    left = expected.drop_duplicates("tps_id").set_index("tps_id")
    right = found.drop_duplicates("tps_id").set_index("tps_id")
    both = left.index[left.index.isin(right.index)]
    wrong = []
    for name in dict.fromkeys([*left.columns, *right.columns]):
        if name not in left or name not in right:
            wrong.append(f"column '{name}' is " + ("not in the sample" if name in left else "not of the draw"))
            continue
        ours, theirs = left.loc[both, name], right.loc[both, name]
        if name == "order" or name.startswith(PREFIX):  # the baseline's shares, whose file has a hash of its own
            continue
        if name in ("weight", "probability", "psu_probability"):
            one, two = (pd.to_numeric(series, errors="coerce") for series in (ours, theirs))
            off = ~(((one - two).abs() <= WEIGHT_TOLERANCE * one.abs()) | ((ours == "") & (theirs == "")))
        else:
            off = ours.str.strip() != theirs
        if off.any():
            code = both[off.to_numpy()][0]
            wrong.append(
                f"{name} of {int(off.sum())} station(s) changed: {code} has {ours[code]} by the draw and "
                f"{theirs[code] or 'a blank'} in the file"
            )
    return wrong


def _listed(what: str, codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    more = f" and {len(codes) - NAMED} more" if len(codes) > NAMED else ""
    return [f"{len(codes)} station(s) {what}: {', '.join(codes[:NAMED])}{more}"]


def _versions(then: Mapping[str, str], design: Design, differs: bool) -> list[str]:
    """Say which programs are other ones than at the draw, and what that may mean."""
    now = draw_versions()
    other = [f"{name} {then.get(name, 'unknown')} then, {now[name]} now" for name in now if then.get(name) != now[name]]
    if not other:
        return []
    note = f"other versions than at the draw: {'; '.join(other)}"
    if differs and design.order != "sha256":
        note += (
            ". The lists differ, and NumPy does not promise the same random stream in every version: "
            "repeat with the versions of the draw before you conclude anything"
        )
    return [note]


def _other_draws(own: Path, seed: str) -> list[str]:
    """Tell of other draws that are kept beside this one: a list picked from several is no random one."""
    seeds = []
    for other in sorted({*own.parent.glob("manifest*.json")} - {own}):
        try:
            raw = json.loads(other.read_text(encoding="utf-8"))
            seeds.append(f"{other.name} with seed '{raw['seed']}'")
        except (ValueError, KeyError, TypeError):
            continue
    if not seeds:
        return []
    more = f" and {len(seeds) - NAMED} more" if len(seeds) > NAMED else ""
    return [f"there are other draws beside this one (seed '{seed}'): {', '.join(seeds[:NAMED])}{more}"]

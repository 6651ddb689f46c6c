"""The folder of a rehearsal: a copy of a contest that nothing of the live one can get into, or out of."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from estimation.baseline import baseline_path
from estimation.columns import FRAME_COLUMNS, rename
from estimation.contest import Contest, load_contest
from estimation.errors import EstimationError
from estimation.files import write_text
from estimation.frame import load_frame
from estimation.sampling import design_of, draw, write_draw
from estimation.simulation.population import official_path, open_population
from estimation.simulation.synthetic_result import imagine
from estimation.tables import as_text, find_table, read_table

KEPT = Path("rehearsal")  # in out/: the plan, the truth and the grade
# Where a live night's returns come from and go to: none of it is a rehearsal's.
LIVE_KEYS = ("database", "table", "query", "parameters", "ledger", "format")


def check_target(contest: Contest, to: Path) -> None:
    """See that a rehearsal may be played into a folder: it is new, or empty.

    Raises
    ------
    EstimationError
        It is the contest's own, lies in its inbox, holds a live contest, returns, or anything else.
    """
    to, own = to.resolve(), contest.folder.resolve()
    new = "name a new folder for the rehearsal with --to"
    if to == own or (own / contest.returns.path).resolve() in (to, *to.parents):
        raise EstimationError(f"{to}: the contest itself stands there, and a rehearsal never touches it: {new}")
    if not to.exists():
        return
    if not to.is_dir():
        raise EstimationError(f"{to}: this is a file: {new}")
    if (to / "contest.toml").is_file():
        there = load_contest(to)
        if there.about.mode == "live":
            raise EstimationError(
                f'{to}: contest.toml there says mode = "live" (contest {there.about.id}), and a rehearsal never '
                f"touches live returns: {new}"
            )
        raise EstimationError(
            f"{to}: a contest of mode '{there.about.mode}' stands there already ({there.about.id}): two nights would "
            f"mix in one ledger: {new}, or remove that one"
        )
    inbox = to / "inbox"
    if inbox.is_dir() and any(inbox.iterdir()):
        raise EstimationError(f"{to}: returns are in its inbox, and nobody can say that they are not live: {new}")
    if any(to.iterdir()):
        raise EstimationError(f"{to}: the folder is not empty: {new}")


def make_rehearsal_folder(contest: Contest, to: Path, seed: str) -> tuple[Contest, bool]:
    """Make the rehearsal's folder: contest, frame, baseline, official result and sample, with an empty inbox.

    The result is the contest's own where it is known; the frame is then cut to its stations. Else it is imagined
    around the earlier election. A sample that was drawn already is rehearsed with; a frame that was cut gets a
    new one by the same design.

    Returns
    -------
    Contest, bool
        The contest of the new folder, and whether its result is imagined.
    """
    frame = load_frame(contest)
    result = official_path(contest)
    source = contest.folder / contest.frame.path if contest.frame.path else find_table(contest.folder, "frame")
    assert source is not None  # the frame was read
    to.mkdir(parents=True, exist_ok=True)
    (to / "inbox").mkdir(exist_ok=True)
    whole = True
    if result is None:
        official = to / "official.csv"
        write_text(official, imagine(contest, frame, seed).to_csv(index=False, lineterminator="\n"))
    else:
        population = open_population(contest)
        whole = population.left_out == 0
        official = Path(shutil.copyfile(result, to / f"official{result.suffix.lower()}"))
    copied = _copy_frame(source, to, None if whole else set(population.frame.table["tps_id"]))
    paths = {"frame": copied.name, "official": official.name}
    earlier = baseline_path(contest)
    if earlier is not None:
        paths["baseline"] = Path(shutil.copyfile(earlier, to / f"baseline{earlier.suffix.lower()}")).name
    write_text(to / "contest.toml", rehearsal_toml(contest.folder / "contest.toml", paths))
    rehearsed = load_contest(to)
    if rehearsed.returns.asked == "sample":
        _take_sample(contest, rehearsed, whole)
    return rehearsed, result is None


def _copy_frame(source: Path, to: Path, stations: set[str] | None) -> Path:
    """Copy a frame as it is, or the rows of some stations as CSV, every cell as the text that it was."""
    if stations is None:
        return Path(shutil.copyfile(source, to / f"frame{source.suffix.lower()}"))
    table = read_table(source)
    header = next(raw for raw, name in rename(table.header, FRAME_COLUMNS, str(source)).items() if name == "tps_id")
    inside = np.asarray(as_text(table.data.column(header)).to_pandas().isin(stations), dtype=np.bool_)
    text = {name: as_text(table.data.column(name)) for name in table.header}
    rows = pa.table(text).filter(pa.array(inside)).to_pandas()
    return write_text(to / "frame.csv", rows.to_csv(index=False, lineterminator="\n"))


def _take_sample(contest: Contest, rehearsed: Contest, whole: bool) -> None:
    drawn = contest.out / "sample.csv"
    if whole and drawn.is_file():
        rehearsed.out.mkdir(exist_ok=True)
        for path in (drawn, contest.out / "manifest.json"):
            if path.is_file():
                shutil.copyfile(path, rehearsed.out / path.name)
        return
    frame, design = load_frame(rehearsed), design_of(rehearsed)
    write_draw(rehearsed, frame, design, draw(frame, design))


def rehearsal_toml(path: Path, paths: Mapping[str, str]) -> str:
    """Rewrite ``contest.toml`` for a rehearsal: mode and release, the copied files, and no live source or ledger.

    Parameters
    ----------
    paths : mapping of str to str
        By table, ``frame``, ``official``, ``baseline``: the file beside the new ``contest.toml``.
    """
    import tomlkit

    raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    raw["contest"] |= {"mode": "rehearsal", "release": "internal"}
    for name, file in paths.items():
        raw[name] = {**raw.get(name, {}), "path": file}
    kept = {key: value for key, value in raw.get("returns", {}).items() if key not in LIVE_KEYS}
    raw["returns"] = {**kept, "path": "inbox"}
    head = "# REHEARSAL (gladi): nothing here is a live return. Written by `quickcount rehearse`.\n"
    return head + tomlkit.dumps(raw)

"""A rehearsal: a whole evening made up from a known result and an arrival model, with faults that are known too."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from estimation.arrays import Array, IntArray
from estimation.contest import Contest
from estimation.errors import DesignError
from estimation.files import to_json, write_text
from estimation.night.folder import KEPT, check_target, make_rehearsal_folder
from estimation.night.script import BY, Script, stamps, write_script
from estimation.projection import open_sample
from estimation.seeds import generator
from estimation.simulation.arrivals import arrival_model, ranks
from estimation.simulation.faults import Faults, inject
from estimation.simulation.population import Population, open_population
from estimation.simulation.synthetic_result import clock, reporters
from estimation.version import __version__

VOTING_ENDS = time(13)  # on the contest's clock, in every Indonesian election since 2019
ARRIVAL = "log-logistic"  # fitted to a past night
SOURCE = "petugas"


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """A rehearsal that is ready to be played.

    Attributes
    ----------
    contest : Contest
        Of the rehearsal's own folder.
    script : Script
    imagined : bool
        The result is imagined, as the contest has none yet.
    """

    contest: Contest
    script: Script
    imagined: bool

    @property
    def inbox(self) -> Path:
        """Where it is played into."""
        return self.contest.folder / self.contest.returns.path


def prepare_rehearsal(
    contest: Contest,
    to: Path,
    *,
    seed: str | None = None,
    arrival: str = ARRIVAL,
    faults: Faults | None = None,
    by: str = "minute",
) -> Rehearsal:
    """Make a rehearsal's folder and write the script of its evening.

    The stations of the sample report (every station where all are asked) in the order of the arrival model, on the
    clock of the demos' evening: nobody before 13:50, half by 17:00, all by midnight.

    Parameters
    ----------
    contest : Contest
        It is read, never written.
    to : pathlib.Path
        A new folder. ``out/rehearsal`` in it keeps the plan, the returns as they would have come without faults, and
        every fault.
    seed : str, optional
        Names the random numbers; the design's by default.
    arrival : str
        See :func:`estimation.simulation.arrivals.arrival_model`.
    faults : Faults, optional
        Rates; those of ``Faults()`` by default.
    by : str
        What a file holds: the returns of a ``minute``, of a ``quarter`` of an hour, or those of a ``village``, whose
        officer adds to it.

    Raises
    ------
    EstimationError
        The folder is not new, the contest can't be used, the arrival is unknown, or the stations are too few for
        the faults.
    """
    if by not in BY:
        raise DesignError(f"files by '{by}' are unknown: known are {', '.join(BY)}")
    check_target(contest, to)
    faults = Faults() if faults is None else faults
    seed = str(contest.design.seed) if seed is None else seed
    rehearsed, imagined = make_rehearsal_folder(contest, to, seed)
    frame, sample, _ = open_sample(rehearsed, None, None)
    population = open_population(rehearsed, frame.where)
    rows = population.frame.rows_of(frame.table["tps_id"].iloc[sample.rows])
    keys = arrival_model(arrival, population)(population, rows[None], generator(seed, "rehearsal", "arrival"))[0]
    clean = clean_returns(population, rows, keys)
    votes = rehearsed.vote_columns
    spoiled = inject(clean, votes, faults, set(frame.table["tps_id"]), generator(seed, "rehearsal", "faults"))
    closes = datetime.combine(rehearsed.about.election_day, VOTING_ENDS, rehearsed.about.timezone)
    columns = officer_columns(votes)
    script = write_script(
        spoiled.messages,
        _by_contest(rehearsed, spoiled.log),
        columns,
        closes,
        faults.half_written,
        by,
        generator(seed, "rehearsal", "files"),
    )
    kept = rehearsed.out / KEPT
    right = clean.assign(received_at=stamps(clean["second"], pd.Series("own", index=clean.index), closes))
    write_text(kept / "clean.csv", right[columns].to_csv(index=False, lineterminator="\n"))
    write_text(kept / "faults.csv", script.log.to_csv(index=False, lineterminator="\n"))
    plan = {
        "schema": "rehearsal-plan/1",
        "contest": rehearsed.about.id,
        "seed": seed,
        "arrival": arrival,
        "closes": closes.isoformat(),
        "files": by,
        "result": "imagined" if imagined else "official",
        "asked": len(rows),
        "reporting": len(clean),
        "faults": asdict(faults),
        "version": __version__,
    }
    write_text(kept / "plan.json", to_json(plan))
    return Rehearsal(rehearsed, script, imagined)


def officer_columns(votes: Sequence[str]) -> list[str]:
    """Name the columns of an officer's file."""
    return ["tps_id", "received_at", *votes, "invalid", "total", "valid", "registered", "source", "reporter"]


def clean_returns(population: Population, rows: IntArray, keys: Array) -> pd.DataFrame:
    """Give the returns of some stations as they come in when all goes well, in order of arrival.

    Parameters
    ----------
    rows : numpy.ndarray of intp, shape (n,)
        Of the population's frame.
    keys : numpy.ndarray, shape (n,)
        Of an arrival model; stations with an infinite one never report.

    Returns
    -------
    pandas.DataFrame
        See :func:`estimation.simulation.faults.inject`. What the official result does not say adds up: the invalid
        votes are the ballots less the valid votes, at least 0.
    """
    comes = np.isfinite(keys)
    rows, place = rows[comes], ranks(keys[comes])
    counts = population.counts
    votes = counts.votes[rows].astype(np.int64)
    valid = votes.sum(axis=1)
    invalid = np.maximum(0, counts.ballots[rows].astype(np.int64) - valid)
    frame = population.frame.table
    table = pd.DataFrame({"tps_id": frame["tps_id"].iloc[rows].to_numpy()}).assign(
        second=clock(np.asarray(ndtri((place - 0.5) / max(1, len(place))))),
        **{name: votes[:, j] for j, name in enumerate(population.contest.vote_columns)},
        invalid=invalid,
        total=valid + invalid,
        valid=valid,
        registered=frame["registered"].iloc[rows].round().astype("Int64").to_numpy(),
        source=SOURCE,
        reporter=reporters(frame).iloc[rows].to_numpy(),
    )
    return table.sort_values(["second", "tps_id"], kind="stable", ignore_index=True)


def _by_contest(contest: Contest, log: pd.DataFrame) -> pd.DataFrame:
    """Say what this contest's own settings make of the faults: with a declared zone, a time without offset is right."""
    if contest.returns.timezone is None:
        return log
    return log.assign(rules=log["rules"].where(log["kind"] != "naive_time", ""))

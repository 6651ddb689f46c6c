"""A contest folder, opened: its frame, its sample, its projections and its pages."""

import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from estimation.api.evaluation import EvaluationResult
from estimation.api.plan import DesignPlan
from estimation.api.result import ProjectionResult
from estimation.contest import Contest, ProjectionRequest, load_contest
from estimation.errors import EstimateError
from estimation.evaluation import evaluate as evaluate_contest
from estimation.files import sha256_of
from estimation.frame import Frame, load_frame
from estimation.projection import Takes, make_take, open_sample, project, read_evening, read_takes
from estimation.sampling import Design, Sample, design_of, draw, write_draw
from estimation.sampling.draw_manifest import sample_text
from estimation.simulation.design_plan import plan_design
from estimation.simulation.showcase import MOMENT, make_showcase

DEMO = "demo"


@dataclass(frozen=True, eq=False)
class DrawnSample:
    """A sample that was drawn, with the design that drew it; nothing of it is written until :meth:`save`.

    Attributes
    ----------
    sample : Sample
        The stations, as the estimators take them.
    design : Design
    frame : Frame
        What it was drawn from.
    contest : Contest
    """

    sample: Sample
    design: Design
    frame: Frame
    contest: Contest

    def __len__(self) -> int:
        return len(self.sample)

    def __repr__(self) -> str:
        d, strata = self.design, len(self.sample.strata.labels)
        within = f" in {strata} strata ({d.strata})" if d.strata else ""
        lines = [
            f"sample of {len(self)} of {len(self.frame):,} stations: {d.method}{within}, seed '{d.seed}'",
            *(f"{note.code}: {note.text}" for note in self.sample.notes),
        ]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Give the sample as ``sample.csv`` has it: the frame's columns, stratum, probability, weight, order."""
        return self.sample.table(self.frame)

    def save(self) -> Path:
        """Write ``out/sample.csv`` and ``out/manifest.json``; returns the path of the sample.

        A different sample that stands there is kept beside it under its hash.

        Raises
        ------
        DesignError
            Another frame or design was committed; nothing is written.
        """
        return write_draw(self.contest, self.frame, self.design, self.sample)[0]


@dataclass(frozen=True, eq=False)
class OpenContest:
    """A contest folder: see :func:`estimation.open`.

    Attributes
    ----------
    settings : Contest
        What ``contest.toml`` says.
    moment : datetime or None
        The moment that is looked at where none is asked for; only a demo has one.
    """

    settings: Contest
    moment: datetime | None = field(default=None)

    def __repr__(self) -> str:
        about, names = self.settings.about, [candidate.label for candidate in self.settings.candidates]
        sample = "sample drawn" if (self.folder / "out" / "sample.csv").is_file() else "no sample yet"
        return (
            f"{about.title} ({about.id}, {about.mode})\n"
            f"{len(names)} candidates: {', '.join(names)}; {about.rule}; {about.election_day}\n"
            f"{sample}, {len(self.takes.takes)} takes"
        )

    @property
    def folder(self) -> Path:
        """The contest folder."""
        return self.settings.folder

    @cached_property
    def frame(self) -> Frame:
        """The sampling frame, read once; ``.to_frame()`` is its DataFrame.

        Raises
        ------
        FrameError
            The frame can't be used; the message says where and why.
        """
        return load_frame(self.settings)

    @property
    def takes(self) -> Takes:
        """The takes that a watch wrote."""
        return read_takes(self.settings)

    @property
    def sample(self) -> DrawnSample:
        """The sample that stands in ``out/sample.csv``.

        Raises
        ------
        DesignError
            There is none, or it doesn't fit the frame.
        """
        frame, sample, seed = open_sample(self.settings, None, None)
        return DrawnSample(sample, design_of(self.settings, seed=seed), frame, self.settings)

    def draw(self, **design: Any) -> DrawnSample:
        """Draw a sample; nothing is written.

        Parameters
        ----------
        **design
            Keys of ``[design]`` to take in place of the contest's: ``n=300``, ``strata="district"``,
            ``method="pivotal"``, ``allocation``, ``seed`` and so on; see :class:`estimation.Design`.

        Raises
        ------
        FrameError
            A stratification column is not in the frame.
        DesignError
            A key or value is unknown, or n does not fit the strata.
        """
        unknown = [name for name in design if name not in Design.__dataclass_fields__]
        if unknown:
            known = ", ".join(Design.__dataclass_fields__)
            raise EstimateError(f"{unknown[0]}: there is no such argument; known are {known}")
        if design.get("seed") is not None:
            design["seed"] = str(design["seed"])
        chosen = design_of(self.settings, **design)
        sample = draw(self.frame, chosen)
        sample = replace(sample, sha256=sha256_of(sample_text(self.frame, sample).encode("utf-8")))
        return DrawnSample(sample, chosen, self.frame, self.settings)

    def plan(
        self,
        past: "OpenContest | Path | str | None" = None,
        *,
        replicates: int = 500,
        where: str | None = None,
        margin: float | None = None,
        right_leader: float | None = None,
        budget: float | None = None,
        cost_station: float | None = None,
        cost_village: float | None = None,
        **design: Any,
    ) -> DesignPlan:
        """Say what a design is worth, before the day; nothing is written.

        Parameters
        ----------
        past : contest or path, optional
            An earlier election with an official result; the contest's own by default, where it has one.
        replicates : int
            Samples simulated of each design.
        where : str, optional
            An area, ``regency=SITUBONDO``.
        margin : float, optional
            Half-width to reach, in 0 … 1.
        right_leader : float, optional
            Probability with which the right leader should be ahead, 0.5 … 1.
        budget, cost_station, cost_village : float, optional
            What may be spent, and what a station and going to a village cost, in one currency.
        **design
            Keys of ``[design]`` to take in place of the contest's.

        Raises
        ------
        EstimationError
            The contest or its frame can't be used, the design can't be drawn, or the budget pays no sample.
        """
        earlier = past if past is None or isinstance(past, OpenContest) else open_contest(past)
        aims = {"margin": margin, "right_leader": right_leader, "budget": budget}
        costs = {"cost_station": cost_station, "cost_village": cost_village}
        planned = plan_design(
            self.settings,
            past=None if earlier is None else earlier.settings,
            replicates=replicates,
            where=where,
            changes={name: value for name, value in design.items() if value is not None},
            asked={name: value for name, value in (aims | costs).items() if value is not None},
        )
        return DesignPlan(planned, replicates)

    def project(
        self,
        returns: pd.DataFrame | Path | str | None = None,
        sample: DrawnSample | Path | str | None = None,
        **options: Any,
    ) -> ProjectionResult:
        """Project the contest from the returns that are in; nothing is written.

        Parameters
        ----------
        returns : pandas.DataFrame or path, optional
            A row for each count sent, with the columns of a file of returns (``tps_id``, ``received_at``,
            ``votes_1`` …, ``invalid``, ``total``), or a file or folder; the ledger or the inbox by default.
        sample : DrawnSample or path, optional
            ``out/sample.csv`` by default.
        **options
            Fields of a :class:`estimation.ProjectionRequest`: ``as_of``, ``recorded_by``, ``estimator``,
            ``variance``, ``interval``, ``level``, ``where``, ``previous``, ``estimate``.

        Raises
        ------
        EstimationError
            An argument, the contest, the frame or the sample can't be used, or no file of returns can.
        """
        table = returns if isinstance(returns, pd.DataFrame) else None
        drawn = sample if isinstance(sample, DrawnSample) else None
        request = ProjectionRequest.of(
            **self._at_its_moment(options),
            returns=None if table is not None else returns,
            sample=None if drawn is not None else sample,
        )
        evening = read_evening(self.settings, request, sample=None if drawn is None else drawn.sample, returns=table)
        return ProjectionResult(project(evening, request), request, table, drawn.to_frame() if drawn else None)

    def evaluate(
        self, official: Path | str | None = None, takes: Path | str | None = None, **options: Any
    ) -> EvaluationResult:
        """Hold a projection, and every take, against the official result.

        Parameters
        ----------
        official : path, optional
            The official result by station; the contest's own by default.
        takes : path, optional
            The folder of the night's takes; ``out/takes`` by default.
        **options
            Of the projection that is evaluated: see :meth:`project`.

        Raises
        ------
        EstimationError
            There is no official result, or the contest's files can't be used.
        """
        evaluation = evaluate_contest(
            self.settings,
            ProjectionRequest.of(**self._at_its_moment(options)),
            official=None if official is None else Path(official),
            takes=None if takes is None else Path(takes),
        )
        return EvaluationResult(evaluation)

    def _at_its_moment(self, options: dict[str, Any]) -> dict[str, Any]:
        return options if options.get("as_of") is not None else {**options, "as_of": self.moment}


def open_contest(folder: Path | str) -> OpenContest:
    """Open a contest folder.

    Parameters
    ----------
    folder : path
        The folder that holds ``contest.toml``; ``demo`` lays the demo of Situbondo 2024 out in a new temporary folder,
        at 18.30 of its simulated evening, with a take for every hour around it.

    Raises
    ------
    ContestError
        ``contest.toml`` is missing or can't be used; the message lists every mistake in it.
    """
    if str(folder) != DEMO or (Path(folder) / "contest.toml").is_file():
        return OpenContest(load_contest(folder))
    laid_out = make_showcase("situbondo-2024", Path(tempfile.mkdtemp(prefix="quickcount-demo-")))
    contest, moment = load_contest(laid_out), datetime.fromisoformat(MOMENT)
    for hours in range(-3, 4):
        make_take(contest, as_of=moment + timedelta(hours=hours))
    return OpenContest(contest, moment)

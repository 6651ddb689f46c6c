"""A projection as an analyst takes it: tables, pictures, a page."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from estimation.boundaries import load_boundaries
from estimation.contest import ProjectionRequest, share_name
from estimation.contest.request import FILES
from estimation.decision import leader_and_runner_up
from estimation.files import to_json, write_bytes, write_text
from estimation.projection import Projection, projection_document, projection_tables, read_takes
from estimation.projection.headline import projection_summary
from estimation.publish import Page, Part, ProjectionReport, render
from estimation.words import Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class ProjectionResult:
    """A projection of a contest at one moment.

    Attributes
    ----------
    projection : Projection
        The numbers as the rest of the house takes them.
    request : ProjectionRequest
        What was asked for.
    returns : pandas.DataFrame or None
        The returns, where they were handed over as a table.
    sample : pandas.DataFrame or None
        The sample, where it was handed over and not read from a file.
    """

    projection: Projection
    request: ProjectionRequest
    returns: pd.DataFrame | None = None
    sample: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return "\n".join(projection_summary(self.projection))

    def _repr_html_(self) -> str:
        first, second, *_ = projection_summary(self.projection)
        report = self.parts("en")
        return f"<p><strong>{_escaped(first)}</strong><br>{_escaped(second)}</p>{_table_of(report)}"

    @property
    def shares(self) -> pd.DataFrame:
        """A row for each candidate, indexed by number.

        ``name``; ``estimate``, ``se``, ``low``, ``high`` (shares in 0 … 1, NaN where nothing can be said); ``df``, the
        degrees of freedom; ``deff_stations`` and ``deff_persons``, the variance over that of as many stations or
        voters drawn simply; ``votes``, counted in the stations that are used.
        """
        table = projection_tables(self.projection)["shares"].set_index("number")
        counts = self.projection.counts
        return table.assign(votes=counts.votes[counts.seen].sum(axis=0).astype("int64"))

    @property
    def lead(self) -> pd.Series:
        """The lead of the first over the second: ``leader``, ``runner_up``, ``estimate``, ``se``, ``low``, ``high``."""
        return pd.Series(projection_document(self.projection)["lead"], name="lead")

    @property
    def turnout(self) -> pd.Series:
        """Ballots over registered voters: ``estimate``, ``se``, ``low``, ``high``, in 0 … 1."""
        return pd.Series(projection_document(self.projection)["turnout"], name="turnout", dtype="float64")

    @property
    def areas(self) -> pd.DataFrame:
        """A row for each area and candidate.

        ``level``, ``path``; ``drawn``, ``received``, ``used`` (stations); ``number``, ``votes``; ``estimate``, ``se``,
        ``low``, ``high``.
        """
        return projection_tables(self.projection)["areas"]

    @property
    def methods(self) -> pd.DataFrame:
        """The shares by every estimator, the one that counts first.

        ``estimator``, ``number``, ``estimate``, ``low``, ``high``.
        """
        rows = [
            {"estimator": method["estimator"], **share}
            for method in projection_document(self.projection)["methods"]
            for share in method["shares"]
        ]
        return pd.DataFrame(rows)

    @property
    def findings(self) -> pd.DataFrame:
        """What is wrong with the frame and the returns, place by place: ``code``, ``file``, ``line``, and so on."""
        return projection_tables(self.projection)["findings"]

    @property
    def warnings(self) -> pd.DataFrame:
        """What a reader must know: ``code``, ``text``."""
        return pd.DataFrame(projection_document(self.projection)["warnings"], columns=["code", "text"])

    @property
    def call(self) -> pd.Series:
        """The verdict: ``status``, ``winner``, ``withdrawn``, ``earlier``, ``reasons``."""
        return pd.Series(projection_document(self.projection)["call"], name="call", dtype=object)

    @cached_property
    def plot(self) -> "ProjectionPlots":
        """Matplotlib figures, the same that the page shows."""
        return ProjectionPlots(self)

    def parts(self, lang: str | None = None) -> ProjectionReport:
        """Give the page piece by piece: ``.banner()``, ``.verdict()``, ``.candidates()`` and so on.

        Parameters
        ----------
        lang : str, optional
            ``id`` or ``en``; the contest's own by default.
        """
        p = self.projection
        return ProjectionReport(
            p, Words(lang or p.contest.report.language), read_takes(p.contest), load_boundaries(p.contest)
        )

    def to_json(self, path: Path | str | None = None) -> str:
        """Give ``projection.json`` as text, and write it where a path is named."""
        text = to_json(projection_document(self.projection))
        if path is not None:
            write_text(Path(path), text)
        return text

    def report(self, path: Path | str | None = None, lang: str | None = None, *, pdf: bool = False) -> Page:
        """Make the page of this projection.

        A page of returns that were handed over as a table is internal, and says that it can't be verified.

        Parameters
        ----------
        path : path, optional
            Where the page goes, ``page.html``; ``out/reports`` or ``out/internal`` by default.
        lang : str, optional
            ``id`` or ``en``; the contest's own by default.
        pdf : bool
            Make it as PDF too; needs the extra ``pdf``.

        Raises
        ------
        ReportError
            The page can't be made; the one that stood there stays.
        """
        return _make_page(self, None if path is None else Path(path), lang, pdf=pdf)


def _make_page(result: ProjectionResult, path: Path | None, lang: str | None, *, pdf: bool = False) -> Page:
    """Make the page by a run of the notebook, and put it where it is asked for."""
    contest, request = result.projection.contest, result.request
    parameters = request.parameters() | {
        name: str(getattr(request, name).resolve()) for name in FILES if getattr(request, name) is not None
    }
    if result.returns is not None:  # nobody else has this table, so that nobody can verify the page
        contest = replace(contest, about=replace(contest.about, release="internal"))
    with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch:
        for name, table in (("table", result.returns), ("sample", result.sample)):
            if table is not None:
                file = Path(scratch) / f"{name}.csv"
                table.to_csv(file, index=False, lineterminator="\n")
                parameters[name] = str(file)
        if path is None:
            return render(contest, language=lang, parameters=parameters, pdf=pdf)
        out = Path(scratch) / "page"
        page = render(contest, language=lang, parameters=parameters, out=out, pdf=pdf)
        stem, made = path.with_suffix("").name, {}
        for file in sorted(out.iterdir()):
            rest = file.name.removeprefix(page.path.stem)
            name = f"{stem}{rest}" if rest != file.name else f"{stem}-{file.name}"
            target = path if file == page.path else path.with_name(name)
            made[file] = write_bytes(target, file.read_bytes())
        return replace(page, path=made[page.path], pdf=made[page.pdf] if page.pdf is not None else None)


class ProjectionPlots:
    """The pictures of a projection; each gives a Matplotlib figure of the width that a desktop shows."""

    def __init__(self, result: ProjectionResult) -> None:
        self._result = result

    def __repr__(self) -> str:
        return "plots: shares(), lead(), course(), each with lang='id' or 'en'"

    def shares(self, lang: str | None = None) -> "Figure":
        """Draw the shares with their intervals, and the line where the decision falls."""
        return self._drawn(lang, lambda report: report.chart())

    def lead(self, lang: str | None = None) -> "Figure":
        """Draw how far the leader is ahead, with the interval."""
        return self._drawn(lang, lambda report: report.lead())

    def course(self, lang: str | None = None) -> "Figure":
        """Draw the night, take by take, up to this projection.

        Raises
        ------
        ReportError
            There are fewer than two takes to draw.
        """
        return self._drawn(lang, lambda report: report.course())

    def _drawn(self, lang: str | None, draw: Callable[[ProjectionReport], Part]) -> "Figure":
        from estimation.errors import ReportError
        from estimation.publish.figures.canvas import keeping_canvases

        with keeping_canvases() as canvases:
            part = draw(self._result.parts(lang))
        if not canvases:
            raise ReportError(f"there is nothing to draw: {part!r}")
        _show_in_notebooks()
        return canvases[0]


def _show_in_notebooks() -> None:
    """Let a notebook show Matplotlib figures that no window system made."""
    import sys

    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.core.pylabtools import select_figure_formats

        shell = get_ipython()
        if shell is not None:
            select_figure_formats(shell, {"png"})  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def _table_of(report: ProjectionReport) -> str:
    p = report.projection
    if p.estimate is None:
        return ""
    leader, _ = leader_and_runner_up(p.contest, p.estimate.theta)
    rows = []
    bounds = p.estimate.interval(p.contest.about.level)
    for candidate in p.contest.candidates:
        i = p.estimate.index(share_name(candidate.number))
        rows.append(
            {
                "candidate": candidate.label + (" *" if candidate == leader else ""),
                "share": f"{100 * p.estimate.theta[i]:.1f} %",
                "low": f"{100 * bounds.low[i]:.1f}",
                "high": f"{100 * bounds.high[i]:.1f}",
            }
        )
    return pd.DataFrame(rows).to_html(index=False, border=0)

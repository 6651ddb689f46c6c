"""Runs a notebook and makes its page: beside its place first, in its place only when all went well."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.files import write_bytes, write_text
from estimation.publish.archive import files_of, packed
from estimation.publish.executed import body_of, json_of, parts_of
from estimation.publish.index import write_index
from estimation.publish.notebooks import (
    Engine,
    NotebookError,
    check_parameters,
    run_notebook,
    warm_notebooks,
)
from estimation.publish.page_manifest import Seal, describe_page, seal
from estimation.publish.part import Part
from estimation.publish.pdf import begin_loading, check_installed, to_pdf
from estimation.publish.release import INTERNAL, MARK, NEVER_PUBLIC, Placement, place
from estimation.publish.template import render_failure, render_page
from estimation.resources import notebook
from estimation.words import Words

KINDS = {  # kind of report: its notebook
    "projection": "projection",
    "design": "sample_design",
    "backtest": "backtest",
    "evaluation": "evaluation",
}
CARD = "card.png"  # the picture that goes with a projection
SUMMARY = "summary.json"  # what a notebook tells the page about itself


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was made.

    Attributes
    ----------
    path : pathlib.Path
    headline : str
        The contest and the verdict.
    warnings : int
    placement : Placement
        Whether it is public, and what keeps it internal.
    pdf : pathlib.Path or None
        The same on paper, where it was asked for.
    """

    path: Path
    headline: str
    warnings: int
    placement: Placement
    pdf: Path | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """A page before it is put anywhere.

    Attributes
    ----------
    html, paper : str
        The page for screens, and the same to be laid out on paper; that one only where it was asked for.
    parts : tuple of Part
        What it shows.
    manifest : str
        What is in the page for programs.
    files : mapping of str to bytes
        What the notebook saved for beside the page.
    headline : str
    warnings : int
    placement : Placement
    """

    html: str
    paper: str
    parts: tuple[Part, ...]
    manifest: str
    files: Mapping[str, bytes]
    headline: str
    warnings: int
    placement: Placement


def render(
    contest: Contest,
    *,
    kind: str = "projection",
    language: str | None = None,
    out: Path | None = None,
    parameters: Mapping[str, object] | None = None,
    now: datetime | None = None,
    engine: Engine = "forked",
    pdf: bool = False,
) -> Page:
    """Make a report of a contest.

    Parameters
    ----------
    kind : str
        Which notebook.
    language : str, optional
        ``id`` or ``en``; the contest's by default.
    out : pathlib.Path, optional
        Folder of the page; by default that of :func:`estimation.publish.release.place`. The numbers and tables that
        the notebook saves are written beside the page.
    parameters : mapping, optional
        Of the notebook; ``contest``, ``language`` and ``save_to`` are set here.
    now : datetime, optional
        The moment, with an offset, by which the page is released or not and which it carries; the clock's by default.
    engine : str
        ``forked`` runs the cells in a fork of a process that has everything imported, ``kernel`` in a kernel of their
        own; both give the same page.
    pdf : bool
        Make the page as PDF too; needs the extra ``pdf``.

    Raises
    ------
    ReportError
        The kind or a parameter is unknown, the folder is the public one and the page may not be published yet, or
        the notebook failed. Then the page that was there before stays as it is, a page that says what failed, and
        when, is written beside it, and the failed run is kept.
    """
    source, words = _source(kind), Words(language or contest.report.language)
    moment = contest.local(now or datetime.now(UTC)).replace(microsecond=0)
    placement = place(contest, moment)
    out, name = placement.into(out), f"{kind}-{words.language}"
    failure = _Failure(contest, words, placement, moment, out, name)
    if engine == "forked":
        warm_notebooks()  # it imports in the background
    if pdf:
        check_installed()
    check_parameters(source, {**(parameters or {}), "contest": "", "language": "", "save_to": ""})
    loading = begin_loading() if pdf else None
    try:
        made = compose(
            contest, kind=kind, language=words.language, parameters=parameters, now=moment, engine=engine, pdf=pdf
        )
    except Exception as error:
        failure.write(error)
        raise failure.said(error) from error
    _put_beside(made, placement, out, name)
    page = Page(write_text(out / f"{name}.html", made.html), made.headline, made.warnings, placement)
    failure.clear()
    if loading is not None:
        loading.join()
        page = replace(page, pdf=write_bytes(out / f"{name}.pdf", to_pdf(made.paper)))
    if out.resolve() == placement.folder.resolve():
        write_index(contest, contest.report.language, moment)
    return page


def compose(
    contest: Contest,
    *,
    kind: str,
    language: str,
    parameters: Mapping[str, object] | None,
    now: datetime,
    engine: Engine = "forked",
    signed: Seal | None = None,
    pdf: bool = False,
) -> Composed:
    """Run the notebook and fill the page, without putting it anywhere; see :func:`render`.

    The same inputs give the same page, byte for byte, apart from the line with the moment and its signature. A page
    that is checked is made with the signature that it has, as ``signed``.
    """
    source, words = _source(kind), Words(language)
    moment = contest.local(now).replace(microsecond=0)
    placement = place(contest, moment)
    given = dict(parameters or {})
    with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch:
        saved = Path(scratch) / "files"
        write_text(saved / MARK, placement.mark())
        values = {
            **given,
            "contest": str(contest.folder.resolve()),
            "language": words.language,
            "save_to": str(saved),
        }
        parts = parts_of(run_notebook(source, Path(scratch) / f"{kind}.ipynb", values, engine))
        files = {path.name: path.read_bytes() for path in sorted(saved.iterdir()) if path.name != MARK}
    summary, body, data = json.loads(files.pop(SUMMARY)), body_of(parts), json_of(parts)
    document = describe_page(
        contest,
        kind=kind,
        source=source,
        language=words.language,
        status=placement.status,
        parameters=given,
        inputs=summary["inputs"],
        files=files,
        body=body,
        data=data,
    )
    sealed = seal(document, moment, signed)
    fill = partial(
        render_page,
        words,
        report=summary["report"],
        title=contest.about.title,
        placement=placement,
        moment=moment,
        seal=sealed,
        verifiable=not given.get("table"),
    )
    return Composed(
        html=fill(body=body, data=data),
        paper=fill(body=body_of(parts, paper=True), paper=True) if pdf else "",
        parts=parts,
        manifest=sealed.manifest,
        files=files,
        headline=str(summary["headline"]),
        warnings=int(summary["warnings"]),
        placement=placement,
    )


def _put_beside(made: Composed, placement: Placement, out: Path, name: str) -> None:
    """Write what the notebook saved, and the page's pictures and tables in one archive."""
    public = _is_public(placement, out)
    for file, content in made.files.items():
        shut = public and file in NEVER_PUBLIC
        write_bytes((out.with_name(INTERNAL) if shut else out) / (f"{name}-{file}" if file == CARD else file), content)
    write_bytes(out / f"{name}-parts.zip", packed(files_of(made.parts)))


def _is_public(placement: Placement, out: Path) -> bool:
    """Say whether a folder is the public one."""
    return placement.public and out.resolve() == placement.folder.resolve()


def _source(kind: str) -> Path:
    if kind not in KINDS:
        raise ReportError(f"kind of report '{kind}' is unknown: known are {', '.join(KINDS)}")
    return notebook(KINDS[kind])


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is left behind when no new page can be made."""

    contest: Contest
    words: Words
    placement: Placement
    moment: datetime
    out: Path
    name: str

    @property
    def page(self) -> Path:
        """The page that says so; it stands beside the last good one."""
        return self.out / f"{self.name}-error.html"

    @property
    def run(self) -> Path:
        """The failed run, for debugging; never in the public folder, as it names files of this machine."""
        public = _is_public(self.placement, self.out)
        return (self.out.with_name(INTERNAL) if public else self.out) / f"{self.name}-failed.ipynb"

    def write(self, error: Exception) -> None:
        last = f"{self.name}.html"
        html = render_failure(
            self.words,
            report=self.words("failure.report"),
            title=self.contest.about.title,
            placement=self.placement,
            moment=self.moment,
            cause="" if self.placement.public else _cause(error),
            last=last if (self.out / last).is_file() else "",
        )
        if isinstance(error, NotebookError) and error.run:
            write_bytes(self.run, error.run)
        write_text(self.page, html)

    def said(self, error: Exception) -> ReportError:
        run = f"the run is kept in {self.run}; " if isinstance(error, NotebookError) and error.run else ""
        return ReportError(f"{_cause(error)}\n{run}the last good page was left as it was, and {self.page} says so")

    def clear(self) -> None:
        self.page.unlink(missing_ok=True)
        self.run.unlink(missing_ok=True)


def _cause(error: Exception) -> str:
    return str(error) if isinstance(error, ReportError) else f"{type(error).__name__}: {error}"

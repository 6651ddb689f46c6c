"""Many contests under one folder: what changed is projected, what changed gets a page, and one page lists all."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from estimation.errors import EstimationError
from estimation.night.batch_job import Asked, ContestOutcome, Job, Made, current_page, needs_run, record_page
from estimation.projection.takes import read_projection
from estimation.publish.overview import Entry, Overview, write_overview
from estimation.version import __version__
from estimation.workers import Done, run_each, warm

SCHEMA = "batch/1"
KINDS = ("projection", "evaluation")  # of pages
_RUN, _MAKE_PAGE = "estimation.night.batch_job:run", "estimation.night.batch_job:make_take_page"
_PRELOAD = ["estimation.night.batch_job"]
Told = Callable[[int, int], None]
Shown = Callable[[str], AbstractContextManager[Told]]


@dataclass(frozen=True, slots=True)
class Batch:
    """How all contests came out.

    Attributes
    ----------
    root : pathlib.Path
    asked : Asked
    results : tuple of Result
        In the order of their folders.
    overview : Overview
        The page that lists them, and the tables beside it.
    """

    root: Path
    asked: Asked
    results: tuple[ContestOutcome, ...]
    overview: Overview

    def count(self, state: str) -> int:
        """Count the contests of one state."""
        return sum(result.state == state for result in self.results)

    def pages(self, state: str) -> int:
        """Count the pages of one state."""
        return sum(page.state == state for result in self.results for page in result.pages)

    @property
    def failed(self) -> int:
        """Contests and pages that failed."""
        return self.count("failed") + self.pages("failed")


@contextmanager
def _silent(text: str) -> Iterator[Told]:
    yield lambda done, total: None


def find_contests(root: Path) -> list[Path]:
    """Find the contest folders under a folder, in the order of their paths; what lies inside one is its own.

    Raises
    ------
    EstimationError
        There is no such folder, or no contest in it.
    """
    if not root.is_dir():
        raise EstimationError(f"{root}: there is no such folder: name the one that holds the contest folders")
    found = sorted(_contests(root))
    if not found:
        raise EstimationError(f"{root}: no contest.toml is in it or in any folder below: name the folder above them")
    return found


def _contests(folder: Path) -> Iterator[Path]:
    if (folder / "contest.toml").is_file():
        yield folder
        return
    with os.scandir(folder) as entries:
        below = [Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    for path in below:
        # a contest may be linked to from elsewhere; to follow any other link could go in circles
        if not path.is_symlink() or (path / "contest.toml").is_file():
            yield from _contests(path)


def batch(
    root: Path,
    asked: Asked | None = None,
    *,
    workers: int = 1,
    cluster: str | None = None,
    kinds: Sequence[str] = (),
    languages: Sequence[str] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    shown: Shown = _silent,
) -> Batch:
    """Project every contest under a folder that changed, make the pages that changed, and the overview of all.

    A contest that can't be projected, a page that can't be made and a process that dies are reported, and stop nothing
    else; what a contest had before stays. The overview is written before the pages are made, and again after.

    Parameters
    ----------
    root : pathlib.Path
    asked : Asked, optional
    workers, cluster
        See :func:`estimation.workers.open_pool`; a cluster's workers must see the folders at the same paths.
    kinds : sequence of str
        Of the pages, some of ``KINDS``; none are made by default.
    languages : sequence of str
        Of the pages, ``id``, ``en``; each contest's own by default. The overview has the first, or that of most
        contests.
    now : callable
        Gives the present moment, by which pages are released or not.
    shown : callable
        Takes a text, and gives a context whose value is told of (done, all).

    Raises
    ------
    EstimationError
        No contest is there, or no executor can be had.
    """
    asked, root = asked or Asked(), root.resolve()
    folders = find_contests(root)
    if cluster is None:
        warm(_PRELOAD)  # the workers' imports go on while it is seen what has changed
    results = {folder: needs_run(Job(folder, asked)) for folder in folders}

    def computed(done: Done[Job]) -> None:
        before = results[done.job.folder]
        after = done.result or ContestOutcome(done.job.folder, "failed", error=done.error, trace=done.trace)
        take = before.take if after.state == "failed" else after.take
        results[done.job.folder] = replace(after, contest=before.contest, take=take, again=done.again)

    def listed() -> Batch:
        ordered = tuple(results[folder] for folder in folders)
        entries = [_entry(root, result) for result in ordered]
        return Batch(root, asked, ordered, write_overview(root, entries, _language(languages, ordered), now()))

    changed = [Job(folder, asked) for folder, result in results.items() if result.state == "computed"]
    _all(_RUN, changed, workers, cluster, shown("projecting contests"), computed)
    if not kinds:
        return listed()
    listed()
    jobs: list[Job] = []
    for folder in folders:
        kept, wanted = _pages(results[folder], asked, kinds, languages, now())
        results[folder] = replace(results[folder], pages=kept)
        jobs += wanted

    def printed(done: Done[Job]) -> None:
        job, result = done.job, results[done.job.folder]
        page = done.result or Made(job.kind, job.language, "failed", error=done.error, trace=done.trace)
        page = record_page(result.contest, page) if result.contest else page
        results[job.folder] = replace(result, pages=(*result.pages, page))

    _all(_MAKE_PAGE, jobs, workers, cluster, shown("making pages"), printed)
    return listed()


def _all(
    name: str,
    jobs: Sequence[Job],
    workers: int,
    cluster: str | None,
    shown: AbstractContextManager[Told],
    ended: Callable[[Done[Job]], None],
) -> None:
    """Do jobs, and show how far it is."""
    if not jobs:
        return
    count = 0
    with shown as say:
        say(0, len(jobs))

        def report(done: Done[Job]) -> None:
            nonlocal count
            ended(done)
            count += 1
            say(count, len(jobs))

        run_each(name, jobs, count=workers, cluster=cluster, preload=_PRELOAD, report=report)


def _pages(
    result: ContestOutcome, asked: Asked, kinds: Sequence[str], languages: Sequence[str], now: datetime
) -> tuple[tuple[Made, ...], list[Job]]:
    """Part the pages of a contest in those that are as they should be, and those to make."""
    contest = result.contest
    if contest is None or result.take is None or result.state == "failed":
        return (), []
    kept, wanted = [], []
    for kind in kinds:
        for language in dict.fromkeys(languages or (contest.report.language,)):
            page = current_page(result, kind, language, now)
            if page is not None:
                kept.append(page)
            else:
                wanted.append(Job(result.folder, asked, kind, language, str(result.take)))
    return tuple(kept), wanted


def _language(languages: Sequence[str], results: Sequence[ContestOutcome]) -> str:
    spoken = Counter(result.contest.report.language for result in results if result.contest is not None)
    return languages[0] if languages else (spoken.most_common(1)[0][0] if spoken else "id")


def _entry(root: Path, result: ContestOutcome) -> Entry:
    """Gather what the overview says of a contest."""
    folder = result.folder.relative_to(root).as_posix()
    error, record = _without(root, result.error) if result.state == "failed" else "", None
    if result.take is not None and result.contest is not None:
        try:
            record = read_projection(result.take, result.contest)
        except EstimationError as refused:
            error = error or f"{_without(root, str(result.take))}: {refused}"
    return Entry(folder, result.contest, record, error)


def _without(root: Path, text: str) -> str:
    """Name files from the root, as a page may be read elsewhere."""
    return text.replace(f"{root}{os.sep}", "")


def batch_document(batch: Batch) -> dict[str, object]:
    """Compose the summary ``batch/1``; paths are named from the root."""
    root = batch.root
    return {
        "schema": SCHEMA,
        "version": __version__,
        "as_of": batch.asked.as_of.isoformat() if batch.asked.as_of else None,
        "estimator": batch.asked.estimator,
        "contests": len(batch.results),
        **{state: batch.count(state) for state in ("computed", "unchanged", "failed")},
        "pages": {state: batch.pages(state) for state in ("made", "unchanged", "failed")},
        "overview": [path.relative_to(root).as_posix() for path in batch.overview.pages],
        "results": [_said(root, result) for result in batch.results],
    }


def _said(root: Path, result: ContestOutcome) -> dict[str, object]:
    return {
        "contest": result.contest.about.id if result.contest else None,
        "folder": result.folder.relative_to(root).as_posix(),
        "state": result.state,
        "take": result.take.relative_to(root).as_posix() if result.take else None,
        "waits": result.waits or None,
        "done_again": result.again,
        **_fault(root, result.error, result.trace),
        "pages": [
            {
                "kind": page.kind,
                "language": page.language,
                "state": page.state,
                "path": page.path.relative_to(root).as_posix() if page.path else None,
                **_fault(root, page.error, page.trace),
            }
            for page in result.pages
        ],
    }


def _fault(root: Path, error: str, trace: str) -> dict[str, str | None]:
    return {"error": _without(root, error) or None, "trace": trace or None}


def batch_summary(batch: Batch) -> list[str]:
    """Say it in a few lines, for a terminal: what was done first, then each failure."""
    n, root = batch.count, batch.root
    lines = [
        f"{len(batch.results)} contests: {n('computed')} projected, {n('unchanged')} unchanged, {n('failed')} failed"
    ]
    if any(result.pages for result in batch.results):
        p = batch.pages
        lines.append(f"pages: {p('made')} made, {p('unchanged')} unchanged, {p('failed')} failed")
    for result in batch.results:
        folder = result.folder.relative_to(root).as_posix()
        if result.again and result.state != "failed":
            lines.append(f"{folder}: a process was killed while it was in hand; it was done again, and is whole")
        lines += [f"{folder}: {result.waits}"] if result.waits else []
        lines += [f"{folder}: {line}" for line in _without(root, result.error).splitlines()]
        for page in result.pages:
            named = f"{folder}, page {page.kind}-{page.language}"
            lines += [f"{named}: {line}" for line in _without(root, page.error).splitlines()]
    return lines

"""Makes pages in a process of its own, so that a slow, hung or dying one never delays a take."""

import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimation.contest import load_contest
from estimation.errors import EstimationError
from estimation.workers import WorkerError, Workers

LIMIT_SECONDS = 600.0  # after which a run is taken to hang
_GRACE_SECONDS = 5.0  # in which a run that is stopped may remove its temporary files
_NICE = 10  # by so much takes come before pages where the processor is short
_MAKE = f"{__name__}:make_pages"


@dataclass(frozen=True, slots=True)
class PageMade:
    """Pages that were made.

    Attributes
    ----------
    take : str
        Of which take.
    placement : str
        What the release rule said of them; see :class:`estimation.publish.release.Placement`.
    paths : mapping of str to str
        By language.
    headline : str
    """

    take: str
    placement: str
    paths: Mapping[str, str]
    headline: str


@dataclass(frozen=True, slots=True)
class PageFailed:
    """Pages that could not be made: the last good ones stay."""

    take: str
    why: str
    trace: str = ""


class PageWorker:
    """A process that makes the pages of one take at a time; see :func:`estimation.publish.render`.

    It stays, with all that a page needs imported, for the next take; after a failure the next page has a new one.

    Parameters
    ----------
    limit_seconds : float
        After which a run is ended.
    make : str
        The function that makes the pages; see :func:`make_pages`.
    """

    def __init__(self, limit_seconds: float = LIMIT_SECONDS, make: str = _MAKE) -> None:
        self._limit, self._make = limit_seconds, make
        self._workers: Workers | None = None
        self._future: Future[Any] | None = None
        self._take = ""

    @property
    def busy(self) -> bool:
        """Whether a page is being made, or was made and not asked for yet."""
        return self._future is not None

    def start(self, contest: Path, take: str, languages: Sequence[str], parameters: Mapping[str, object]) -> None:
        """Begin the pages of a take.

        Parameters
        ----------
        contest : pathlib.Path
            Its folder.
        take : str
        languages : sequence of str
            A page for each.
        parameters : mapping
            Of the notebook.
        """
        if self._workers is None:
            self._workers = Workers(
                preload=["estimation.publish.pages"],
                limit_seconds=self._limit,
                grace=_GRACE_SECONDS,
                nice=_NICE,
                quiet=True,
            )
        self._take = take
        self._future = self._workers.submit(
            self._make, str(contest.resolve()), take, tuple(languages), dict(parameters)
        )

    def poll(self) -> PageMade | PageFailed | None:
        """Say how a run ended; None while it goes on, or where there is none."""
        if self._future is None or not self._future.done():
            return None
        future, self._future = self._future, None
        try:
            result: PageMade | PageFailed = future.result()
        except WorkerError as error:
            result = PageFailed(self._take, str(error))
        if isinstance(result, PageFailed):
            self.stop()
        return result

    def stop(self) -> None:
        """End the process and all that it started; what it had not finished is not put in its place."""
        self._future = None
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.close()


def make_pages(
    contest: str, take: str, languages: Sequence[str], parameters: Mapping[str, object]
) -> PageMade | PageFailed:
    """Make the pages of a take, in the process that is there for it; see :meth:`PageWorker.start`."""
    from estimation.publish import render  # notebooks, figures and all: here, not in the process that takes

    try:
        opened = load_contest(contest)
        pages = {
            language: render(opened, kind="projection", language=language, parameters=parameters)
            for language in languages
        }
    except (EstimationError, OSError) as error:
        return PageFailed(take, str(error))
    except Exception as error:
        return PageFailed(take, f"{type(error).__name__}: {error}", traceback.format_exc())
    last = list(pages.values())[-1]
    return PageMade(take, last.placement.status, {name: str(page.path) for name, page in pages.items()}, last.headline)

"""A contest of 24 stations of which 12 are drawn, a clock that is wound by hand, and pages that are made by nobody."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estimation.contest import load_contest
from estimation.night.events import Event
from estimation.night.page_worker import PageFailed, PageMade
from estimation.night.watch import Clock, Settings, Watch

START = datetime(2024, 11, 27, 11, tzinfo=UTC)  # 18:00 on the contest's clock
TOML = '[design]\nn = 12\nmethod = "simple"\n[estimate]\nestimator = "ratio"\nmin_received = 0.2\nmin_per_stratum = 0\n'


def station(i: int) -> str:
    """Name the i-th station of the sample, from 0: every second of the frame's is in it."""
    return f"{2 * i + 2:04d}"


@pytest.fixture
def make_small(make_contest) -> Callable[..., Path]:
    """Make a contest with a sample; ``extra`` goes into ``[estimate]``, the last table."""

    def make(extra: str = "") -> Path:
        folder: Path = make_contest(stations=24, extra_toml=TOML + extra)
        rows = [f"{station(i)},all,0.5,2,simple" for i in range(12)]
        (folder / "out").mkdir()
        text = "\n".join(["tps_id,stratum,probability,weight,method", *rows, ""])
        (folder / "out" / "sample.csv").write_text(text, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def small(make_small) -> Path:
    return make_small()


def drop(folder: Path, name: str, stations: Sequence[int], *, first: int = 120, extra: int = 0, later: int = 0) -> Path:
    """Put returns of stations of the sample into a file of the inbox.

    That of the i-th comes in at 18:00 and i + `later` minutes, with 200 valid votes, `first` + i of which are the
    first candidate's; `extra` is added to them, so that the return does not add up.
    """
    rows = [
        f"{station(i)},2024-11-27T18:{i + later:02d}:00+07:00,{first + i + extra},{200 - first - i},5,205"
        for i in stations
    ]
    path = folder / "inbox" / name
    path.write_text("\n".join(["tps_id,received_at,votes_1,votes_2,invalid,total", *rows, ""]), encoding="utf-8")
    return path


class Hand(Clock):
    """A clock that moves only when somebody sleeps; what is planned for a second happens then."""

    def __init__(self, plan: Mapping[float, Callable[[], object]], until: float) -> None:
        super().__init__()
        self.second, self.until, self.plan = 0.0, until, dict(plan)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def passed(self) -> float:
        return self.second

    def sleep(self, seconds: float) -> None:
        self.second += max(0.0, seconds)
        for at in sorted(at for at in self.plan if at <= self.second):
            self.plan.pop(at)()
        self.stopped = self.stopped or self.second >= self.until


class FakePages:
    """A page worker without a process: pages take ``lasts`` seconds and succeed, unless ``fails`` says why not."""

    def __init__(self, folder: Path, lasts: float = 3.0) -> None:
        self.folder, self.lasts, self.fails = folder, lasts, ""
        self.started: list[tuple[float, str, tuple[str, ...], Mapping[str, object]]] = []
        self.clock: Hand | None = None
        self._until: float | None = None
        self.status = "internal"

    @property
    def busy(self) -> bool:
        return self._until is not None

    def start(self, contest: Path, take: str, languages: Sequence[str], parameters: Mapping[str, object]) -> None:
        assert not self.busy
        assert self.clock is not None
        now = self.clock.passed()
        self.started.append((now, take, tuple(languages), parameters))
        self._until = now + self.lasts

    def poll(self) -> PageMade | PageFailed | None:
        assert self.clock is not None
        if self._until is None or self.clock.passed() < self._until:
            return None
        self._until = None
        _, take, languages, _ = self.started[-1]
        if self.fails:
            return PageFailed(take, self.fails)
        paths = {}
        for language in languages:
            path = self.folder / "out" / "internal" / f"projection-{language}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'<html>\n<body class="mode-live">\n<p id="of">{take}</p>\n</body>\n</html>\n')
            paths[language] = str(path)
        return PageMade(take, self.status, paths, "headline")

    def stop(self) -> None:
        self._until = None


class Night:
    """A watch that is played in no time."""

    def __init__(self, folder: Path, settings: Settings, clock: Hand, pages: FakePages) -> None:
        self.folder, self.clock, self.pages = folder, clock, pages
        pages.clock = clock
        self.events: list[Event] = []
        self.well = Watch(load_contest(folder), settings, self, clock, pages).run()  # type: ignore[arg-type]

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def idle(self, text: str) -> None:
        pass

    def said(self, *kinds: str) -> list[str]:
        return [event.lines[0] for event in self.events if event.kind in kinds]

    def at(self, kind: str) -> list[float]:
        return [round((event.at - START).total_seconds(), 1) for event in self.events if event.kind == kind]

    def takes(self) -> list[str]:
        return sorted(path.parent.name for path in (self.folder / "out" / "takes").glob("*/projection.json"))


@pytest.fixture
def play() -> Callable[..., Night]:
    """Play a night until it is stopped: ``play(folder, {second: action}, until=60, ends=--until, every=10, …)``."""

    def one(
        folder: Path,
        plan: Mapping[float, Callable[[], object]] | None = None,
        until: float = 60.0,
        pages: FakePages | None = None,
        ends: float | None = None,
        **settings: Any,
    ) -> Night:
        last = None if ends is None else START + timedelta(seconds=ends)
        asked = Settings(pages=pages is not None, until=last, **settings)
        return Night(folder, asked, Hand(plan or {}, until), pages or FakePages(folder))

    return one

"""Runs a backtest: blocks of nights over processes or a cluster, kept as they are done, so that it can go on."""

import hashlib
import io
import json
import platform
from collections.abc import Callable
from concurrent.futures import Future, as_completed
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.contest import Contest, EstimateTable, load_contest
from estimation.errors import EstimationError
from estimation.files import sha256_of, write_bytes
from estimation.simulation.arrivals.recorded import Recorded
from estimation.simulation.backtest.coverage_table import first_calls, tabulate
from estimation.simulation.backtest.replay import BacktestPlan, Replay, Stage, replay_block, stage
from estimation.simulation.population import Population, open_population
from estimation.survey.intervals import check_level
from estimation.version import __version__
from estimation.workers import open_pool

SCHEMA = "backtest/1"
ASIDE = ("agree",)  # [estimate] keys that a backtest does not look at


def backtest(
    contest: Contest,
    plan: BacktestPlan,
    *,
    where: str | None = None,
    workers: int = 1,
    cluster: str | None = None,
    keep: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Population, Replay]:
    """Replay a past election night after night.

    Parameters
    ----------
    contest : Contest
        With an official result.
    where : str, optional
        One area, ``regency=SITUBONDO``.
    workers, cluster
        See :func:`estimation.workers.open_pool`.
    keep : pathlib.Path, optional
        Folder for finished blocks; those of the same plan that are there already are not computed again.
    progress : function of (blocks done, blocks), optional

    Returns
    -------
    tuple of Population and Replay
        The same for the same plan on any number of workers.

    Raises
    ------
    EstimationError
        The contest has no official result, or the design does not fit it; a worker reads another contest.
    """
    check_plan(plan)
    opened = stage(open_population(contest, where), plan)  # what is wrong is said before any process is started
    key = _key(opened)
    folder = None if keep is None else keep / key
    done = {} if folder is None else _kept(folder, plan.blocks)
    say = progress or (lambda *_: None)
    say(len(done), plan.blocks)
    missing = [block for block in range(plan.blocks) if block not in done]
    if workers == 1 and cluster is None:
        for block in missing:
            done[block] = _save(folder, block, replay_block(opened, block))
            say(len(done), plan.blocks)
    elif missing:
        with open_pool(workers, cluster, preload=[__name__]) as pool:
            arguments = str(contest.folder.resolve()), where, plan, key
            waiting: dict[Future[Replay], int] = {
                pool.submit(f"{__name__}:replay_in_worker", *arguments, block): block for block in missing
            }
            for future in as_completed(waiting):
                done[waiting[future]] = _save(folder, waiting[future], future.result())
                say(len(done), plan.blocks)
    parts = [done[block] for block in range(plan.blocks)]
    return opened.population, Replay(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def backtest_document(population: Population, plan: BacktestPlan, replay: Replay) -> dict[str, object]:
    """Compose the JSON of a backtest, ``backtest/1``.

    ``where`` is the area that was asked for, null for none; ``estimate`` is ``[estimate]`` as it was in force;
    ``inputs`` are hashes of what was replayed.
    """
    table = tabulate(population, plan, replay)
    rows = [
        {str(name): _plain(value) for name, value in row.items() if not _absent(row["quantity"], str(name))}
        for row in table.to_dict("records")
    ]
    return {
        "schema": SCHEMA,
        "contest": population.contest.about.id,
        "where": population.frame.where,
        "replicates": plan.replicates,
        "level": plan.level,
        "seed": plan.design.seed,
        "stations": len(population.frame),
        "left_out": population.left_out,
        "inputs": inputs_of(population),
        "estimate": estimate_values(plan.table),
        "first_right_call": first_calls(plan, replay),
        "version": __version__,
        "rows": rows,
    }


def inputs_of(population: Population) -> dict[str, str]:
    """Give the SHA-256 of what is replayed: the frame, the official result, the earlier election where there is one."""
    frame = population.frame
    earlier = {} if frame.baseline_sha256 is None else {"baseline_sha256": frame.baseline_sha256}
    return {"frame_sha256": frame.sha256, **earlier, "official_sha256": population.sha256}


def estimate_values(table: EstimateTable) -> dict[str, object]:
    """Give the keys of ``[estimate]`` with their values, as JSON holds them; without ``agree``, which is not asked."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(table).items()
        if name not in ASIDE
    }


def check_plan(plan: BacktestPlan) -> None:
    """Refuse a plan that can't be meant.

    Raises
    ------
    EstimationError
        A part of the returns does not lie in (0, 1] or stands twice, the level is no probability, or there are
        fewer than two nights.
    """
    check_level(plan.level)
    if plan.replicates < 2:
        raise EstimationError(f"--replicates {plan.replicates}: at least 2 are needed, and 1,000 say something")
    if not plan.received or not all(0 < part <= 1 for part in plan.received):
        raise EstimationError("--received takes parts of the sample in (0, 1], such as 0.1,0.5,1")
    if list(plan.received) != sorted(set(plan.received)):
        raise EstimationError("--received: give each part once, the smallest first")


def _absent(quantity: object, column: str) -> bool:
    return quantity != "lead" and column in ("call_rate", "wrong_call_rate", "never_called_rate")


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 9) + 0.0 if np.isfinite(value) else None
    return value


@lru_cache(maxsize=2)
def _stage(folder: str, where: str | None, plan: BacktestPlan, key: str) -> Stage:
    """Open a contest in another process; what it reads there must be what `key` was made of.

    Raises
    ------
    EstimationError
        The folder is not there, or holds another contest.
    """
    if not Path(folder).is_dir():
        raise EstimationError(
            f"{folder}: a worker on {platform.node()} does not see this folder: let the cluster's machines share it, "
            "at the same path"
        )
    opened = stage(open_population(load_contest(folder), where), plan)
    if _key(opened) != key:
        raise EstimationError(
            f"{folder}: a worker on {platform.node()} reads other stations, counts or rules there than this machine: "
            "give all the same files"
        )
    return opened


def replay_in_worker(folder: str, where: str | None, plan: BacktestPlan, key: str, block: int) -> Replay:
    """Replay one block in another process, which opens the contest once."""
    return replay_block(_stage(folder, where, plan, key), block)


def _key(at: Stage) -> str:
    """Name a plan by all that its numbers depend on: stations, counts, who wins, the recorded order, settings, code."""
    contest, frame, counts = at.population.contest, at.population.frame, at.population.counts
    held = hashlib.sha256()
    held.update(pd.util.hash_pandas_object(frame.table, index=False).to_numpy().tobytes())
    for values in (counts.votes, counts.invalid, counts.ballots, counts.registered):
        held.update(np.ascontiguousarray(values).tobytes())
    if isinstance(at.model, Recorded):
        held.update(at.model.moment.tobytes())
    what = {
        "population": held.hexdigest(),
        "columns": list(frame.table.columns),
        "candidates": [candidate.number for candidate in contest.candidates],
        "rule": [contest.about.rule, contest.about.threshold],
        "plan": asdict(at.plan),
        "version": __version__,
    }
    return sha256_of(json.dumps(what, sort_keys=True, default=str).encode("utf-8"))[:16]


def _save(folder: Path | None, block: int, replay: Replay) -> Replay:
    if folder is not None:
        held = io.BytesIO()
        np.savez(held, **replay._asdict())
        write_bytes(folder / f"block-{block:05d}.npz", held.getvalue())
    return replay


def _kept(folder: Path, blocks: int) -> dict[int, Replay]:
    found = {}
    for block in range(blocks):
        path = folder / f"block-{block:05d}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as held:
                found[block] = Replay(*(held[name] for name in Replay._fields))
    return found

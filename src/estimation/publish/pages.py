"""Runs a notebook and makes its page: beside its place first, in its place only when all went well."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from estimation.columns import nearest
from estimation.contest import Contest
from estimation.errors import ReportError
from estimation.files import write_text
from estimation.publish.template import render_page
from estimation.publish.words import Words
from estimation.resources import notebook

KINDS = {  # kind of report: its notebook
    "projection": "projection",
    "design": "sample_design",
    "backtest": "backtest",
    "evaluation": "evaluation",
}
SUMMARY = "summary.json"  # what a notebook tells the page about itself
_UNSEEN = {"parameters", "injected-parameters", "unseen"}


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was made.

    Attributes
    ----------
    path : pathlib.Path
    headline : str
        The contest and the verdict.
    warnings : int
    """

    path: Path
    headline: str
    warnings: int


def render(
    contest: Contest,
    *,
    kind: str = "projection",
    language: str | None = None,
    out: Path | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Page:
    """Make a report of a contest.

    Parameters
    ----------
    kind : str
        Which notebook.
    language : str, optional
        ``id`` or ``en``; the contest's by default.
    out : pathlib.Path, optional
        Folder of the page; ``out/reports`` of the contest by default. The numbers and tables that
        the notebook saves are written beside the page.
    parameters : mapping, optional
        Of the notebook; ``contest``, ``language`` and ``save_to`` are set here.

    Raises
    ------
    ReportError
        The kind or a parameter is unknown, or the notebook failed; the page that was there before
        stays as it is.
    """
    if kind not in KINDS:
        raise ReportError(f"kind of report '{kind}' is unknown: known are {', '.join(KINDS)}")
    words = Words(language or contest.report.language)
    out = out or contest.out / "reports"
    source = notebook(KINDS[kind])
    with tempfile.TemporaryDirectory(prefix="quickcount-") as scratch:
        stage = Path(scratch)
        values = {
            **(parameters or {}),
            "contest": str(contest.folder.resolve()),
            "language": words.language,
            "save_to": str(stage / "files"),
        }
        check_parameters(source, values)
        executed = run_notebook(source, stage / f"{kind}.ipynb", values, out / f"{kind}-{words.language}-failed.ipynb")
        summary = json.loads((stage / "files" / SUMMARY).read_text(encoding="utf-8"))
        html = render_page(
            language=words.language,
            report=summary["report"],
            title=contest.about.title,
            mode=contest.about.mode,
            body=body_of(executed),
            rendered=words.moment(datetime.now(contest.about.timezone).replace(microsecond=0)),
            w=words,
        )
        for file in sorted(path for path in (stage / "files").iterdir() if path.name != SUMMARY):
            write_text(out / file.name, file.read_text(encoding="utf-8"))
        path = write_text(out / f"{kind}-{words.language}.html", html)
    return Page(path, str(summary["headline"]), int(summary["warnings"]))


def check_parameters(source: Path, values: Mapping[str, object]) -> None:
    """Check parameter names before the run, as papermill only warns of a typing error.

    Raises
    ------
    ReportError
        A name is not in the notebook's parameters cell; the nearest that is, is named.
    """
    import papermill

    known = set(papermill.inspect_notebook(str(source)))
    for name in values:
        if name not in known:
            near = nearest(name, known)
            raise ReportError(
                f"{source.name} has no parameter '{name}'"
                + (f": did you mean '{near}'?" if near else f": it has {', '.join(sorted(known))}")
            )


def run_notebook(source: Path, target: Path, values: Mapping[str, object], failed: Path) -> Path:
    """Run a notebook with papermill; a failed run is kept as ``failed`` for whoever mends it.

    Its kernel listens on local sockets that no network reaches, where the system has such.

    Raises
    ------
    ReportError
        A cell failed; the message is that of its error.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(values),
            progress_bar=False,
            cwd=str(target.parent),
            config=Config({"KernelManager": {"transport": "ipc"}} if os.name == "posix" else {}),
        )
    except PapermillExecutionError as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(target, failed)
        raise ReportError(
            f"the notebook {source.name} failed in cell {error.cell_index}: {error.ename}: {error.evalue}\n"
            f"the run is kept in {failed}; the last good page was left as it is"
        ) from error
    failed.unlink(missing_ok=True)
    return target


def body_of(executed: Path) -> str:
    """Turn the outputs of a run into HTML; input cells, prose for analysts and parameters stay out."""
    from markupsafe import Markup
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config()
    config.TagRemovePreprocessor.remove_cell_tags = _UNSEEN
    config.TagRemovePreprocessor.enabled = True
    exporter: Any = HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="basic",
        exclude_input=True,
        exclude_markdown=True,
        exclude_output_prompt=True,
    )
    exporter.register_preprocessor("nbconvert.preprocessors.TagRemovePreprocessor", enabled=True)
    body, _ = exporter.from_filename(str(executed))
    # what the notebook shows was escaped where its templates were filled
    return Markup(body)  # noqa: S704

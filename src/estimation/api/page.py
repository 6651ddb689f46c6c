"""The page of a projection that was made in Python."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from estimation.contest.request import FILES
from estimation.files import write_bytes
from estimation.publish import Page, render

if TYPE_CHECKING:
    from estimation.api.result import ProjectionResult


def make_page(result: "ProjectionResult", path: Path | None, lang: str | None, *, pdf: bool = False) -> Page:
    """Make the page by a run of the notebook; see :meth:`estimation.api.result.ProjectionResult.report`."""
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

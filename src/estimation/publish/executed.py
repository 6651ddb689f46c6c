"""What a notebook that was run shows, as parts of a page."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from estimation.publish.part import MIME, Foreign, Part, to_data
from estimation.publish.part_data import from_data
from estimation.publish.template import render_part

_UNSEEN = {"parameters", "injected-parameters", "unseen"}
_FORMS = ("text/html", "image/svg+xml", "image/png", "text/plain")  # of a result, the best for a page first


def parts_of(notebook: Mapping[str, Any]) -> tuple[Part, ...]:
    """Take the parts from the outputs of a run, in their order.

    What else a cell shows is a part too, in the form that suits a page best. Cells, prose for analysts, parameters
    and what was printed stay out.

    Raises
    ------
    ReportError
        An output carries data that are no part.
    """
    shown = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    seen = [cell for cell in shown if _UNSEEN.isdisjoint(cell["metadata"].get("tags", []))]
    outputs = [output for cell in seen for output in cell["outputs"]]
    parts = [part for output in outputs if (part := _part(output)) is not None]
    return tuple(part for part in parts if part.template)


def body_of(parts: Sequence[Part], *, paper: bool = False) -> Markup:
    """Put parts together as the body of a page; on paper pictures are images with a description."""
    # what a part shows is escaped where its template is filled
    return Markup("\n".join(render_part(part, paper=paper) for part in parts))  # noqa: S704


def json_of(parts: Sequence[Part]) -> str:
    """Write the data of parts as a page carries them: without pictures, and without a character that ends a script."""
    data = [to_data(part, pictures=False) for part in parts]
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _part(output: Mapping[str, Any]) -> Part | None:
    data = output.get("metadata", {}).get(MIME)
    if data is not None:
        part = from_data(data)
        return part if isinstance(part, Part) else None
    forms = {form: "".join(content) for form, content in output.get("data", {}).items() if form in _FORMS}
    if "text/html" in forms:
        return Foreign("", forms["text/html"])
    if "image/svg+xml" in forms:
        content = base64.b64encode(forms["image/svg+xml"].encode()).decode("ascii")
        return Foreign("", Markup('<img alt="" src="data:image/svg+xml;base64,{}">').format(content))
    if "image/png" in forms:
        content = forms["image/png"].replace("\n", "")
        return Foreign("", Markup('<img alt="" src="data:image/png;base64,{}">').format(content))
    return Foreign("", f"<pre>{escape(forms['text/plain'])}</pre>") if "text/plain" in forms else None

"""An evaluation as an analyst takes it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from estimation.evaluation import Evaluation, evaluation_document, evaluation_tables
from estimation.evaluation.summary import evaluation_summary
from estimation.files import to_json, write_text
from estimation.publish import EvaluationReport
from estimation.words import Words


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """A projection, and every take of its night, against the official result.

    Attributes
    ----------
    evaluation : Evaluation
        The numbers as the rest of the house takes them.
    """

    evaluation: Evaluation

    def __repr__(self) -> str:
        contest = self.evaluation.contest
        names = {candidate.number: candidate.label for candidate in contest.candidates}
        return "\n".join(evaluation_summary(json.loads(self.to_json()), names))

    def _repr_html_(self) -> str:
        return self.quantities.to_html(index=False, border=0)

    @property
    def quantities(self) -> pd.DataFrame:
        """A row for each share, the lead, turnout and the invalid share.

        ``name``, ``estimate``, ``se``, ``low``, ``high``, ``official``, ``miss``, ``z``, ``held``; and the miss split
        into ``recording_error``, ``early_error``, ``sampling_error`` and ``frame_error``.
        """
        return evaluation_tables(self.evaluation)["quantities"]

    @property
    def areas(self) -> pd.DataFrame:
        """The same by area."""
        return evaluation_tables(self.evaluation)["areas"]

    @property
    def takes(self) -> pd.DataFrame:
        """The same for every take of the night, with its call and whether that was right."""
        return evaluation_tables(self.evaluation)["takes"]

    @property
    def recording(self) -> pd.DataFrame:
        """The returns that differ from the official count of their station."""
        return evaluation_tables(self.evaluation)["recording"]

    def parts(self, lang: str | None = None) -> EvaluationReport:
        """Give the page piece by piece, in ``id`` or ``en``; in the contest's language by default."""
        return EvaluationReport(self.evaluation, Words(lang or self.evaluation.contest.report.language))

    def to_json(self, path: Path | str | None = None) -> str:
        """Give ``evaluation.json`` as text, and write it where a path is named."""
        text = to_json(evaluation_document(self.evaluation))
        if path is not None:
            write_text(Path(path), text)
        return text

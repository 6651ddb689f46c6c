"""A projection against the official result: the miss, what it is made of, every take, every area."""

from estimation.evaluation.compute import Evaluation, evaluate
from estimation.evaluation.document import document, tables, write_evaluation
from estimation.evaluation.error_split import ErrorSplit
from estimation.evaluation.official import Official, read_official

__all__ = [
    "ErrorSplit",
    "Evaluation",
    "Official",
    "document",
    "evaluate",
    "read_official",
    "tables",
    "write_evaluation",
]

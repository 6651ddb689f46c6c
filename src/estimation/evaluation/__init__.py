"""A projection against the official result: the miss, what it is made of, every take, every area."""

from estimation.evaluation.compute_evaluation import Evaluation, evaluate
from estimation.evaluation.error_split import ErrorSplit
from estimation.evaluation.evaluation_files import evaluation_document, evaluation_tables, write_evaluation
from estimation.evaluation.official import Official, read_official

__all__ = [
    "ErrorSplit",
    "Evaluation",
    "Official",
    "evaluate",
    "evaluation_document",
    "evaluation_tables",
    "read_official",
    "write_evaluation",
]

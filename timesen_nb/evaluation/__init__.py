"""How good is it: the paper's tables, retrieval, scenicness, trust, and what else could be done with the same data.

    from timesen_nb.datasets import simulated_dataset
    tn.report(model, simulated_dataset(4000))       # every task x prompt style x T

One idea a file: ``metrics`` scores, ``scoring`` vectors against words, ``report`` the scores of models and
``report_tables`` what is made of them, ``calibration`` trust, ``retrieval``, ``scenicness``, ``baselines``, ``paper``
the published figures, ``crop_benchmark`` the field's own benchmarks, ``encoding`` places -> vectors, ``validation``
an encoder as it trains, ``own_labels`` a classifier at the labels that taught it. The answer "none of these" is made
in ``timesen_nb.model.open_set``.
"""

from timesen_nb.datasets.simulated import simulated_dataset
from timesen_nb.evaluation.answer_table import TableAnswers, answer_table
from timesen_nb.evaluation.baselines import ImageBaseline, baselines, random_and_blocked
from timesen_nb.evaluation.calibration import calibrated, calibration_error, fit_logit_scale, reliability
from timesen_nb.evaluation.crop_benchmark import crop_benchmark
from timesen_nb.evaluation.encoding import Encodes, Labelled
from timesen_nb.evaluation.metrics import Tally, bootstrap, confusion, interval
from timesen_nb.evaluation.own_labels import BlockedAccuracy, accuracy_by_blocks, effective_number, wilson
from timesen_nb.evaluation.paper import paper_figures, paper_table
from timesen_nb.evaluation.report import report
from timesen_nb.evaluation.report_tables import Report
from timesen_nb.evaluation.retrieval import nearest, recall, recall_by_class, recall_table, words_to_places
from timesen_nb.evaluation.scenicness import RatedPrompts, agreement, scenicness
from timesen_nb.evaluation.scoring import Answers, encode_words, score
from timesen_nb.model.open_set import OpenZeroShot, background_vectors, fit_margin
from timesen_nb.model.prompts import NONE_OF_THESE
from timesen_nb.model.sets import conformal_quantile, marginal_sets
from timesen_nb.plots.reports import plot_confusion, plot_reliability, plot_report

__all__ = [
    "NONE_OF_THESE",
    "Answers",
    "BlockedAccuracy",
    "Encodes",
    "ImageBaseline",
    "Labelled",
    "OpenZeroShot",
    "RatedPrompts",
    "Report",
    "TableAnswers",
    "Tally",
    "accuracy_by_blocks",
    "agreement",
    "answer_table",
    "background_vectors",
    "baselines",
    "bootstrap",
    "calibrated",
    "calibration_error",
    "conformal_quantile",
    "confusion",
    "crop_benchmark",
    "effective_number",
    "encode_words",
    "fit_logit_scale",
    "fit_margin",
    "interval",
    "marginal_sets",
    "nearest",
    "paper_figures",
    "paper_table",
    "plot_confusion",
    "plot_reliability",
    "plot_report",
    "random_and_blocked",
    "recall",
    "recall_by_class",
    "recall_table",
    "reliability",
    "report",
    "scenicness",
    "score",
    "simulated_dataset",
    "wilson",
    "words_to_places",
]  # fmt: skip

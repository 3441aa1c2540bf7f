"""What a report holds: the scores, the answers they are made of, and the tables and pictures of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from timesen_nb.evaluation.calibration import reliability
from timesen_nb.evaluation.metrics import Judged
from timesen_nb.evaluation.paper import TASKS, paper_table
from timesen_nb.evaluation.scoring import Answers
from timesen_nb.evaluation.trust import TRUST
from timesen_nb.model.prompts import PROMPT_STYLES
from timesen_nb.spreadsheet import escaped
from timesen_nb.tasks import tasks
from timesen_nb.tensor_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Report:
    """What :func:`timesen_nb.report` found.

    Attributes:
        scores: a row a model, number of composites T, task and prompt style; shares from 0 to 1. ``top1_low`` and
            ``top1_high`` hold 95 % of the bootstrap over places, ``top1_block_low`` and ``_high`` over blocks (NaN
            where all places lie in one, or none has coordinates); ``top1_transductive`` is the "normalised" score of
            the released code, which needs the whole test set to answer for one place, and is no measure of a
            classifier: it stands here beside the raw one only.
            ``coverage`` and ``set_size`` are those of 90 % prediction sets, ``rejection`` is the share of places that
            would be "none of these", ``inside`` the share within the area of applicability: NaN for a model that
            nothing was fitted for.
        answers: (model, T, task, prompt style) -> what each row is made of.
        labels: task -> (N,) names or codes of the places that were read.
        left_out: how many places had no month to read.
        simulated: whether the places are made up, which tables and pictures say.
    """

    scores: pd.DataFrame
    answers: Mapping[tuple[str, int, str, str], Answers]
    labels: Mapping[str, np.ndarray]
    left_out: int
    simulated: bool = False

    def __repr__(self) -> str:
        lost = f"; {self.left_out} places without any month left out" if self.left_out else ""
        trust = self.trust
        told = f"\n\n{trust.to_string(float_format='%.2f')}" if len(trust) else ""
        return f"{self.layout(paper=False).to_string(float_format='%.1f', na_rep='')}{told}{lost}"

    def _repr_html_(self) -> str:
        html: str = self.layout().to_html(float_format="%.1f", na_rep="")
        trust = self.trust
        return html + trust.to_html(float_format="%.2f") if len(trust) else html

    @property
    def trust(self) -> pd.DataFrame:
        """Accuracy, and beside it coverage and size of 90 % sets, rejection and share inside, where they are known."""
        known = self.scores[self.scores["coverage"].notna()]
        return known.set_index(["model", "T", "task", "prompts"])[["top1", *TRUST]]

    @property
    def paper(self) -> pd.DataFrame:
        """The paper's figures in percent, laid out as :func:`timesen_nb.evaluation.paper_table`."""
        return paper_table()

    def layout(self, score: str = "top1", paper: bool = True) -> pd.DataFrame:
        """In percent, as the paper prints it; sizes of sets are numbers of classes.

        "overall" is the mean of the paper's five tasks, where all five are there. Several models add their mean and
        (sample) deviation. Models that were asked of simulated places have that in their name.

        Args:
            score: a column of ``scores``.
            paper: the paper's figures below, marked as such (top-1 only); its descriptions stand alone, as those of a
                report with ``names_beside=False`` do.

        Returns:
            Rows (model, T), columns (task, prompt style).

        Raises:
            ValueError: ``scores`` has no such column.
        """
        key = ["model", "T", "task", "prompts"]
        if score not in (have := [column for column in self.scores if column not in key]):
            raise ValueError(f"score={score!r}; the report has {', '.join(have)}.")
        wide = self.scores.pivot(index=["model", "T"], columns=["task", "prompts"], values=score)
        wide *= 1 if score == "set_size" else 100
        order = dict.fromkeys(zip(self.scores["model"], self.scores["T"], strict=True))
        wide = wide.reindex(index=pd.MultiIndex.from_tuples(order, names=["model", "T"]))
        found = self.scores["task"].unique()
        styles = [s for s in PROMPT_STYLES if s in set(self.scores["prompts"])]
        columns = [
            (t, s) for t in (*TASKS, *(t for t in found if t not in TASKS)) if t in found for s in styles
        ]
        if set(TASKS) <= set(found):
            for style in styles:
                wide["overall", style] = wide[[(t, style) for t in TASKS]].mean(axis=1)
                columns.append(("overall", style))
        wide = wide[columns]
        if self.simulated:
            # the paper's figures beside these are of real places
            wide = wide.rename(index=lambda name: f"{name}, simulated places", level="model")
        models = wide.index.get_level_values("model").unique()
        if len(models) > 1:
            by_length = wide.groupby(level="T", sort=False)
            parts = {f"mean of {len(models)}": by_length.mean(), "deviation": by_length.std()}
            wide = pd.concat([wide, *(pd.concat({k: v}, names=["model"]) for k, v in parts.items())])
        if paper and score == "top1":
            beside = paper_table()
            wide = pd.concat([wide, beside[[c for c in columns if c in beside]]]).reindex(
                columns=wide.columns
            )
        return wide

    def to_csv(self, path: str | Path) -> Path:
        """Write :meth:`layout`, the paper's figures included, as CSV: two header rows, percent with one decimal.

        A name that a spreadsheet would run as a formula has an apostrophe before it.

        Args:
            path: of the file; folders are made.

        Returns:
            The path.

        Raises:
            OSError: the file could not be written whole, as where the disk is full.
        """
        path = Path(path).expanduser()
        table = self.layout().rename(index=escaped, columns=escaped)
        with whole_file(path) as partial:
            table.to_csv(partial, float_format="%.1f")
        return path

    def one(
        self,
        task: str,
        prompts: str = "descriptions",
        composites: int | None = None,
        model: str | None = None,
    ) -> Answers:
        """The answers of one task and prompt style.

        Args:
            task: by name.
            prompts: the style.
            composites: T; None: the first that was asked for.
            model: by name; None: the first.

        Returns:
            The answers.

        Raises:
            ValueError: the report has none for these.
        """
        first_model, first_t = self.scores["model"].iloc[0], int(self.scores["T"].iloc[0])
        key = (model or first_model, composites or first_t, task, prompts)
        if key not in self.answers:
            have = sorted({f"{t} by {s}" for _, _, t, s in self.answers})
            raise ValueError(f"no answers for {key}; the report has {', '.join(have)}.")
        return self.answers[key]

    def confusion(self, task: str, prompts: str = "descriptions", **which: Any) -> pd.DataFrame:
        """How often each class was taken for which.

        Args:
            task: by name.
            prompts: the style.
            which: composites= and model=, as in :meth:`one`.

        Returns:
            (K, K) counts: rows true, columns predicted.

        Raises:
            ValueError: the report has no such answers.
        """
        found = self.one(task, prompts, **which)
        return pd.DataFrame(found.table, index=list(found.classes), columns=list(found.classes)).rename_axis(
            index="true", columns="predicted"
        )

    def per_class(self, task: str, prompts: str = "descriptions", **which: Any) -> pd.DataFrame:
        """Scores of each class.

        Args:
            task: by name.
            prompts: the style.
            which: composites= and model=, as in :meth:`one`.

        Returns:
            A row a class: places, accuracy (recall), precision and f1, shares from 0 to 1; NaN where nothing can be
            divided.

        Raises:
            ValueError: the report has no such answers.
        """
        found = self.one(task, prompts, **which)
        tally = found.tally
        return pd.DataFrame(
            {"places": tally.true, "accuracy": tally.recall, "precision": tally.precision, "f1": tally.f1},
            index=list(found.classes),
        )

    def by_country(self, task: str, prompts: str = "descriptions", **which: Any) -> pd.DataFrame:
        """Scores of each country.

        Args:
            task: by name.
            prompts: the style.
            which: composites= and model=, as in :meth:`one`.

        Returns:
            A row a country: places, top1 and balanced (accuracy), shares from 0 to 1.

        Raises:
            ValueError: the data set has no labels for "country", or the report has no such answers.
        """
        if "country" not in self.labels:
            raise ValueError("the data set has no labels for 'country'; expected them for scores by country.")
        found = self.one(task, prompts, **which)
        country = tasks["country"].index(self.labels["country"][found.rows])
        names = tasks["country"].classes
        table = {}
        for c in np.unique(country[country >= 0]):
            some = country == c
            tally = Judged(found.classes, found.truth[some], found.predicted[some]).tally
            table[names[c]] = [int(some.sum()), float(tally.accuracy), float(tally.balanced)]
        return pd.DataFrame.from_dict(table, orient="index", columns=["places", "top1", "balanced"])

    def reliability(
        self, task: str, prompts: str = "descriptions", bins: int = 10, **which: Any
    ) -> pd.DataFrame:
        """How often answers of each confidence are right, see :func:`timesen_nb.evaluation.reliability`.

        Args:
            task: by name.
            prompts: the style.
            bins: of equal width from 0 to 1.
            which: composites= and model=, as in :meth:`one`.

        Returns:
            A row a bin that holds places: low, high, places, confidence (mean), accuracy.

        Raises:
            ValueError: the report has no such answers.
        """
        found = self.one(task, prompts, **which)
        return reliability(found.confidence, found.right, bins)

    def plot(self, composites: int | None = None, ax: Axes | None = None) -> Axes:
        """Top-1 by task and prompt style with 95 % intervals, the paper's TimeSenCLIP as a mark; the first model's.

        Intervals are those over blocks where they are known, else over places, and the legend says which.

        Args:
            composites: T; None: the first that was asked for.
            ax: where to draw; None: on a new figure.

        Returns:
            The axes, in percent.

        Raises:
            ValueError: the report has no scores for so many composites.
        """
        from timesen_nb.plots.reports import plot_report

        return plot_report(self, composites, ax)

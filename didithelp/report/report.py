"""Write a comparison for people and programs: the folder `comparison/`.

    comparison.json, table.csv      for programs: raw numbers, English, no clock
    table.md, table.tex             the numbers for reading
    report.html                     everything, in one file that needs nothing else
    report.tex, figures/*.png       the same for LaTeX

Nothing here decides anything: the verdict comes from `didithelp.comparing`. What is
missing (predictions, histories, pictures) is left out, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from didithelp import (
    caveats,
    effects,
    files,
    predictions,
    sentences,
    significance,
)
from didithelp.arm import Arm, finished_rows
from didithelp.comparison import ComparedArm, Comparison, Difference
from didithelp.report import figures, latex, markdown, tables
from didithelp.report.document import (
    Block,
    Card,
    Code,
    Document,
    Drawing,
    Fold,
    Gallery,
    Plots,
    Section,
    Table,
    Text,
)
from didithelp.report.figures import Curve, Strip
from didithelp.report.html import page
from didithelp.words import Words, clean

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_FLIPS = 8  # pictures of gained and of lost images, per candidate


class Report:
    """One comparison, ready to be written in one language.

    Args:
        comparison: result of `comparison.compare`.
        arms: reference first, then the candidates, as given to it.
        images: (N, height, width[, channels]) uint8, the test images, or None.
        provenance: `commit`, `dirty`, `source` and `command`, each None if unknown.
    """

    def __init__(
        self,
        comparison: Comparison,
        arms: Sequence[Arm],
        *,
        language: str,
        images: np.ndarray | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> None:
        self.comparison = comparison
        self.arms = list(arms)
        self.words = Words(language)
        self.table = tables.frame(comparison, self.arms)
        can_be_shown = _can_be_shown(images, comparison.test_set.num_examples)
        self._images = images if can_be_shown else None
        self._provenance = provenance or {}
        # Times are not in the comparison, which must be the same on every machine.
        found = [*comparison.warning_codes, *caveats.cost_warning(self.arms)]
        self._warnings = [sentences.warning(each, self.words) for each in found]

    def write(self, folder: Path) -> None:
        """Write all files to `folder`; each appears whole or not at all."""
        folder = Path(folder)
        document = self._document()
        texts = {
            "table.csv": self.table.to_csv(index=False, lineterminator="\n"),
            "table.md": markdown.table(
                self.comparison, self.arms, self._warnings, self.words
            ),
            "table.tex": latex.table(tables.headline(self.comparison, self.words)),
            "comparison.json": self.comparison.to_json(),
            "report.html": page.render(document, self.words),
            "report.tex": latex.render(document, self.words),
        }
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for name, png in self._pictures(document):
            files.write_whole(folder / "figures" / f"{name}.png", png)
        for name, text in texts.items():
            files.write_whole(folder / name, text.encode("utf-8"))

    def note(self) -> str:
        """Markdown for MLflow: verdict, headline numbers, warnings."""
        return markdown.note(self.comparison, self._warnings, self.words)

    def summary(self) -> RenderableType:
        """What a terminal shows."""
        from didithelp.report import terminal  # needs rich, which is an extra

        return terminal.summary(self.comparison, self._warnings, self.words)

    # --- content ----------------------------------------------------------------------

    def _document(self) -> Document:
        words, comparison = self.words, self.comparison
        sections = [
            Section(words(key), blocks)
            for key, make in (
                ("section_table", self._numbers),
                ("section_recipes", self._recipes),
                ("section_difference", self._difference),
                ("section_curves", self._curves),
                ("section_reliability", self._reliability),
                ("section_confusion", self._changes),
                ("section_flips", self._seed_by_seed),
                ("section_cost", self._cost),
                ("section_provenance", self._where_from),
                ("section_limits", self._limits),
            )
            if (blocks := make())
        ]
        return Document(
            title=sentences.title(comparison, words),
            language=words.language,
            verdicts=self._verdicts(),
            sentences=sentences.answers(comparison, words),
            warnings=self._warnings,
            sections=sections,
        )

    def _verdicts(self) -> list[tuple[str, str]]:
        """Each verdict and how it is told: of several, with the candidate's name."""
        words = self.words
        results = self.comparison.primary
        verdicts = [result.verdict for result in results]
        told = [words(verdict).capitalize() for verdict in verdicts]
        if len(results) > 1:
            told = [
                words("verdict_of", candidate=result.candidate, verdict=words(verdict))
                for result, verdict in zip(results, verdicts, strict=True)
            ]
        return list(zip(verdicts, told, strict=True))

    def _numbers(self) -> list[Block]:
        words, comparison = self.words, self.comparison
        details = [
            tables.arm_table(comparison, self.arms, words),
            *tables.difference_tables(comparison, words),
        ]
        return [
            tables.headline(comparison, words),
            Fold(words("details_table"), details),
        ]

    def _recipes(self) -> list[Block]:
        words = self.words
        arms = self.comparison.arms
        unknown = [clean(arm.name) for arm in arms if arm.recipe is None]
        if arms[0].recipe is None or len(unknown) == len(arms) - 1:
            return _said(words, "unknown_recipe", unknown)
        changes = tables.recipe_changes(self.comparison, words)
        whole = tables.whole_recipes(self.comparison, words)
        return [
            changes or Text(words("no_changes")),
            *_said(words, "unknown_recipe", unknown),
            *([Fold(words("details_recipes"), [whole])] if whole else []),
        ]

    def _difference(self) -> list[Block]:
        words, comparison = self.words, self.comparison
        results = comparison.primary
        places = {arm.name: i for i, arm in enumerate(comparison.arms)}
        rows, strips = [], []
        for result in results:
            place = places[result.candidate]
            both = comparison.arms[0], comparison.arms[place]
            color = figures.arm_color(place)
            found = result.verdict_interval
            rows.append(
                figures.Difference(
                    clean(result.candidate),
                    color,
                    100 * result.delta,
                    _points(found.low, found.high),
                    _points(*_seed_interval(result, *both)),
                )
            )
            pair = _strip(both[0], figures.arm_color(0)), _strip(both[1], color)
            strips.append(figures.seeds(f"seeds_{place}", pair, result.paired, words))
        without = [row.name for row in rows if row.interval is None]
        kinds = sorted({"paired" if r.paired else "unpaired" for r in results})
        return [
            Plots(
                [figures.forest(rows, 100 * comparison.margin, words)],
                words("caption_forest", margin=words.points(comparison.margin)),
            ),
            *_said(words, "no_interval", without),
            Plots(strips, " ".join(words(f"caption_seeds_{kind}") for kind in kinds)),
        ]

    def _curves(self) -> list[Block]:
        words, described = self.words, self.comparison.arms
        if all(arm.history.empty for arm in self.arms):
            return [Text(words("no_curves"))]
        names = list(zip(self._names(), self.arms, strict=True))
        without = [name for name, arm in names if arm.history.empty]
        # The recorded loss is no substitute: it contains the penalty.
        penalized = [
            name
            for name, arm in names
            if not arm.history.empty and "val_cross_entropy" not in arm.history
        ]
        caption = words("caption_curves")
        if all(arm.num_finished == 1 for arm in described):
            caption += f" {words('curves_one_seed')}"
        if any(arm.diverged_seeds for arm in described):
            caption += f" {words('curves_diverged')}"
        drawings = [
            *self._curve("cross_entropy", "val_cross_entropy", 1),
            *self._curve("accuracy", "val_accuracy", 100),
        ]
        return [
            Plots(drawings, caption),
            *_said(words, "no_curves_of", without),
            *_said(words, "no_cross_entropy_curves", penalized),
        ]

    def _curve(self, key: str, column: str, scale: float) -> list[Drawing]:
        """The plot of one column of the histories, if any arm has it."""
        words = self.words
        curves = [
            Curve(name, figures.arm_color(place), *_lines(arm, column, scale))
            for place, (name, arm) in enumerate(
                zip(self._names(), self.arms, strict=True)
            )
            if not arm.history.empty and column in arm.history
        ]
        if not curves:
            return []
        label, alternative = words(f"axis_val_{key}"), words(f"{key}_alternative")
        return [figures.curves(f"curves_{key}", curves, label, alternative, words)]

    def _reliability(self) -> list[Block]:
        words, drawings, missing = self.words, [], []
        for place, described in enumerate(self.comparison.arms):
            found = described.reliability
            if found is None:
                missing.append(clean(described.name))
                continue
            ece = described.metrics.expected_calibration_error.mean
            title = words(
                "reliability_title",
                name=figures.short(clean(described.name)),
                ece=words.number(ece, 4),
            )
            drawings.append(
                figures.reliability(
                    f"reliability_{place}",
                    title,
                    found,
                    figures.arm_color(place),
                    words,
                )
            )
        return [
            *([Plots(drawings, words("caption_reliability"))] if drawings else []),
            *_said(words, "no_reliability", missing),
        ]

    def _changes(self) -> list[Block]:
        """Confusions and flips of every candidate that has predictions."""
        words = self.words
        known = {
            place: predictions.predicted_classes(arm.probabilities)
            for place, arm in enumerate(self.arms)
            if arm.has_predictions
        }
        names = self._names()
        without = [name for place, name in enumerate(names) if place not in known]
        if 0 not in known or len(known) == 1:
            return _said(words, "no_predictions", without)
        labels = np.asarray(self.arms[0].labels)
        reference = known.pop(0)
        galleries = [
            gallery
            for place, candidate in known.items()
            for gallery in self._flips(place, reference, candidate, labels)
        ]
        no_pictures = galleries and self._images is None
        return [
            self._confusions(reference, known, labels),
            *(galleries or [Text(words("no_flips"))]),
            *([Text(words("caption_flips"))] if galleries else []),
            *([Text(words("no_pictures"))] if no_pictures else []),
            *_said(words, "no_predictions", without),
        ]

    def _confusions(
        self, reference: np.ndarray, known: dict[int, np.ndarray], labels: np.ndarray
    ) -> Plots:
        """What changes in the confusion of each candidate, by its place."""
        words, names, drawings = self.words, self._names(), []
        classes = max(
            arm.probabilities.shape[2] for arm in self.arms if arm.has_predictions
        )
        before = predictions.confusion(reference, labels, classes)
        for place, candidate in known.items():
            change = predictions.confusion(candidate, labels, classes) - before
            title = words(
                "confusion_title",
                candidate=figures.short(names[place], 18),
                reference=figures.short(names[0], 18),
            )
            drawings.append(
                figures.confusion(f"confusion_{place}", title, change, words)
            )
        caption = words("caption_confusion")
        if classes > figures.MOST_CLASSES:
            shown = words("confusion_most", classes=classes, shown=figures.MOST_CLASSES)
            caption = f"{caption} {shown}"
        return Plots(drawings, caption)

    def _flips(
        self,
        place: int,
        reference: np.ndarray,
        candidate: np.ndarray,
        labels: np.ndarray,
    ) -> list[Block]:
        words, names = self.words, self._names()
        both = {"candidate": names[place], "reference": names[0]}
        short = [figures.short(name, 18) for name in (names[0], names[place])]
        pairs = (short[0], len(reference)), (short[1], len(candidate))
        gained, lost = predictions.most_flipped(
            reference, candidate, labels, MOST_FLIPS
        )
        galleries: list[Block] = []
        for key, flips in (("gained", gained), ("lost", lost)):
            if not flips:
                continue
            cards = [self._card(flip, pairs) for flip in flips]
            sheet = f"{key}_{place}" if self._images is not None else None
            galleries.append(Gallery(words(key, **both), cards, sheet))
        return galleries

    def _card(self, flip: predictions.Flip, arms: tuple[tuple[str, int], ...]) -> Card:
        words, picture = self.words, None
        if self._images is not None:
            picture = figures.picture(self._images[flip.index])
        opinions = [
            words(
                "opinion",
                name=name,
                predicted=opinion.predicted,
                runs=opinion.num_runs,
                total=total,
            )
            for (name, total), opinion in zip(
                arms, (flip.reference, flip.candidate), strict=True
            )
        ]
        return Card(
            flip.index,
            picture,
            words("image_alternative", index=flip.index, label=flip.label),
            [
                words("true_label", label=flip.label, index=flip.index),
                *opinions,
            ],
        )

    def _seed_by_seed(self) -> list[Block]:
        words, blocks, missing = self.words, [], []
        for result in self.comparison.primary:
            table = tables.mcnemar(result, self.comparison, words)
            if table:
                blocks.append(table)
            else:
                missing.append(clean(result.candidate))
        return [*blocks, *_said(words, "no_mcnemar", missing)]

    def _cost(self) -> list[Block]:
        return [tables.cost(self.comparison, self.arms, self.words)]

    def _where_from(self) -> list[Block]:
        rows = [[name, text] for name, text in self._sources() if text]
        blocks: list[Block] = [Table(["", ""], rows, prose=True)]
        if command := self._provenance.get("command"):
            blocks += [Text(self.words("repeat")), Code(command)]
        return blocks

    def _sources(self) -> Iterable[tuple[str, str | None]]:
        words, comparison = self.words, self.comparison
        known = self._provenance
        if known.get("commit"):
            states = {True: "dirty", False: "clean", None: "state_unknown"}
            state = words(states[known.get("dirty")])
            yield words("commit"), f"{known['commit']} ({state})"
        yield words("code"), known.get("source")
        yield words("data_row"), sentences.data(comparison, words)
        yield words("choices_row"), sentences.choices(comparison, words)
        yield words("test_digest"), comparison.test_set.sha256
        yield words("label_digest"), comparison.test_set.labels_sha256
        for described in comparison.arms:
            yield words("run_of", name=described.name), described.run_id
        versions_by_arm = {
            name: ", ".join(f"{k} {v}" for k, v in sorted(arm.versions.items()))
            for name, arm in zip(self._names(), self.arms, strict=True)
        }
        if len(set(versions_by_arm.values())) == 1:
            yield words("versions"), next(iter(versions_by_arm.values()))
            return
        for name, versions in versions_by_arm.items():
            yield words("versions_of", name=name), versions

    def _limits(self) -> list[Block]:
        words, comparison = self.words, self.comparison
        parts = sentences.not_covered(comparison, words)
        return [
            Text(words("limits_scope", scope=sentences.scope(comparison, words))),
            Text(words("limits_not_covered", parts=parts)),
            Text(words("note_secondary")),
        ]

    def _pictures(self, document: Document) -> Iterable[tuple[str, bytes]]:
        """Name and PNG of everything that LaTeX and others include as a file."""
        for section in document.sections:
            for block in section.blocks:
                if isinstance(block, Plots):
                    yield from ((each.name, each.png) for each in block.drawings)
                if isinstance(block, Gallery) and block.sheet:
                    images = [self._images[card.index] for card in block.cards]
                    titles = ["\n".join(card.lines) for card in block.cards]
                    yield block.sheet, figures.sheet(images, titles)

    def _names(self) -> list[str]:
        return [clean(arm.name) for arm in self.comparison.arms]


# --- parts ----------------------------------------------------------------------------


def _said(words: Words, key: str, names: list[str]) -> list[Block]:
    """That something is missing, and of which arms."""
    return [Text(words(key, names=words.list(names)))] if names else []


def _strip(described: ComparedArm, color: str) -> Strip:
    values = described.metrics.test_accuracy.values
    return Strip(clean(described.name), color, [100 * value for value in values])


def _lines(
    arm: Arm, column: str, scale: float
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[int | None]]:
    """(epochs, values) of every finished run, and the epochs that were kept."""
    finished = finished_rows(arm)
    lines, kept = [], []
    for seed, epoch in zip(finished["seed"], finished["kept_epoch"], strict=True):
        rows = arm.history[arm.history["seed"] == seed].sort_values("epoch")
        epochs = rows["epoch"].to_numpy()
        lines.append((epochs, scale * rows[column].to_numpy(float, na_value=np.nan)))
        kept.append(int(epoch) if pd.notna(epoch) else None)
    return lines, kept


def _can_be_shown(images: np.ndarray | None, num_examples: int | None) -> bool:
    """Whether these are pictures, gray or RGB, of all the test examples."""
    if images is None or images.dtype != np.uint8 or len(images) != num_examples:
        return False
    return images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3))


def _points(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None or high is None or math.isnan(low):
        return None
    return 100 * low, 100 * high


def _seed_interval(
    result: Difference, reference: ComparedArm, candidate: ComparedArm
) -> tuple[float, float]:
    """That of the t-test over seeds alone, paired or Welch's; NaN if unknown."""
    runs = [
        np.array(arm.metrics.test_accuracy.values) for arm in (reference, candidate)
    ]
    effect = effects.run_effect(*runs, paired=result.paired)
    return significance.interval(effect, result.verdict_interval.level)


# --- files ----------------------------------------------------------------------------

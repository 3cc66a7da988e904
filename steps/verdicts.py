"""What the steps that answer share: how arms are judged, and how the answer is kept.

It is no step of its own. An answer goes to the run of the step and to its driver's: as
`comparison/`, the headline numbers as metrics, the verdict as tags and note.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import logging
import math
import re
from typing import TYPE_CHECKING, Literal

from didithelp import planned_looks, requirement
from didithelp.metric import TEST_ACCURACY, margin_in, metric_of
from didithelp.parameters import parameter, values_of
from didithelp.requirement import Requirement
from didithelp.settings import Rule, Settings
from lab.host import console
from lab.runs.locations import listed, run_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from didithelp.ablation import Ablation
    from didithelp.arm import Arm
    from didithelp.comparison import Caveat, Comparison, Difference
    from lab.runs.step import Step

# The numbers of the primary metric that become metrics of the run.
HEADLINES = ("delta", "p_holm")
# Those of each arm that become metrics of the run, with the metric that decides.
MEANS = ("test_accuracy", "test_cross_entropy")
LONGEST_NAME = 100  # of an arm or a factor, in the name of a metric
# The file of an answer that has what is printed, to print it again.
PRINTED = "terminal.ansi"


def locations(text: str) -> tuple[str, ...]:
    """Split at commas: 'runs:/1/trials, mine' → ('runs:/1/trials', 'mine'); '' → ()."""
    return tuple(listed(text)) if text.strip() else ()


@dataclasses.dataclass(frozen=True)
class Told(Rule):
    """How an answer is found, and how it is told."""

    language: Literal["en", "fr"] = parameter("en (English) or fr (French)")


@dataclasses.dataclass(frozen=True)
class Required(Rule):
    """What is required of the answer, and not told to the steps that make it."""

    require: Requirement = parameter(
        "better, not-worse, equivalent, or empty for nothing"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        metric = metric_of(self.metric, self.direction)
        requirement.refuse_without_margin(self.require, margin_in(metric, self.margin))


@dataclasses.dataclass(frozen=True)
class Options(Settings, Told):
    """All that an answer depends on besides the arms, and how it is told."""


def load_arms(places: "Iterable[str]", step: "Step") -> "list[Arm]":
    """The arms in the `trials/` of these runs and folders, in their order.

    Args:
        places: a run id, a runs:/ URI or a folder of each.
        step: that fetches them.

    Raises:
        ValueError: one of them has no `trials/`, or none that can be used.
    """
    # Imported here, so that a wrong parameter is refused before pandas loads.
    from didithelp import trials_folder

    # However many test examples there are, one run is in memory at a time.
    load = functools.partial(trials_folder.load, mapped=True)
    return [step.artifacts.load(each, "trials", load) for each in places]


def judge(
    options: Options,
    step: "Step",
    places: "Sequence[str]",
    arms: "Sequence[Arm]",
    *,
    required: Requirement = "",
    links: "Mapping[str, str] | None" = None,
) -> "Comparison":
    """Compare arms that are loaded, store and print the answer, and return it.

    Args:
        options: how it is decided and written.
        step: whose run, and whose driver's run, hold the answer.
        places: the locations of the arms.
        arms: the reference, then the candidates.
        required: see `conclude`.
        links: see `conclude`.
    """
    from didithelp import comparing

    comparison = comparing.compare(
        arms[0],
        arms[1:],
        run_ids=[run_of(place) for place in places],
        **values_of(Settings, options),
    )
    images = step.answers.test_images(places[0], comparison.test_set.sha256)
    conclude(
        step, comparison, arms, options, required=required, images=images, links=links
    )
    return comparison


def conclude(
    step: "Step",
    comparison: "Comparison",
    arms: "Sequence[Arm]",
    told: Told,
    *,
    required: Requirement = "",
    images: "np.ndarray | None" = None,
    pages: "Mapping[str, str] | None" = None,
    links: "Mapping[str, str] | None" = None,
    note: str = "",
) -> None:
    """Store and print an answer, whichever step has found it.

    Args:
        step: whose run, and whose driver's run, hold the answer.
        comparison: the answer.
        arms: the reference and the candidates, as they were compared.
        told: the language of the report.
        required: what the short forms of the answer hold it against.
        images: the test images, where they are known.
        pages: by the id of a run that an arm consists of, its web address.
        links: other reports about the same arms, see `Report`.
        note: Markdown, what else the description of the runs says.

    Raises:
        ValueError: what is required takes a margin, and the values turned out to be in
            a unit that has none.
    """
    requirement.refuse_without_margin(required, comparison.margin)
    # Without a writable home folder, as in a container, matplotlib would print advice.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from didithelp.report.report import Report  # loads matplotlib

    provenance = step.provenance()
    report = Report(
        comparison,
        arms,
        language=told.language,
        images=images,
        provenance=dataclasses.replace(
            provenance, pages={**provenance.pages, **(pages or {})}
        ),
        requirement=required,
        further=looked_before(step, comparison, arms),
        links=links or {},
    )
    folder = step.scratch / "comparison"
    report.write(folder)
    console.keep(report.summary(), folder / PRINTED)
    step.answers.log(
        folder,
        report.table,
        metrics=headlines(comparison) | means(comparison),
        tag_texts=tags(comparison),
        outcome=outcome(comparison),
        note=report.note() + note,
    )
    console.result(report.summary())


def looked_before(
    step: "Step", comparison: "Comparison", arms: "Sequence[Arm]"
) -> "list[Caveat]":
    """The warning that some of these seeds were compared already, if they were.

    It takes arms whose recipes and data are known. The step's run is tagged, so that
    comparisons to come find it as well.
    """
    from didithelp import caveats

    question = digest_of_question(arms)
    if question is None:
        return []
    reference = comparison.arms[0]
    seeds = {*reference.seeds, *reference.diverged_seeds}
    plan = planned_looks.spell(comparison.looks.planned if comparison.looks else ())
    step.answers.tag_question(question, tuple(sorted(seeds)), plan)
    before = [
        len(fewer)
        for fewer in step.answers.seeds_before(question, plan)
        if seeds > {*fewer}
    ]
    return [caveats.looked_before(max(before), len(seeds))] if before else []


def digest_of_question(arms: "Sequence[Arm]") -> str | None:
    """SHA-256 of the recipes and the data of all arms; None where one is not known."""
    known = [
        [arm.recipe, arm.dataset.digests]
        for arm in arms
        if arm.recipe is not None and arm.dataset is not None
    ]
    if len(known) < len(arms):
        return None
    text = json.dumps(known, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def insist(step: "Step", comparison: "Comparison", required: Requirement) -> None:
    """Tell the step's run and the user whether an answer is what is required.

    Raises:
        Missed: it is not.
    """
    if not required:
        return
    met = not requirement.failing(comparison, required)
    step.set_tags(requirement=required, requirement_met=str(met).lower())
    requirement.enforce(comparison, required)
    console.say(f"require={required} is met")


def headlines(comparison: "Comparison") -> dict[str, float]:
    """The numbers of each candidate's difference, as metrics of the run.

    Their names have that of the metric, `delta_val_loss`, unless it is test accuracy.
    With several candidates, they end in that of the candidate: `delta.improved`.
    """
    primary = comparison.primary
    metric = ""
    if comparison.metric != TEST_ACCURACY:
        metric = f"_{part_of_name(comparison.primary_metric)}"
    suffixes = [""]
    if len(primary) > 1:
        names = _endings([difference.candidate for difference in primary])
        suffixes = [f".{name}" for name in names]
    return {
        f"{name}{metric}{suffix}": value
        for difference, suffix in zip(primary, suffixes, strict=True)
        for name, value in _numbers(difference).items()
        if value is not None and math.isfinite(value)
    }


def means(found: "Comparison | Ablation") -> dict[str, float]:
    """The mean of each arm over its seeds, as a metric `test_accuracy/improved`.

    MLflow puts the charts of all metrics with the same first part side by side.
    """
    names = _endings([arm.name for arm in found.arms])
    metrics = dict.fromkeys([found.primary_metric, *MEANS])
    return {
        f"{part_of_name(metric)}/{name}": mean
        for metric in metrics
        for name, arm in zip(names, found.arms, strict=True)
        if (mean := arm.summary(metric).mean) is not None
    }


def outcome(comparison: "Comparison") -> str:
    """What came out, such as 'worse, -0.57 points', or '1 better, 2 inconclusive'."""
    primary = comparison.primary
    if len(primary) == 1:
        from didithelp.language import sentences
        from didithelp.language.words import Words

        return sentences.outcome(comparison, primary[0], Words("en"))
    counts = collections.Counter(difference.verdict for difference in primary)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def tags(comparison: "Comparison") -> dict[str, str]:
    """The verdict as tags that MLflow can search.

    A tag is a word if there is one candidate, and JSON by candidate if several.
    """
    primary, dataset = comparison.primary, comparison.dataset
    texts = {
        "verdict": _joined({d.candidate: d.verdict for d in primary}),
        "verdict_reasons": _joined(
            {d.candidate: ", ".join(d.reasons) for d in primary}
        ),
        "verdict_flags": _joined({d.candidate: ", ".join(d.flags) for d in primary}),
        "dataset": dataset.name,
        "dataset_fallback": dataset.fallback,
    }
    return {name: text for name, text in texts.items() if text}


def _numbers(difference: "Difference") -> dict[str, float | None]:
    low, high = difference.ci95
    numbers = {name: getattr(difference, name) for name in HEADLINES}
    return numbers | {"ci_low": low, "ci_high": high}


def _endings(names: list[str]) -> list[str]:
    """Endings of metric names, one per arm, as far as MLflow allows the names."""
    plain = [part_of_name(name) for name in names]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{number}.{name}" for number, name in enumerate(plain, start=1)]


def part_of_name(text: str) -> str:
    """A text in letters that MLflow takes in the name of a metric or a tag.

    'epochs+patience' → 'epochs_patience'; it is cut after `LONGEST_NAME` letters.
    """
    return re.sub(r"^\.|[^\w. -]", "_", text)[:LONGEST_NAME]


def _joined(words: dict[str, str]) -> str:
    if len(words) == 1:
        return next(iter(words.values()))
    words = {candidate: word for candidate, word in words.items() if word}
    return json.dumps(words, ensure_ascii=False) if words else ""

"""The sections of a report that are texts and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from didithelp.ablation import Ablation
from didithelp.arm import Arm
from didithelp.compared_arm import ComparedArm
from didithelp.comparison import Comparison
from didithelp.language import sentences
from didithelp.language.words import Words, clean
from didithelp.provenance import Provenance
from didithelp.report import tables
from didithelp.report.document import Block, Code, Fold, Table, Text
from didithelp.report.material import ComparisonMaterial

LONGEST_COMMAND = 8000  # characters; a longer one helps nobody who reads a report


def numbers(material: ComparisonMaterial) -> list[Block]:
    """The table to look at, and every number behind it."""
    words, comparison = material.words, material.comparison
    recorded = tables.recorded(comparison, material.arms, words)
    details: list[Block] = [
        tables.arm_table(comparison, material.arms, words),
        *([recorded] if recorded else []),
        *tables.difference_tables(comparison, words),
    ]
    return [
        tables.headline(comparison, words),
        Fold(words("details_table"), details),
    ]


def recipes(material: ComparisonMaterial) -> list[Block]:
    """What the candidates change, and the whole recipes."""
    words, comparison = material.words, material.comparison
    arms = comparison.arms
    unknown = [clean(arm.name) for arm in arms if arm.recipe is None]
    if arms[0].recipe is None or len(unknown) == len(arms) - 1:
        return material.missing("unknown_recipe", unknown)
    whole = tables.whole_recipes(comparison, words)
    return [
        tables.recipe_changes(comparison, words) or Text(words("no_changes")),
        *material.missing("unknown_recipe", unknown),
        *_which_change(material),
        *([Fold(words("details_recipes"), [whole])] if whole else []),
    ]


def _which_change(material: ComparisonMaterial) -> list[Block]:
    """The command that tells which of several changes it was, or where that is told."""
    words, command = material.words, material.provenance.ablation or ""
    if not material.is_change_unknown:
        return linked(material.links, words)
    if not command or len(command) > LONGEST_COMMAND:
        return []
    return [Text(words("pages.which_change")), Code(command)]


def seed_by_seed(material: ComparisonMaterial) -> list[Block]:
    """The test examples that only one of the two networks of a seed gets right."""
    blocks: list[Block] = []
    missing = []
    for difference in material.right_or_wrong:
        table = tables.mcnemar(difference, material.comparison, material.words)
        if table:
            blocks.append(table)
        else:
            missing.append(clean(difference.candidate))
    return [*blocks, *material.missing("no_mcnemar", missing)]


def cost(material: ComparisonMaterial) -> list[Block]:
    """What training each arm takes."""
    table = tables.cost(material.comparison, material.arms, material.words)
    return [table] if table else []


def sources(material: ComparisonMaterial) -> list[Block]:
    """Where code, data and runs come from, and the command that repeats it all."""
    words, comparison = material.words, material.comparison
    metric = sentences.metric_chosen(comparison, words)
    choices = sentences.choices(comparison, words)
    rows = [
        *code_and_data(comparison, metric, choices, material.provenance, words),
        *runs_and_versions(comparison.arms, material.arms, words),
    ]
    return [
        origins(rows),
        *repetition(material.provenance, words),
        *runs_of_seeds(comparison.arms, material.provenance, words),
    ]


def origins(rows: Iterable[tuple[str, str | None]]) -> Table:
    """The name and the text of each row; one without text is left out."""
    return Table(["", ""], [[name, text] for name, text in rows if text], prose=True)


def linked(links: Mapping[str, str], words: Words) -> list[Block]:
    """The other pages that are about the same arms; no block without any."""
    if not links:
        return []
    rows = [[words(f"pages.{page}"), address] for page, address in links.items()]
    addresses = {address: address for address in links.values()}
    return [Table(["", ""], rows, prose=True, links=addresses)]


def repetition(provenance: Provenance, words: Words) -> list[Block]:
    """The command that makes the answer again, if it is known."""
    command = provenance.command or ""
    if len(command) > LONGEST_COMMAND:
        return [Text(words("repeat_too_long", count=len(command)))]
    return [Text(words("repeat")), Code(command)] if command else []


def limits(material: ComparisonMaterial) -> list[Block]:
    """What the answer is about, and what it is not about."""
    words, comparison = material.words, material.comparison
    scope = sentences.scope(comparison, words)
    return [
        *limits_of(scope, sentences.not_covered(comparison, words), words),
        *map(Text, sentences.secondary_notes(comparison, words)),
    ]


def limits_of(scope: str, not_covered: str, words: Words) -> list[Block]:
    """The same of any answer, from what it covers in words."""
    return [
        Text(words("limits_scope", scope=scope)),
        Text(words("limits_not_covered", parts=not_covered)),
    ]


def code_and_data(
    answer: Comparison | Ablation,
    metric: str,
    choices: str,
    provenance: Provenance,
    words: Words,
) -> Iterable[tuple[str, str | None]]:
    """The name and the text of each row about code, data and parameters."""
    if provenance.commit:
        states = {True: "dirty", False: "clean", None: "state_unknown"}
        state = words(states[provenance.dirty])
        yield words("commit"), f"{provenance.commit} ({state})"
    yield words("code"), provenance.source
    yield words("data_row"), sentences.data(answer, words)
    yield words("metric"), metric
    yield words("choices_row"), choices
    yield words("test_digest"), answer.test_set.sha256
    yield words("label_digest"), answer.test_set.labels_sha256


def runs_of_seeds(
    compared: Sequence[ComparedArm], provenance: Provenance, words: Words
) -> list[Block]:
    """Which run of an experiment tracker each seed is, where that is known."""
    rows = [
        [words("arm_seed", name=clean(arm.name), seed=seed), run_id]
        for arm in compared
        for seed, run_id in zip(arm.seeds, arm.run_ids or (), strict=False)
    ]
    if not rows:
        return []
    table = Table(["", ""], rows, prose=True, links=provenance.pages)
    return [Fold(words("details_runs"), [table])]


def runs_and_versions(
    compared: Sequence[ComparedArm], arms: Sequence[Arm], words: Words
) -> Iterable[tuple[str, str | None]]:
    """The same about runs; versions are told once where those of all arms are equal."""
    for arm in compared:
        yield words("run_of", name=arm.name), arm.run_id
    versions = [
        ", ".join(f"{name} {version}" for name, version in sorted(arm.versions.items()))
        for arm in arms
    ]
    if len(set(versions)) == 1:
        yield words("versions"), versions[0]
        return
    for arm, text in zip(compared, versions, strict=True):
        yield words("versions_of", name=clean(arm.name)), text

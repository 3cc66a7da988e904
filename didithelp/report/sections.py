"""The sections of a report that are texts and tables."""

from __future__ import annotations

from collections.abc import Iterable

from didithelp.language import sentences
from didithelp.language.words import clean
from didithelp.report import tables
from didithelp.report.document import Block, Code, Fold, Table, Text
from didithelp.report.material import Material

LONGEST_COMMAND = 8000  # characters; a longer one helps nobody who reads a report


def numbers(material: Material) -> list[Block]:
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


def recipes(material: Material) -> list[Block]:
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
        *([Fold(words("details_recipes"), [whole])] if whole else []),
    ]


def seed_by_seed(material: Material) -> list[Block]:
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


def cost(material: Material) -> list[Block]:
    """What training each arm takes."""
    table = tables.cost(material.comparison, material.arms, material.words)
    return [table] if table else []


def sources(material: Material) -> list[Block]:
    """Where code, data and runs come from, and the command that repeats it all."""
    rows = [
        [name, text]
        for name, text in (*_code_and_data(material), *_runs_and_versions(material))
        if text
    ]
    blocks: list[Block] = [Table(["", ""], rows, prose=True)]
    command = material.provenance.command or ""
    if len(command) > LONGEST_COMMAND:
        blocks += [Text(material.words("repeat_too_long", count=len(command)))]
    elif command:
        blocks += [Text(material.words("repeat")), Code(command)]
    return blocks + _runs_of_seeds(material)


def limits(material: Material) -> list[Block]:
    """What the answer is about, and what it is not about."""
    words, comparison = material.words, material.comparison
    parts = sentences.not_covered(comparison, words)
    return [
        Text(words("limits_scope", scope=sentences.scope(comparison, words))),
        Text(words("limits_not_covered", parts=parts)),
        *map(Text, sentences.secondary_notes(comparison, words)),
    ]


def _code_and_data(material: Material) -> Iterable[tuple[str, str | None]]:
    """The name and the text of each row; one without text is left out."""
    words, comparison = material.words, material.comparison
    provenance, test_set = material.provenance, comparison.test_set
    if provenance.commit:
        states = {True: "dirty", False: "clean", None: "state_unknown"}
        state = words(states[provenance.dirty])
        yield words("commit"), f"{provenance.commit} ({state})"
    yield words("code"), provenance.source
    yield words("data_row"), sentences.data(comparison, words)
    yield words("metric"), sentences.metric_chosen(comparison, words)
    yield words("choices_row"), sentences.choices(comparison, words)
    yield words("test_digest"), test_set.sha256
    yield words("label_digest"), test_set.labels_sha256


def _runs_of_seeds(material: Material) -> list[Block]:
    """Which run of an experiment tracker each seed is, where that is known."""
    words = material.words
    rows = [
        [words("arm_seed", name=clean(arm.name), seed=seed), run_id]
        for arm in material.comparison.arms
        for seed, run_id in zip(arm.seeds, arm.run_ids or (), strict=False)
    ]
    if not rows:
        return []
    links = material.provenance.pages
    table = Table(["", ""], rows, prose=True, links=links)
    return [Fold(words("details_runs"), [table])]


def _runs_and_versions(material: Material) -> Iterable[tuple[str, str | None]]:
    """The same; versions are told once where those of all arms are equal."""
    words = material.words
    for arm in material.comparison.arms:
        yield words("run_of", name=arm.name), arm.run_id
    versions = [
        ", ".join(f"{name} {version}" for name, version in sorted(arm.versions.items()))
        for arm in material.arms
    ]
    if len(set(versions)) == 1:
        yield words("versions"), versions[0]
        return
    for name, text in zip(material.names, versions, strict=True):
        yield words("versions_of", name=name), text

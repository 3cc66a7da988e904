"""Everything a reader is told, in English and in French, and how numbers are written.

`Words("fr")("key", name=...)` is a text of the catalog at the end of this file. Both
languages have the same keys and the same placeholders. `comparison.json` and
`table.csv` are for programs: they are in English whatever the language.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal, get_args

Language = Literal["en", "fr"]
LANGUAGES: tuple[str, ...] = get_args(Language)
EMPTY = "-"
THIN, NO_BREAK = "\u202f", "\u00a0"  # narrow and ordinary space that never break
_BREAKS = re.compile(r"[ \t-\r\x1c-\x1f\x85\u1680\u2000-\u200a\u2028\u2029\u3000]+")


def clean(text: str) -> str:
    """Text of users on one line: no line breaks, terminal codes or changed direction.

    The unbreakable spaces of French are kept.
    """
    line = _BREAKS.sub(" ", text).strip()
    return "".join(c for c in line if c.isprintable() or c in (THIN, NO_BREAK))


class Words:
    """The texts and the numbers of one language.

    Numbers that are missing (None or NaN) are shown as EMPTY.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(
                f"language must be one of {', '.join(LANGUAGES)}, got {language!r}"
            )
        self.language = language
        self._texts = TEXTS[language]

    def __call__(self, key: str, **values: Any) -> str:
        """A text of the catalog, with its placeholders filled."""
        return self._texts[key].format(**values)

    def known(self, text: str) -> str:
        """A fixed English text of the comparison, such as its scope, in the language.

        Text that is not known stays as it is.
        """
        return text if self.language == "en" else FRENCH.get(text, text)

    def plural(self, key: str, count: int, **values: Any) -> str:
        """`key_one` or `key_many`; French has its singular for zero as well."""
        singular = count == 1 or (count == 0 and self.language == "fr")
        form = f"{key}_one" if singular else f"{key}_many"
        return self(form, count=self.count(count), **values)

    def list(self, parts: list[str]) -> str:
        """'a, b and c'."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self('and')} {parts[-1]}"

    def number(self, value: float | None, decimals: int, sign: str = "") -> str:
        """Rounded once, to what is shown; no "-0.00"."""
        if _is_missing(value):
            return EMPTY
        return self._decimal(f"{round(value, decimals) + 0.0:{sign}.{decimals}f}")

    def significant(self, value: float | None) -> str:
        """With two significant digits; zero has none."""
        if _is_missing(value):
            return EMPTY
        if value == 0:
            return "0"
        text = f"{value:#.2g}".rstrip(".")
        if "e-" in text:
            text = f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
        return self._decimal(text)

    def plain(self, value: float) -> str:
        """As short as it can be written; for the parameters of the comparison."""
        return self._decimal(f"{round(value, 10):g}")

    def tick(self, value: float) -> str:
        """A number on an axis."""
        return self._decimal(f"{round(value, 10):g}").replace("-", "\u2212")

    def percent(self, fraction: float | None, decimals: int = 2) -> str:
        """0.0212 → "2.12%"."""
        if _is_missing(fraction):
            return EMPTY
        unit = f"{NO_BREAK}%" if self.language == "fr" else "%"
        return self.number(100 * fraction, decimals) + unit

    def points(self, fraction: float) -> str:
        """A parameter in points of accuracy: 0.02 → "2 points", "0.1 point"."""
        points = round(100 * fraction, 10)
        singular = points < 2 if self.language == "fr" else points <= 1
        key = "points_one" if singular else "points_many"
        return self(key, points=self.plain(points))

    def count(self, value: float | None) -> str:
        """A whole number, in groups of three digits."""
        if _is_missing(value):
            return EMPTY
        text = f"{round(value):,}"
        return text.replace(",", THIN) if self.language == "fr" else text

    def level(self, level: float) -> str:
        """0.95 → "95% CI"."""
        return self("interval_at", level=self.plain(100 * level))

    def p(self, p: float | None, alpha: float | None = None) -> str:
        """As journals print it: below .001 the approximation has no digits to give.

        alpha: what p is held against; no rounding may bring p to its other side.
        """
        if _is_missing(p):
            return EMPTY
        decimals = 3
        while alpha is not None and decimals < 10:
            if (round(p, decimals) <= alpha) == (p <= alpha):
                break
            decimals += 1
        if p < 0.001 and decimals == 3:
            return f"<{NO_BREAK}0,001" if self.language == "fr" else "< .001"
        text = self.number(p, decimals)
        return text if self.language == "fr" else text.replace("0.", ".", 1)

    def p_clause(self, p: float, alpha: float | None = None) -> str:
        """'p = .012' or 'p < .001'."""
        text = self.p(p, alpha)
        if self.language == "fr":
            relation = "" if text.startswith("<") else f"={NO_BREAK}"
            return f"p{NO_BREAK}{relation}{text}"
        return f"p {text}" if text.startswith("<") else f"p = {text}"

    def _decimal(self, text: str) -> str:
        return text.replace(".", ",") if self.language == "fr" else text


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


ENGLISH_TEXTS = {
    "and": "and",
    "colon": ": ",
    "semicolon": ";",
    "none": "none",
    # titles
    "title": "{candidates} against {reference}",
    "title_on_data": "{title} on {dataset}",
    "title_fallback": "FALL-BACK DATA, NOT {requested}: {title}",
    "verdict": "Verdict",
    "better": "better",
    "worse": "worse",
    "equivalent": "equivalent",
    "inconclusive": "inconclusive",
    "verdict_of": "{candidate}: {verdict}",
    "warning": "warning",
    "warnings": "Warnings",
    "more_warnings": "More remarks",
    "look_at_report": (
        "Figures, recipes and provenance are in the artifact comparison/report.html."
    ),
    # tables
    "arm": "arm",
    "seeds": "seeds",
    "seeds_finished": "seeds ok/started",
    "accuracy_percent": "accuracy %",
    "median": "median",
    "sd": "SD",
    "min": "min",
    "max": "max",
    "error_percent": "error %",
    "cross_entropy": "cross-entropy",
    "ece": "ECE",
    "epochs": "epochs",
    "seconds_per_run": "seconds per run",
    "metric": "metric",
    "accuracy_points": "accuracy, points",
    "cross_entropy_nats": "cross-entropy, nats",
    "expected_calibration_error": "ECE",
    "brier_score": "Brier score",
    "difference": "difference",
    "difference_points": "difference, points",
    "interval": "CI",
    "interval_at": "{level}% CI",
    "interval_95": "95% CI",
    "interval_of_verdict": "interval of the verdict",
    "se_seeds": "SE seeds",
    "se_images": "SE images",
    "p_column": "p",
    "p_holm": "p Holm",
    "p_permutation": "p permutation",
    "p_wilcoxon": "p Wilcoxon",
    "verdict_column": "verdict",
    "reasons_and_flags": "reasons and flags",
    "wins": "wins",
    "p_outperform": "chance to win (95% CI)",
    "outperformance": "chance to win is",
    "meaningful": "meaningful",
    "not_meaningful": "not shown to be meaningful",
    "error_reduction": "relative error reduction (95% CI)",
    "mde": "MDE80",
    "seeds_needed": "seeds needed",
    "no_number": "no number is enough",
    "one_network": "{name} (this network)",
    "range": "{low} to {high}",
    "range_at": "{range} ({level}%)",
    "difference_from": "Difference from {reference}:",
    "note_scope": "scope: {scope}",
    "note_not_covered": "not covered: {parts}",
    "choices": (
        "alpha {alpha} (two-sided), margin {margin} of accuracy, "
        "{pairing}, candidates: {candidates}, selected on {selected_on}"
    ),
    "data": ("{name}, {train} training, {validation} validation, {test} test examples"),
    "note_data": "data: {data}",
    "pairing_seed": "paired by seed",
    "pairing_none": "not paired",
    "unknown_data": "unknown",
    "note_test_set": "test set SHA-256: {digest}",
    "note_secondary": (
        "cross-entropy (no penalty, lower is better) and ECE (15 bins) are secondary: "
        "not adjusted for there being several metrics, no margin of equivalence, no "
        "say in the verdict"
    ),
    "note_plan": (
        "MDE80: the true difference found 4 times in 5 with these runs; seeds needed: "
        "per arm, to find the margin 4 times in 5 (a plan, not a promise)"
    ),
    # sections of the report
    "section_table": "The numbers",
    "caption_table": (
        "Test accuracy: mean ± standard deviation over the seeds. The difference is "
        "candidate minus reference, in points (1 point = 1% of the images). Its "
        "confidence interval counts seeds and test images, and is at the level of the "
        "verdict: wider for several candidates, narrower for “equivalent”, which takes "
        "two one-sided tests."
    ),
    "details_table": "All numbers",
    "caption_arms": (
        "Every arm on the test set. Cross-entropy has no penalty in it, so that "
        "recipes can be compared; lower is better. ECE is the expected calibration "
        "error (15 bins)."
    ),
    "caption_differences": (
        "Every difference from {reference}. SE: standard error from seeds and from "
        "test images. ECE and Brier score: t-test over the seeds. Permutation and "
        "Wilcoxon test: of the seeds alone, with fewer assumptions, from {least_seeds} "
        "pairs on. Chance to win: of a run against one of the reference, interval for "
        "pairs; meaningful if that begins above 0.5 and ends above 0.75. "
        "MDE80: the true difference that such runs find 4 times in 5."
    ),
    "section_recipes": "What differs between the recipes",
    "caption_changes": "Only the parameters that differ.",
    "no_changes": "Nothing: the recipes are the same.",
    "unknown_recipe": "The recipe of {names} is not known.",
    "details_recipes": "The whole recipes",
    "parameter": "parameter",
    "section_difference": "How large is the difference?",
    "caption_forest": (
        "Dot: the difference in test accuracy. Wide bar: the confidence interval of "
        "the verdict, as in the table above; it counts both seeds and test images. "
        "Thin line: the interval if only seeds were counted; with few seeds it can be "
        "the longer one. Gray: the margin of ±{margin}, too small to matter. For "
        "“better” or “worse” the bar must leave out zero, for “equivalent” it must lie "
        "within the gray; both take enough runs as well."
    ),
    "no_interval": (
        "No interval for {names}: these runs do not tell how much other runs would "
        "differ."
    ),
    "caption_seeds_paired": (
        "A line per seed: both arms trained with the same seed. It has the color of "
        "the arm that wins. The thick bars are the means. Lines that all go one way "
        "say more than the distance of the means."
    ),
    "caption_seeds_unpaired": (
        "A dot per run. The runs are not paired, so dots are not joined. The thick "
        "bars are the means."
    ),
    "section_curves": "How did the training go?",
    "caption_curves": (
        "On the validation set, never on the test set. Thin line: a seed. Thick line: "
        "the mean, as far as every seed went. Band: ± one standard deviation over "
        "the seeds. Dot: the epoch whose weights were kept and tested. A "
        "cross-entropy that rises again is overfitting."
    ),
    "curves_one_seed": "With one seed there is no band.",
    "curves_diverged": "Runs that diverged are left out.",
    "no_curves": "No learning curves: no arm has a history by epoch.",
    "no_curves_of": "No learning curves of {names}: no history by epoch.",
    "no_cross_entropy_curves": (
        "No cross-entropy by epoch of {names}: the recorded loss contains the penalty, "
        "so it cannot be compared."
    ),
    "section_reliability": "Can its confidence be trusted?",
    "caption_reliability": (
        "Of the predictions made with a confidence near 0.8, are 80% right? Then the "
        "bar reaches the dashed line. Bars below it: overconfident; above: too "
        "cautious. Bars pool all seeds, thin lines are single seeds; the ECE is "
        "the mean of theirs. Below: how many predictions each bar stands on (log "
        "scale)."
    ),
    "no_reliability": (
        "No reliability diagram of {names}: no per-image predictions are stored."
    ),
    "reliability_title": "{name}: ECE {ece}",
    "section_confusion": "Which images change?",
    "caption_confusion": (
        "Candidate minus reference, in test images, as a mean over the seeds. Off the "
        "diagonal are mistakes: blue means fewer with the candidate, orange more. On "
        "the diagonal are right answers: blue means more, orange fewer."
    ),
    "confusion_most": "Of {classes} classes, the {shown} that changed most.",
    "confusion_title": "{candidate} minus {reference}",
    "no_predictions": (
        "No per-image predictions of {names}: no confusion and no flipped images."
    ),
    "gained": "{candidate} gets these right more often than {reference}",
    "lost": "{candidate} gets these wrong more often than {reference}",
    "caption_flips": (
        "The test images whose share of right runs changed most. With each: the true "
        "label, then the answer that an arm gives most often, and in how many of its "
        "runs."
    ),
    "no_pictures": (
        "The pictures are not shown: the test images of these runs are not at hand. "
        "The numbers are their places in the test set."
    ),
    "no_flips": "No image is right more often in one arm than in the other.",
    "true_label": "no. {index}, true: {label}",
    "opinion": "{name}: {predicted} ({runs}/{total})",
    "image_alternative": "Test image {index}: a {label}",
    "section_flips": "Seed by seed",
    "caption_mcnemar": (
        "Images that only one of the two networks of a seed gets right. The exact "
        "McNemar test compares these two networks, not the recipes: two networks of "
        "one recipe often differ “significantly”. So it never decides."
    ),
    "seed": "seed",
    "only_candidate": "only {candidate} right",
    "only_reference": "only {reference} right",
    "net": "net",
    "p_mcnemar": "McNemar p",
    "no_mcnemar": (
        "No table by seed for {names}: it needs per-image predictions of both arms "
        "with the same seeds."
    ),
    "section_cost": "What does it cost?",
    "caption_cost": (
        "Means over the seeds. Seconds depend on the machine and on what else it was "
        "doing: compare only those of one machine."
    ),
    "kept_epoch": "kept epoch",
    "parameters": "parameters",
    "section_provenance": "Where the numbers come from",
    "code": "code",
    "commit": "commit",
    "dirty": "with changes that are not committed",
    "clean": "no uncommitted changes",
    "state_unknown": "state of the work tree unknown",
    "data_row": "data",
    "choices_row": "parameters of the decision",
    "test_digest": "SHA-256 of the test images",
    "label_digest": "SHA-256 of the test labels",
    "run_of": "run of {name}",
    "versions_of": "versions of {name}",
    "versions": "versions",
    "repeat": "To repeat it:",
    "section_limits": "What this does not say",
    "limits_scope": "The verdict is about {scope}.",
    "limits_not_covered": "Not covered: {parts}.",
    # axes and alternatives
    "axis_difference": "difference in test accuracy, points",
    "axis_test_accuracy": "test accuracy, %",
    "axis_epoch": "epoch",
    "axis_val_cross_entropy": "validation cross-entropy, nats",
    "axis_val_accuracy": "validation accuracy, %",
    "axis_share_right": "share right",
    "axis_confidence": "confidence",
    "axis_predictions": "predictions",
    "axis_predicted": "predicted",
    "axis_true": "true",
    "forest_alternative": "Differences in test accuracy with their intervals",
    "seeds_alternative": "Test accuracy of every seed by arm",
    "cross_entropy_alternative": "Validation cross-entropy by epoch",
    "accuracy_alternative": "Validation accuracy by epoch",
    "reliability_alternative": "Reliability diagram.",
    "confusion_alternative": "Change of the confusion matrix.",
    # the sentence
    "difference_sentence": (
        "{new} is {verdict} than {old} by {size} ({evidence}; {p}): {errors}. {margin}"
    ),
    "exceeds_margin": "The difference is shown to exceed the margin of {margin}.",
    "within_margin": "The difference is not shown to exceed the margin of {margin}.",
    "equivalence_sentence": (
        "{new} is equivalent to {old} within the margin of {margin}: {delta} "
        "({evidence}; equivalence {p}): {errors}."
    ),
    "detectable": (
        " A difference is detectable ({p}), but smaller than the margin declared to "
        "matter."
    ),
    "identical": " Every pair made identical predictions: was one run given twice?",
    "undecided_sentence": (
        "Inconclusive: {new} is neither shown to differ from {old} nor shown to be "
        "equivalent to it within the margin of {margin}: {estimate}. With these runs "
        "a difference of {mde} would be found 4 times in 5"
    ),
    "no_seeds_enough": "; for one as small as the margin no number of seeds is enough",
    "seeds_take": "; one as small as the margin takes about {seeds} seeds per arm",
    "reasons_sentence": (
        "Inconclusive: {reasons}. Estimate of {new} minus {old}: {estimate}."
    ),
    "two_networks_sentence": (
        "Inconclusive: {reasons}. Of {images} images, this {new} network alone gets "
        "{only_new} right and this {old} network alone {only_old}: {delta} "
        "(95% CI {low} to {high}; exact McNemar {p}). That is about these two "
        "networks, not about the recipes."
    ),
    "estimate": "{delta} ({evidence})",
    "ci": "{level}% CI {low} to {high}; {sizes}",
    "paired_seeds_one": "{count} paired seed",
    "paired_seeds_many": "{count} paired seeds",
    "unpaired_seeds": "{first} and {second} unpaired seeds",
    "images": "{count} images",
    "this_test_set": "this test set only",
    "errors": "error {before} to {after}",
    "measure_one": "{points} points",
    "measure_many": "{points} points",
    "points_one": "{points} point",
    "points_many": "{points} points",
    # why there is no verdict
    "diverged_or_missing_runs": "a run diverged or is missing",
    "duplicate_predictions_within_arm": (
        "runs of an arm with different seeds made identical predictions"
    ),
    "too_few_seeds": (
        "an arm has fewer than {least_seeds} finished runs, the least for a verdict"
    ),
    "seed_variance_unknown": "with one seed the variance between seeds is unknown",
    "selected_on_test": "recipe, epoch or checkpoint were chosen on the test set",
    "zero_variance": "the runs do not vary, so nothing can be tested",
    "few_discordant_examples": "the arms differ on fewer than {least_images} images",
    "interval_too_wide": "the interval is too wide",
    # what else there is to know
    "flag_exceeds_margin": "exceeds the margin",
    "flag_detectable_below_margin": "detectable, but smaller than the margin",
    "flag_identical_predictions": "identical predictions",
    "flag_unpaired_seed_sets_differ": "not paired: the seeds differ",
}

FRENCH_TEXTS = {
    "and": "et",
    "colon": " : ",
    "semicolon": " ;",
    "none": "aucun",
    # titles
    "title": "{candidates} face à {reference}",
    "title_on_data": "{title} sur {dataset}",
    "title_fallback": "DONNÉES DE REMPLACEMENT, PAS {requested} : {title}",
    "verdict": "Verdict",
    "better": "meilleur",
    "worse": "moins bon",
    "equivalent": "équivalent",
    "inconclusive": "non concluant",
    "verdict_of": "{candidate} : {verdict}",
    "warning": "attention",
    "warnings": "Avertissements",
    "more_warnings": "Autres remarques",
    "look_at_report": (
        "Les figures, les recettes et la provenance sont dans l'artefact "
        "comparison/report.html."
    ),
    # tables
    "arm": "bras",
    "seeds": "graines",
    "seeds_finished": "graines finies/lancées",
    "accuracy_percent": "exactitude %",
    "median": "médiane",
    "sd": "écart type",
    "min": "min",
    "max": "max",
    "error_percent": "erreur %",
    "cross_entropy": "entropie croisée",
    "ece": "ECE",
    "epochs": "époques",
    "seconds_per_run": "secondes par essai",
    "metric": "mesure",
    "accuracy_points": "exactitude, points",
    "cross_entropy_nats": "entropie croisée, nats",
    "expected_calibration_error": "ECE",
    "brier_score": "score de Brier",
    "difference": "différence",
    "difference_points": "différence, points",
    "interval": "IC",
    "interval_at": "IC à {level} %",
    "interval_95": "IC à 95 %",
    "interval_of_verdict": "intervalle du verdict",
    "se_seeds": "erreur type, graines",
    "se_images": "erreur type, images",
    "p_column": "p",
    "p_holm": "p Holm",
    "p_permutation": "p permutation",
    "p_wilcoxon": "p Wilcoxon",
    "verdict_column": "verdict",
    "reasons_and_flags": "raisons et signaux",
    "wins": "victoires",
    "p_outperform": "chance de gagner (IC à 95 %)",
    "outperformance": "la chance de gagner est",
    "meaningful": "pertinente",
    "not_meaningful": "pas montrée pertinente",
    "error_reduction": "réduction relative de l'erreur (IC à 95 %)",
    "mde": "EMD80",
    "seeds_needed": "graines nécessaires",
    "no_number": "aucun nombre ne suffit",
    "one_network": "{name} (ce réseau)",
    "range": "{low} à {high}",
    "range_at": "{range} ({level} %)",
    "difference_from": "Différence par rapport à {reference} :",
    "note_scope": "portée : {scope}",
    "note_not_covered": "non couvert : {parts}",
    "choices": (
        "alpha {alpha} (bilatéral), marge de {margin} d'exactitude, "
        "{pairing}, candidats : {candidates}, sélection sur {selected_on}"
    ),
    "data": (
        "{name}, {train} exemples d'entraînement, {validation} de validation, {test} "
        "de test"
    ),
    "note_data": "données : {data}",
    "pairing_seed": "appariement par graine",
    "pairing_none": "sans appariement",
    "unknown_data": "inconnues",
    "note_test_set": "SHA-256 de l'ensemble de test : {digest}",
    "note_secondary": (
        "l'entropie croisée (sans pénalité, plus petit est mieux) et l'ECE (15 "
        "classes de confiance) sont secondaires : pas de correction pour la pluralité "
        "des mesures, pas de marge d'équivalence, aucun poids dans le verdict"
    ),
    "note_plan": (
        "EMD80 : la différence réelle que ces essais trouvent 4 fois sur 5 ; graines "
        "nécessaires : par bras, pour trouver la marge 4 fois sur 5 (un plan, pas une "
        "promesse)"
    ),
    # sections of the report
    "section_table": "Les chiffres",
    "caption_table": (
        "Exactitude sur le test : moyenne ± écart type sur les graines. La différence "
        "est candidat moins référence, en points (1 point = 1 % des images). Son "
        "intervalle de confiance compte les graines et les images de test ; il est au "
        "niveau du verdict : plus large pour plusieurs candidats, plus étroit pour "
        "« équivalent », qui demande deux tests unilatéraux."
    ),
    "details_table": "Tous les chiffres",
    "caption_arms": (
        "Chaque bras sur l'ensemble de test. L'entropie croisée ne contient aucune "
        "pénalité, ce qui permet de comparer les recettes ; plus petit est mieux. "
        "ECE : erreur de calibration attendue (15 classes de confiance)."
    ),
    "caption_differences": (
        "Chaque différence par rapport à {reference}. Erreur type : due aux "
        "graines, et due aux images de test. ECE et score de Brier : test t sur les "
        "graines. Tests de permutation et de Wilcoxon : sur les graines seules, avec "
        "moins d'hypothèses, à partir de {least_seeds} paires. Chance de gagner : d'un "
        "essai contre un essai de la référence, intervalle pour des paires ; "
        "pertinente s'il commence au-dessus de 0,5 et finit au-dessus de 0,75. EMD80 : "
        "la différence réelle que de tels essais trouvent 4 fois sur 5."
    ),
    "section_recipes": "Ce qui distingue les recettes",
    "caption_changes": "Seulement les paramètres qui diffèrent.",
    "no_changes": "Rien : les recettes sont les mêmes.",
    "unknown_recipe": "La recette de {names} n'est pas connue.",
    "details_recipes": "Les recettes complètes",
    "parameter": "paramètre",
    "section_difference": "Quelle est la taille de la différence ?",
    "caption_forest": (
        "Point : la différence d'exactitude sur le test. Barre large : l'intervalle de "
        "confiance du verdict, comme dans le tableau ci-dessus ; il compte les graines "
        "et les images de test. Trait fin : l'intervalle si l'on ne comptait que les "
        "graines ; avec peu de graines il peut dépasser la barre. En gris : la marge "
        "de ±{margin}, trop petite pour compter. Pour « meilleur » ou « moins bon », "
        "la barre doit exclure zéro ; pour « équivalent », elle doit être contenue "
        "dans le gris ; il faut aussi assez d'essais."
    ),
    "no_interval": (
        "Pas d'intervalle pour {names} : ces essais ne disent pas de combien d'autres "
        "essais différeraient."
    ),
    "caption_seeds_paired": (
        "Un trait par graine : les deux bras ont été entraînés avec la même graine. Il "
        "a la couleur du bras qui gagne. Les barres épaisses sont les moyennes. Des "
        "traits qui vont tous dans le même sens en disent plus que l'écart des "
        "moyennes."
    ),
    "caption_seeds_unpaired": (
        "Un point par essai. Les essais ne sont pas appariés, donc les points ne sont "
        "pas reliés. Les barres épaisses sont les moyennes."
    ),
    "section_curves": "Comment l'entraînement s'est-il passé ?",
    "caption_curves": (
        "Sur l'ensemble de validation, jamais sur celui de test. Trait fin : une "
        "graine. Trait épais : la moyenne, tant que toutes les graines continuent. "
        "Bande : ± un écart type sur les graines. Point : l'époque dont les poids ont "
        "été gardés et testés. Une entropie croisée qui remonte est du "
        "surapprentissage."
    ),
    "curves_one_seed": "Avec une seule graine il n'y a pas de bande.",
    "curves_diverged": "Les essais qui ont divergé sont laissés de côté.",
    "no_curves": (
        "Pas de courbes d'apprentissage : aucun bras n'a d'historique par époque."
    ),
    "no_curves_of": (
        "Pas de courbes d'apprentissage pour {names} : aucun historique par époque."
    ),
    "no_cross_entropy_curves": (
        "Pas d'entropie croisée par époque pour {names} : la perte enregistrée "
        "contient la pénalité, elle n'est donc pas comparable."
    ),
    "section_reliability": "Peut-on se fier à sa confiance ?",
    "caption_reliability": (
        "Parmi les prédictions faites avec une confiance proche de 0,8, 80 % "
        "sont-elles justes ? Alors la barre atteint la ligne en tirets. Barres plus "
        "basses : trop sûr de lui ; plus hautes : trop prudent. Les barres réunissent "
        "toutes les graines, les traits fins sont les graines une à une ; l'ECE est "
        "la moyenne des leurs. En bas : le nombre de prédictions derrière chaque barre "
        "(échelle logarithmique)."
    ),
    "no_reliability": (
        "Pas de diagramme de fiabilité pour {names} : aucune prédiction par image "
        "n'est enregistrée."
    ),
    "reliability_title": "{name} : ECE {ece}",
    "section_confusion": "Quelles images changent ?",
    "caption_confusion": (
        "Candidat moins référence, en images de test, en moyenne sur les graines. Hors "
        "de la diagonale, les erreurs : bleu, il y en a moins avec le candidat, "
        "orange, davantage. Sur la diagonale, les bonnes réponses : bleu, davantage, "
        "orange, moins."
    ),
    "confusion_most": "Sur {classes} classes, les {shown} qui ont le plus changé.",
    "confusion_title": "{candidate} moins {reference}",
    "no_predictions": (
        "Pas de prédictions par image pour {names} : ni confusion, ni images changées."
    ),
    "gained": "{candidate} reconnaît celles-ci plus souvent que {reference}",
    "lost": "{candidate} se trompe sur celles-ci plus souvent que {reference}",
    "caption_flips": (
        "Les images de test dont la part d'essais justes a le plus changé. Avec "
        "chacune : sa vraie classe, puis la réponse la plus fréquente d'un bras et le "
        "nombre de ses essais qui la donnent."
    ),
    "no_pictures": (
        "Les images ne sont pas montrées : l'ensemble de test de ces essais n'est pas "
        "disponible. Les numéros sont leurs places dans l'ensemble de test."
    ),
    "no_flips": (
        "Aucune image n'est reconnue plus souvent par un bras que par l'autre."
    ),
    "true_label": "n° {index}, vrai : {label}",
    "opinion": "{name} : {predicted} ({runs}/{total})",
    "image_alternative": "Image de test {index} : un {label}",
    "section_flips": "Graine par graine",
    "caption_mcnemar": (
        "Les images qu'un seul des deux réseaux d'une graine reconnaît. Le test exact "
        "de McNemar compare ces deux réseaux, pas les recettes : deux réseaux d'une "
        "même recette diffèrent souvent « significativement ». Il ne décide donc "
        "jamais."
    ),
    "seed": "graine",
    "only_candidate": "{candidate} seul juste",
    "only_reference": "{reference} seul juste",
    "net": "solde",
    "p_mcnemar": "p de McNemar",
    "no_mcnemar": (
        "Pas de tableau par graine pour {names} : il faut les prédictions par image "
        "des deux bras avec les mêmes graines."
    ),
    "section_cost": "Combien cela coûte-t-il ?",
    "caption_cost": (
        "Moyennes sur les graines. Les secondes dépendent de la machine et de ce "
        "qu'elle faisait d'autre : ne comparez que celles d'une même machine."
    ),
    "kept_epoch": "époque gardée",
    "parameters": "paramètres",
    "section_provenance": "D'où viennent les chiffres",
    "code": "code",
    "commit": "commit",
    "dirty": "avec des modifications qui ne sont dans aucun commit",
    "clean": "sans modification hors commit",
    "state_unknown": "état de l'arbre de travail inconnu",
    "data_row": "données",
    "choices_row": "paramètres de la décision",
    "test_digest": "SHA-256 des images de test",
    "label_digest": "SHA-256 des classes de test",
    "run_of": "run de {name}",
    "versions_of": "versions de {name}",
    "versions": "versions",
    "repeat": "Pour tout refaire :",
    "section_limits": "Ce que cela ne dit pas",
    "limits_scope": "Le verdict porte sur {scope}.",
    "limits_not_covered": "Non couvert : {parts}.",
    # axes and alternatives
    "axis_difference": "différence d'exactitude sur le test, points",
    "axis_test_accuracy": "exactitude sur le test, %",
    "axis_epoch": "époque",
    "axis_val_cross_entropy": "entropie croisée de validation, nats",
    "axis_val_accuracy": "exactitude de validation, %",
    "axis_share_right": "part de réponses justes",
    "axis_confidence": "confiance",
    "axis_predictions": "prédictions",
    "axis_predicted": "classe prédite",
    "axis_true": "vraie classe",
    "forest_alternative": (
        "Différences d'exactitude sur le test, avec leurs intervalles"
    ),
    "seeds_alternative": "Exactitude sur le test de chaque graine, par bras",
    "cross_entropy_alternative": "Entropie croisée de validation par époque",
    "accuracy_alternative": "Exactitude de validation par époque",
    "reliability_alternative": "Diagramme de fiabilité.",
    "confusion_alternative": "Changement de la matrice de confusion.",
    # the sentence
    "difference_sentence": (
        "{new} est {verdict} que {old} de {size} ({evidence} ; {p}) : {errors}. "
        "{margin}"
    ),
    "exceeds_margin": "Il est montré que la différence dépasse la marge de {margin}.",
    "within_margin": (
        "Il n'est pas montré que la différence dépasse la marge de {margin}."
    ),
    "equivalence_sentence": (
        "{new} est équivalent à {old} à la marge de {margin} près : {delta} "
        "({evidence} ; équivalence {p}) : {errors}."
    ),
    "detectable": (
        " Une différence est décelable ({p}), mais plus petite que la marge déclarée "
        "importante."
    ),
    "identical": (
        " Toutes les paires ont fait des prédictions identiques : le même essai a-t-il "
        "été donné deux fois ?"
    ),
    "undecided_sentence": (
        "Non concluant : il n'est montré ni que {new} diffère de {old}, ni qu'il lui "
        "est équivalent à la marge de {margin} près : {estimate}. Avec ces essais, une "
        "différence de {mde} serait trouvée 4 fois sur 5"
    ),
    "no_seeds_enough": (
        " ; pour une différence aussi petite que la marge, aucun nombre de graines ne "
        "suffit"
    ),
    "seeds_take": (
        " ; pour une différence aussi petite que la marge, il faut environ {seeds} "
        "graines par bras"
    ),
    "reasons_sentence": (
        "Non concluant : {reasons}. Estimation de {new} moins {old} : {estimate}."
    ),
    "two_networks_sentence": (
        "Non concluant : {reasons}. Sur {images} images, ce réseau {new} est seul "
        "juste pour {only_new} et ce réseau {old} pour {only_old} : {delta} (IC à "
        "95 % de {low} à {high} ; McNemar exact {p}). Cela porte sur ces deux réseaux, "
        "pas sur les recettes."
    ),
    "estimate": "{delta} ({evidence})",
    "ci": "IC à {level} % de {low} à {high} ; {sizes}",
    "paired_seeds_one": "{count} graine appariée",
    "paired_seeds_many": "{count} graines appariées",
    "unpaired_seeds": "{first} et {second} graines non appariées",
    "images": "{count} images",
    "this_test_set": "cet ensemble de test seulement",
    "errors": "erreur de {before} à {after}",
    "measure_one": "{points} point",
    "measure_many": "{points} points",
    "points_one": "{points} point",
    "points_many": "{points} points",
    # why there is no verdict
    "diverged_or_missing_runs": "un essai a divergé ou manque",
    "duplicate_predictions_within_arm": (
        "des essais d'un bras, de graines différentes, ont fait des prédictions "
        "identiques"
    ),
    "too_few_seeds": (
        "un bras a moins de {least_seeds} essais finis, le minimum pour un verdict"
    ),
    "seed_variance_unknown": (
        "avec une seule graine, la variance entre graines est inconnue"
    ),
    "selected_on_test": (
        "la recette, l'époque ou les poids ont été choisis sur l'ensemble de test"
    ),
    "zero_variance": "les essais ne varient pas, rien ne peut donc être testé",
    "few_discordant_examples": "les bras diffèrent sur moins de {least_images} images",
    "interval_too_wide": "l'intervalle est trop large",
    # what else there is to know
    "flag_exceeds_margin": "dépasse la marge",
    "flag_detectable_below_margin": "décelable, mais plus petite que la marge",
    "flag_identical_predictions": "prédictions identiques",
    "flag_unpaired_seed_sets_differ": "pas d'appariement : les graines diffèrent",
}

# The warnings of `didithelp.caveats`, whose English is there.
FRENCH_WARNINGS = {
    "fallback_data": (
        "données de remplacement : la réponse porte sur {dataset}, pas sur "
        "{requested}, qui n'était pas disponible (« {reason} »)"
    ),
    "selected_on_test": (
        "la recette, l'époque ou les poids ont été choisis sur l'ensemble de test ; "
        "ses exactitudes sont donc trop bonnes pour comparer des recettes ; choisissez "
        "sur un ensemble de validation"
    ),
    "part_of_training_data": (
        "seuls {num_examples} exemples d'entraînement ont servi (train_size "
        "{train_size})"
    ),
    "data_names_differ": (
        "les bras nomment leurs données {reference_dataset} et {candidate_dataset}, "
        "mais tous les SHA-256 connus des deux sont égaux"
    ),
    "no_predictions": (
        "{arm} n'a pas de predictions.npz et n'est comparé que par une exactitude par "
        "essai : la réponse ne vaut que pour cet ensemble de test ; le bruit des "
        "images de test, les changements par graine, les essais copiés et la fiabilité "
        "restent inconnus"
    ),
    "undescribed_arm": (
        "rien ne décrit {arm} (arm.json) : ses données d'entraînement, sa recette et "
        "ses bibliothèques n'ont pu être vérifiées"
    ),
    "undescribed_data": (
        "l'arm.json de {arm} ne nomme pas de données : celles de son entraînement "
        "n'ont pu être vérifiées"
    ),
    "undescribed_recipe": (
        "l'arm.json de {arm} ne nomme pas de recette : ce qui diffère n'a pu être "
        "vérifié"
    ),
    "missing_digests": (
        "l'arm.json de {arm} n'a pas de SHA-256 de {parts}, qui n'ont donc pu être "
        "vérifiés"
    ),
    "unchecked_test_set": (
        "rien ne permet de vérifier que {reference} et {candidate} ont été testés sur "
        "les mêmes exemples : il faut predictions.npz ou arm.json des deux"
    ),
    "diverged_runs": (
        "{num_diverged} des {num_started} essais de {arm} ont divergé ; les chiffres "
        "montrent les autres"
    ),
    "collapsed_runs": (
        "les graines {seeds} de {arm} se sont effondrées : elles sont proches du "
        "hasard, ou loin sous la médiane du bras ; elles comptent dans chaque nombre ; "
        "regardez donc la médiane et les victoires à côté de la moyenne"
    ),
    "one_seed": "{arm} n'a qu'une graine finie ; il en faudrait au moins {advised}",
    "few_seeds": (
        "{arm} n'a que {num_finished} graines finies ; il en faudrait au moins "
        "{advised}"
    ),
    "copied_runs": (
        "les graines {seeds} de {arm} ont fait des prédictions identiques : la graine "
        "n'a pas d'effet, ou un fichier a été copié"
    ),
    "accuracies_contradict_predictions": (
        "test_accuracy dans metrics.csv de {arm} diffère de celle de ses prédictions, "
        "qui servent ici"
    ),
    "early_stopping_never_fired": (
        "l'arrêt anticipé de {arm} ne s'est jamais déclenché : chaque essai fini a "
        "duré les {epochs} époques (patience {patience})"
    ),
    "epochs_differ": (
        "les budgets diffèrent : au plus {reference_epochs} époques pour {reference} "
        "et {candidate_epochs} pour {candidate} ; une différence peut venir du budget"
    ),
    "sizes_differ": (
        "les réseaux n'ont pas la même taille : {reference_parameters} paramètres pour "
        "{reference} et {candidate_parameters} pour {candidate} ; une différence peut "
        "venir de la taille"
    ),
    "several_changes": (
        "{num_changes} paramètres de la recette diffèrent entre {reference} et "
        "{candidate} ({parameters}) : on ne sait pas lequel fait la différence"
    ),
    "same_recipe": "{reference} et {candidate} ont une seule et même recette",
    "unpaired_seeds": (
        "{reference} et {candidate} n'ont pas fini les mêmes graines, leurs essais ne "
        "sont donc pas appariés ; tous servent"
    ),
    "identical_predictions": (
        "{reference} et {candidate} ont fait des prédictions identiques dans toutes "
        "les paires : le même essai a-t-il été donné deux fois ?"
    ),
    "below_one_example": (
        "les exactitudes de {reference} et {candidate} diffèrent de moins d'un des "
        "{num_examples} exemples de test par graine"
    ),
    "versions_differ": (
        "{library} diffère : {reference_version} pour {reference}, {candidate_version} "
        "pour {candidate}"
    ),
    "time_differs": (
        "un essai de {slower} dure environ {ratio} fois celui de {faster}"
    ),
}

# Fixed texts of the comparison, as they stand in comparison.json.
_FIXED = {
    "validation": "la validation",
    "test": "le test",
    "the two recipes, over new seeds, on this test set only, with this training set": (
        "les deux recettes, pour de nouvelles graines, sur cet ensemble de test "
        "seulement, avec cet ensemble d'entraînement"
    ),
    "the two recipes, over new seeds, with this training set; over new test images of "
    "the same kind only where both arms have predictions": (
        "les deux recettes, pour de nouvelles graines, avec cet ensemble "
        "d'entraînement ; pour de nouvelles images de test du même genre là seulement "
        "où les deux bras ont des prédictions"
    ),
    "the two recipes, over new seeds and new test images of the same kind, with this "
    "training set": (
        "les deux recettes, pour de nouvelles graines et de nouvelles images de test "
        "du même genre, avec cet ensemble d'entraînement"
    ),
    "other training sets": "d'autres ensembles d'entraînement",
    "another search for the hyperparameters": (
        "une autre recherche des hyperparamètres"
    ),
    "test images of another kind, or clustered (one writer, several digits)": (
        "des images de test d'un autre genre, ou groupées (plusieurs chiffres d'une "
        "même main)"
    ),
}


def _typeset(text: str) -> str:
    """French spaces that never break: wide before : and %, narrow before ; ! ?."""
    text = re.sub(r" (?=[:%»])|(?<=«) |(?<=±) ", NO_BREAK, text)
    return re.sub(r" (?=[;!?])", THIN, text)


FRENCH = {english: _typeset(text) for english, text in _FIXED.items()}
TEXTS = {
    "en": ENGLISH_TEXTS,
    "fr": {key: _typeset(text) for key, text in FRENCH_TEXTS.items()},
}
WARNINGS = {code: _typeset(text) for code, text in FRENCH_WARNINGS.items()}

"""The strict command line: what it takes, and one line about what it does not."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from didithelp.parameters import (
    Interval,
    Parameters,
    names_of,
    parameter,
    texts_of,
    values_of,
)
from lab import command_line, mlproject
from lab.host import lifecycle


@dataclasses.dataclass(frozen=True)
class Size(Parameters):
    """A parameter class that others extend."""

    sizes: tuple[int, ...] = parameter(
        "whole numbers >= 1, such as 4,2",
        valid=lambda sizes: all(size >= 1 for size in sizes),
        parse=command_line.integers,
    )


@dataclasses.dataclass(frozen=True)
class Sample(Size):
    """One field of every kind."""

    num_images: int = parameter("a whole number")
    rate: float = parameter(Interval(-1, 1, open="both"), 0.5)
    title: str = parameter("some text", valid=bool)
    shuffled: bool = parameter()
    color: Literal["crimson", "turquoise"] = parameter()
    limit: int | None = parameter(Interval(1), 3, noun="a number", none="never")
    workers: int | None = parameter(
        Interval(0, 10), 2, noun="a number", none="auto", note="auto is all"
    )
    folder: Path = parameter("a folder")


TEXTS = {
    "sizes": "4,2",
    "num_images": "7",
    "rate": "0.5",
    "title": "digits",
    "shuffled": "true",
    "color": "crimson",
    "limit": "never",
    "workers": "auto",
    "folder": "some/where",
}
VALUES = {
    "sizes": (4, 2),
    "num_images": 7,
    "rate": 0.5,
    "title": "digits",
    "shuffled": True,
    "color": "crimson",
    "limit": None,
    "workers": None,
    "folder": Path("some/where"),
}


def flags(**changes):
    """A command line; a name whose text is None is left out."""
    texts = TEXTS | changes
    return [f"--{name}={text}" for name, text in texts.items() if text is not None]


def refusal(capsys, function, *arguments):
    """The one line on stderr with which a call leaves; status 2, nothing on stdout."""
    with pytest.raises(SystemExit) as leaving:
        function(*arguments)
    assert leaving.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.endswith("\n") and err.count("\n") == 1
    return err.removeprefix("error: ").rstrip("\n")


def refused(capsys, arguments):
    return refusal(capsys, command_line.parse, Sample, arguments)


# --- what is taken --------------------------------------------------------------------


def test_every_kind_of_field_is_converted():
    assert dataclasses.asdict(command_line.parse(Sample, flags())) == VALUES


def test_order_does_not_matter():
    assert command_line.parse(Sample, flags()[::-1]) == Sample(**VALUES)


def test_mlflow_appends_name_and_value_as_two_words():
    words = [word for flag in flags() for word in flag.split("=", 1)]
    assert command_line.parse(Sample, words) == Sample(**VALUES)


@pytest.mark.parametrize("text", ["-x", "--x", "--rate=1", "a=b", "a b", "ä", "--"])
def test_after_an_equals_sign_any_text_is_a_value(text):
    assert command_line.parse(Sample, flags(title=text)).title == text


@pytest.mark.parametrize(("text", "number"), [("-3", -3), ("+3", 3), ("007", 7)])
def test_whole_numbers_have_signs(text, number):
    assert command_line.parse(Sample, flags(num_images=text)).num_images == number


@pytest.mark.parametrize("text", ["-0.5", "-5e-1", "-.5"])
def test_a_negative_number_may_follow_its_name_as_a_second_word(text):
    arguments = [*flags(rate=None), "--rate", text]
    assert command_line.parse(Sample, arguments).rate == -0.5


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("TRUE", True), (" true ", True)]
    + [("false", False), ("False", False), ("FALSE", False)],
)
def test_booleans_in_any_case(text, value):
    assert command_line.parse(Sample, flags(shuffled=text)).shuffled is value


@pytest.mark.parametrize(
    ("text", "sizes"), [("4", (4,)), ("4,", (4,)), ("4, 2", (4, 2))]
)
def test_lists_of_whole_numbers(text, sizes):
    assert command_line.parse(Sample, flags(sizes=text)).sizes == sizes


@dataclasses.dataclass(frozen=True)
class Places(Parameters):
    """What `Sample` has not: a switch, a list of texts, and what may be empty."""

    cache: Literal["on", "off"] = parameter()
    mood: Literal["", "good"] = parameter()
    remark: str = parameter("some text, or empty")
    places: tuple[str, ...] = parameter(
        "places, separated by commas",
        valid=all,
        parse=lambda text: tuple(text.split(",")) if text else (),
    )


PLACES = {"cache": "on", "mood": "", "remark": "", "places": ""}


@pytest.mark.parametrize(
    ("parameters", "name", "value", "means"),
    [(Sample, "shuffled", value, value) for value in (True, False)]
    + [(Sample, "shuffled", np.bool_(True), True), (Sample, "shuffled", "off", False)]
    + [(Sample, "limit", None, None), (Sample, "workers", None, None)]
    + [(Sample, "limit", 3.0, 3), (Sample, "num_images", np.float64(-5), -5)]
    + [(Sample, "rate", value, 1e-5) for value in (1e-5, " 1e-5 ", np.float64(1e-5))]
    + [(Sample, "rate", 0, 0.0), (Sample, "color", " crimson\n", "crimson")]
    + [
        (Sample, "sizes", value, (4, 2))
        for value in ([4, 2], (4, 2), [4.0, 2.0], np.array([4, 2]), ["4", "2"])
    ]
    + [(Sample, "sizes", list(np.array([4, 2])), (4, 2))]
    + [(Sample, "sizes", [np.array([4, 2])[0]], (4,))]
    + [(Sample, "sizes", range(1, 5), (1, 2, 3, 4)), (Sample, "sizes", (9,), (9,))]
    + [(Places, "cache", True, "on"), (Places, "cache", False, "off")]
    + [(Places, "mood", None, ""), (Places, "remark", None, "")]
    + [(Sample, "title", None, "None"), (Sample, "folder", None, Path("None"))]
    + [(Places, "places", None, ()), (Places, "remark", [None], "[None]")]
    + [(Places, "places", [], ()), (Places, "places", ("a b",), ("a b",))]
    + [(Places, "places", [Path("/a (1)"), Path("b")], ("/a (1)", "b"))]
    + [(Places, "places", "[old] a,b", ("[old] a", "b"))],
)
def test_what_mlflow_makes_of_a_python_value_is_that_value(
    parameters, name, value, means
):
    texts = {**TEXTS, **PLACES, name: str(value)}
    built = command_line.build(parameters, texts)
    assert getattr(built, name) == means
    assert type(getattr(built, name)) is type(means)


@pytest.mark.parametrize("value", [["a,b"], ["", "b"]])
def test_a_list_that_cannot_be_spelled_with_commas_is_refused(value):
    with pytest.raises(ValueError, match="^places must be places, separated by comma"):
        command_line.build(Places, {**PLACES, "places": str(value)})


def test_an_optional_parameter_that_is_not_given_is_absent():
    assert command_line.read(["a"], ["b"], ["--a=1"]) == {"a": "1"}
    assert command_line.read(["a"], ["b"], ["--a=1", "--b="]) == {"a": "1", "b": ""}


# --- what is refused ------------------------------------------------------------------


def test_a_very_long_value_is_shortened(capsys):
    message = refused(capsys, flags(num_images="9" * 5000))
    assert message.endswith("999... (5002 characters)") and len(message) < 300


def test_a_misspelt_name_gets_a_suggestion(capsys):
    message = refused(capsys, [*flags(), "--num_image=3"])
    assert message == "unknown parameter 'num_image'; did you mean 'num_images'?"


@pytest.mark.parametrize("text", ["Crimson", "CRIMSON", "crimsn"])
def test_a_misspelt_choice_gets_a_suggestion(capsys, text):
    message = refused(capsys, flags(color=text))
    assert message.endswith(f"got {text!r}; did you mean 'crimson'?")


def test_a_misspelt_name_gets_its_suggestion_also_where_it_leaves_one_missing(capsys):
    message = refused(capsys, [*flags(color=None), "--colour=crimson"])
    assert message == "unknown parameter 'colour'; did you mean 'color'?"


def test_an_optional_name_is_suggested_too(capsys):
    message = refusal(capsys, command_line.read, ["first"], ["second"], ["--secnd=2"])
    assert message == "unknown parameter 'secnd'; did you mean 'second'?"


def test_a_strange_name_gets_the_list_of_all(capsys):
    message = refused(capsys, [*flags(), "--zzz", "3"])
    assert message == f"unknown parameter 'zzz'; known are {', '.join(TEXTS)}"


@pytest.mark.parametrize("name", ["num", "num_image", "s", "rat"])
def test_abbreviations_are_unknown(capsys, name):
    assert f"unknown parameter {name!r}" in refused(capsys, [*flags(), f"--{name}=1"])


def test_all_missing_names_are_told_at_once(capsys):
    message = refused(capsys, flags(rate=None, folder=None))
    assert message == "no value for rate, folder; give it with -P NAME=VALUE"


@pytest.mark.parametrize("word", ["stray", "rate=0.1", "", "-z", "-rate=1"])
def test_a_stray_word_is_refused(capsys, word):
    message = refused(capsys, [*flags(), word])
    assert f"unexpected argument {word!r}" in message
    assert "-P NAME=VALUE" in message


@pytest.mark.parametrize("word", ["--help", "-h", "--", "--=1", "--a\nb=1", "--a b"])
def test_nothing_is_special(capsys, word):
    refused(capsys, [*flags(), word])


def test_a_name_without_a_value_is_refused(capsys):
    assert "rate" in refused(capsys, [*flags(rate=None), "--rate"])
    assert "rate" in refused(capsys, ["--rate", *flags(rate=None)])


def test_a_name_given_twice_is_refused(capsys):
    assert "rate" in refused(capsys, [*flags(), "--rate=0.25"])


REFUSED_TEXTS = [
    (
        "num_images",
        "a whole number",
        ["", "1.5", "1e3", "None", "1,2", "--"],
    ),
    ("num_images", "a whole number", ["1_0", "١", "７"]),  # int takes these
    ("sizes", "whole numbers >= 1, such as 4,2", ["4,١", "1_0"]),
    (
        "rate",
        "a number in (-1, 1), such as 0.5",
        ["", "half", "0,5", "0.5.1", "0_0.5", "٠.٥"],
    ),
    ("title", "some text", [""]),
    ("shuffled", "true or false", ["", "y", "1", "0", "1.0", "t", "none"]),
    ("color", "crimson or turquoise", ["", "Crimson", "pink", "True"]),
    (
        "sizes",
        "whole numbers >= 1, such as 4,2",
        ["", ",", "4,,2", ",4", "4;2", "4,x", "[]", "[4", "[4, None]", "{4: 2}"]
        + ["[4, [2]]", "range(1, 99999999999)", "[True]", "['4,2']"],
    ),
    (
        "limit",
        "never or a number >= 1, such as 3",
        ["", "Never", "none", "1.5", "auto"],
    ),
    (
        "workers",
        "auto or a number from 0 to 10, such as 2 (auto is all)",
        ["", "AUTO", "never", "none", "11"],
    ),
]


@pytest.mark.parametrize(
    ("name", "expected", "text"),
    [(name, words, text) for name, words, texts in REFUSED_TEXTS for text in texts],
)
def test_a_wrong_value_is_named_with_what_was_expected(capsys, name, expected, text):
    message = refused(capsys, flags(**{name: text}))
    assert message.startswith(f"{name} must be {expected}, got {text!r}")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "Infinity", "1e999", "1", "-1"])
def test_a_number_outside_its_range_is_refused(capsys, text):
    message = refused(capsys, flags(rate=text))
    assert message == f"rate must be a number in (-1, 1), such as 0.5, got {text!r}"


@pytest.mark.parametrize("text", ["-1e-4x", "-inf", "-1e+4"])
def test_a_wrong_second_word_is_judged_as_a_value(capsys, text):
    message = refused(capsys, [*flags(rate=None), "--rate", text])
    assert message.startswith("rate must be a number in (-1, 1), such as 0.5, got ")


def test_a_line_break_in_a_value_does_not_break_the_line(capsys):
    assert "\\n" in refused(capsys, flags(num_images="1\nTraceback"))


def test_only_a_wrong_value_becomes_a_line():
    def divide():
        return 1 / 0

    assert command_line.or_exit(lambda value: value + 1, 1) == 2
    with pytest.raises(ZeroDivisionError):
        command_line.or_exit(divide)


def test_failing_speaks_on_stderr_and_gives_the_status(capsys):
    with pytest.raises(SystemExit) as leaving:
        lifecycle.fail("no such run\n", 3)
    assert leaving.value.code == 3
    assert tuple(capsys.readouterr()) == ("", "error: no such run\n")


# --- instances ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_images", value) for value in (7.0, True, "7", None, (7,))]
    + [("rate", value) for value in (True, "0.5", None, float("nan"), 1j)]
    + [("title", 7), ("title", None), ("shuffled", 1), ("shuffled", "true")]
    + [("color", None), ("color", 1), ("color", ("crimson",))]
    + [("sizes", [4, 2]), ("sizes", 4), ("sizes", None), ("sizes", "4")]
    + [("limit", 0), ("limit", True), ("limit", 1.0), ("folder", "some/where")],
)
def test_no_instance_holds_a_wrong_value(name, value):
    with pytest.raises(ValueError) as error:
        Sample(**VALUES | {name: value})
    assert str(error.value).startswith(f"{name} must be ")
    assert repr(value) in str(error.value)


def test_a_whole_number_is_a_number():
    assert Sample(**VALUES | {"rate": 0}).rate == 0


def test_an_instance_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sample(**VALUES).rate = 0.1


# --- and back to text -----------------------------------------------------------------


def test_a_picked_command_line_is_the_one_that_was_given():
    assert texts_of(Sample, command_line.parse(Sample, flags())) == TEXTS


@pytest.mark.parametrize(
    "changes",
    [{"limit": limit, "workers": 3} for limit in (1, 10**20)]
    + [{"rate": rate} for rate in (0, 0.1, 1 / 3, 1e-5, 5e-324, -0.0, 1 - 2**-53)]
    + [{"sizes": sizes} for sizes in ((5,), (0x7FFFFFFF, 1), (1,) * 9)]
    + [{"num_images": -12}, {"shuffled": False}, {"color": "turquoise"}]
    + [{"title": "--a b='c'\n"}, {"folder": Path("/a b/ü")}],
)
def test_what_is_picked_builds_an_equal_instance(changes):
    sample = Sample(**VALUES | changes)
    texts = texts_of(Sample, sample)
    assert all(type(text) is str for text in texts.values())
    assert command_line.build(Sample, texts) == sample
    assert command_line.parse(Sample, flags(**texts)) == sample


def test_none_is_spelled_as_the_field_says():
    texts = texts_of(Sample, Sample(**VALUES))
    assert (texts["limit"], texts["workers"]) == ("never", "auto")


def test_a_part_is_taken_out_of_a_larger_instance():
    sample = Sample(**VALUES)
    assert names_of(Sample) == list(TEXTS)
    assert values_of(Size, sample) == {"sizes": (4, 2)}
    assert texts_of(Size, sample) == {"sizes": "4,2"}


# --- what the process of an entry point begins with -----------------------------------


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.x", "nonsense"])
def test_the_backend_of_a_notebook_is_no_obstacle(backend):
    """Keras and MLflow load matplotlib, which fails where it does not know it."""
    program = (
        "from lab import command_line; command_line.read([], []);"
        "from matplotlib import pyplot; print(pyplot.get_backend())"
    )
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=mlproject.PROJECT_DIRECTORY,
        env=os.environ | {"MPLBACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert (process.stdout, process.returncode) == ("agg\n", 0), process.stderr

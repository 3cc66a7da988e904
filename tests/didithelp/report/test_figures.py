"""Figures as bytes: equal for equal inputs, safe, and at home in a page."""

import io
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib import image as images

from didithelp.compared_arm import Reliability, ReliabilityBin
from didithelp.language.quantity import Quantity
from didithelp.language.words import Words
from didithelp.metric import TEST_ACCURACY, Metric
from didithelp.report import figures
from didithelp.report.figures import Curve, Difference, Strip
from didithelp.report.palette import LIGHT

WORDS = Words("en")
ACCURACY = Quantity(TEST_ACCURACY, WORDS, 3)
LOSS = Quantity(Metric("val_loss", False, "nats"), WORDS, 4)
SVG = "{http://www.w3.org/2000/svg}"
BINS = tuple(
    ReliabilityBin(
        low=k / 15,
        high=(k + 1) / 15,
        count=10 * k,
        confidence=(k + 0.5) / 15 if k else None,
        accuracy=k / 15 if k else None,
    )
    for k in range(15)
)


def forest(name="improved", interval=(-0.2, 0.4)):
    row = Difference(name, figures.arm_color(1), 0.1, interval, (0.0, 0.2))
    return figures.forest([row], 0.1, ACCURACY)


def seeds(paired=True, about=ACCURACY):
    arms = (
        Strip("a", LIGHT.arms[0], [97.0, 97.5], "97.25"),
        Strip("b", LIGHT.arms[1], [97.2, 97.5], "97.35"),
    )
    return figures.seeds("seeds_1", arms, paired, about)


def curves(words=WORDS, lengths=(3, 2)):
    lines = [(np.arange(1, n + 1), np.linspace(1.5, 0.5, n)) for n in lengths]
    curve = Curve("a", LIGHT.arms[0], lines, [2, None][: len(lines)])
    return figures.curves("curves", [curve], "loss", "curves of a", words)


def reliability():
    shares = Reliability(BINS, (BINS,))
    return figures.reliability("reliability_0", "a", shares, LIGHT.arms[0], WORDS)


def confusion(size=3):
    change = np.zeros((size, size))
    change[0, 0], change[0, 1] = -2, 2
    return figures.confusion("confusion_1", "b minus a", change, WORDS)


ALL = [forest, seeds, curves, reliability, confusion]
each_figure = pytest.mark.parametrize("draw", ALL)


def texts(drawing):
    root = ElementTree.fromstring(drawing.svg)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


@each_figure
def test_equal_inputs_give_equal_bytes(draw):
    assert draw() == draw()


@each_figure
def test_the_svg_brings_its_name_and_nothing_that_holds_for_the_page(draw):
    drawing = draw()
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(f"{SVG}title").text
    assert root.find(f"{SVG}title").text == drawing.alternative
    assert {"width", "height"}.isdisjoint(root.keys())
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags.isdisjoint({"style", "metadata", "script", "foreignObject", "a"})
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", drawing.svg)


@pytest.mark.parametrize("draw", [seeds, curves, reliability, confusion])
def test_colors_of_arms_are_variables_with_the_color_of_the_png(draw):
    found = re.findall(r"var\(--arm-(\d), (#[0-9a-f]{6})\)", draw().svg)
    assert found
    assert all(color == LIGHT.arms[int(place)] for place, color in found)


def test_only_the_reference_has_a_color_to_itself():
    colors = [figures.arm_color(place) for place in range(9)]
    assert colors[:7] == list(LIGHT.arms)
    assert colors[7:] == list(LIGHT.arms[1:3])


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "x"])
def test_a_notebooks_backend_that_is_not_installed_does_no_harm(backend):
    """A notebook leaves MPLBACKEND to the programs that it starts."""
    program = """
import os, sys
from didithelp.report import report, figures
from didithelp.report.palette import LIGHT
from didithelp.language.quantity import Quantity
from didithelp.language.words import Words
from didithelp.metric import TEST_ACCURACY
assert "matplotlib" not in sys.modules
before = dict(os.environ)
row = figures.Difference("a", figures.arm_color(1), 0.1, None, None)
drawing = figures.forest([row], 0.1, Quantity(TEST_ACCURACY, Words("en"), 3))
assert drawing.png.startswith(b"\\x89PNG")
assert dict(os.environ) == before
assert "matplotlib.pyplot" not in sys.modules
"""
    environment = os.environ | {"MPLBACKEND": backend}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_backend_that_is_there_is_still_the_one_of_later_plots():
    program = """
from didithelp.report import canvas
with canvas.blank():
    import matplotlib
assert matplotlib.get_backend() == "svg", matplotlib.get_backend()
"""
    environment = os.environ | {"MPLBACKEND": "svg"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_figures_of_several_threads_are_drawn_one_at_a_time():
    expected, style = forest().png, dict(matplotlib.rcParams)
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: forest().png, range(16)))
    assert set(drawn) == {expected}
    assert dict(matplotlib.rcParams) == style


def test_figures_on_one_page_share_no_identifier():
    found = []
    for draw in ALL:
        root = ElementTree.fromstring(draw().svg)
        own = [element.get("id") for element in root.iter() if element.get("id")]
        references = re.findall(r'(?:url\(#|href="#)([^)"]+)', draw().svg)
        assert set(references) <= set(own)
        found += own
    assert len(set(found)) == len(found)


@each_figure
def test_every_color_of_the_svg_follows_the_page(draw):
    without_fallbacks = re.sub(r"var\(--[\w-]+, #[0-9a-f]{6}\)", "", draw().svg)
    assert not re.search(r"#[0-9a-f]{6}\b", without_fallbacks)
    assert "currentColor" in draw().svg


@each_figure
def test_the_png_is_an_opaque_picture(draw):
    pixels = images.imread(io.BytesIO(draw().png))
    assert pixels.shape[0] > 100 and pixels.shape[1] > 400
    assert pixels[:, :, 3].min() == 1
    assert pixels[:, :, :3].std() > 0.01


@pytest.mark.parametrize("name", ["$\\alpha$", "<b>&amp;</b>", 'x" onload="y', "日本"])
def test_a_name_is_shown_as_it_is(name):
    assert name in texts(forest(name))


def test_a_long_name_is_cut():
    (shown,) = [text for text in texts(forest("x" * 60)) if text.startswith("xx")]
    assert shown == "x" * 21 + "…"


def test_french_figures_have_decimal_commas():
    ticks = [text for text in texts(curves(Words("fr"))) if re.match(r"\d", text)]
    assert any("," in tick for tick in ticks)
    assert not any("." in tick for tick in ticks)


def test_a_difference_without_interval_is_a_dot():
    assert forest(interval=None).svg != forest().svg


def test_lines_join_seeds_only_where_they_are_pairs():
    def num_lines(drawing):
        root = ElementTree.fromstring(drawing.svg)
        ids = [element.get("id", "") for element in root.iter()]
        return sum(bool(re.search(r"line2d_\d+$", name)) for name in ids)

    assert num_lines(seeds(paired=True)) == num_lines(seeds(paired=False)) + 2


def test_one_seed_has_no_band():
    assert "FillBetween" in curves().svg
    assert "FillBetween" not in curves(lengths=(3,)).svg


def test_the_mean_is_drawn_at_the_epochs_that_every_seed_has():
    """Other software may have a row for every fifth epoch only."""
    lines = [
        (np.array([5, 10, 15]), np.array([3.0, 2.0, 1.0])),
        (np.array([5, 15, 20]), np.array([5.0, 3.0, 0.0])),
    ]
    epochs, values = figures._common(lines)
    assert epochs.tolist() == [5, 15]
    assert values.tolist() == [[3, 1], [5, 3]]


def test_a_large_confusion_shows_the_classes_that_changed():
    labels = texts(confusion(size=40))
    assert {"0", "1"} <= set(labels)
    assert "39" not in labels


def test_a_confusion_says_by_how_many_images():
    assert {"-2.0", "+2.0"} <= set(texts(confusion()))


@pytest.mark.parametrize(
    "shape", [(5, 7), (5, 7, 1), (5, 7, 3), (1, 7), (5, 1, 1), (1, 1, 3), (1, 1)]
)
def test_a_picture_keeps_every_pixel(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    decoded = images.imread(io.BytesIO(figures.picture(pixels)))
    gray = pixels[:, :, 0] if shape[2:] == (1,) else pixels
    np.testing.assert_array_equal(np.rint(255 * decoded), gray)
    assert figures.sheet([pixels], ["a"]).startswith(b"\x89PNG")


def test_a_picture_tells_no_time_and_no_program():
    pixels = np.zeros((5, 7), np.uint8)
    assert figures.picture(pixels) == figures.picture(pixels)
    kinds = re.findall(b"IHDR|IDAT|IEND|t[EIX]{2}[tmXE]", figures.picture(pixels))
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_a_sheet_holds_every_image():
    small = figures.sheet([np.zeros((8, 8), np.uint8)] * 2, ["a", "b"])
    large = figures.sheet([np.zeros((8, 8), np.uint8)] * 9, ["$a"] * 9)
    heights = [images.imread(io.BytesIO(png)).shape[0] for png in (small, large)]
    assert heights[1] == 3 * heights[0]


def test_a_loss_has_its_unit_and_direction_on_its_axes():
    (row,) = [Difference("b", figures.arm_color(1), -0.03, (-0.04, -0.02), None)]
    drawing = figures.forest([row], None, LOSS)
    assert "difference in val_loss, nats (lower is better)" in texts(drawing)
    assert drawing.alternative == "Differences in val_loss with their intervals"
    assert "val_loss, nats (lower is better)" in texts(seeds(about=LOSS))


def test_the_lines_of_seeds_have_the_color_of_the_arm_that_wins():
    def colors(about):
        lines = re.findall(r"var\(--arm-(\d), #[0-9a-f]{6}\)", seeds(about=about).svg)
        return lines.count("0"), lines.count("1")

    (higher_first, higher_second), (lower_first, lower_second) = map(
        colors, (ACCURACY, LOSS)
    )
    assert higher_second == lower_second + 1  # 97.0 to 97.2; the other pair is a tie
    assert lower_first == higher_first + 1


def test_without_a_margin_no_band_is_drawn():
    row = Difference("b", figures.arm_color(1), 0.1, (-0.2, 0.4), None)
    assert figures.forest([row], None, LOSS).svg != figures.forest([row], 0.1, LOSS).svg


def test_a_long_name_takes_lines_beside_its_axis():
    name = "validation_perplexity_of_the_last_checkpoint_on_held_out_books"
    about = Quantity(Metric(name, False, ""), WORDS, 2)
    assert max(map(len, texts(seeds(about=about)))) <= figures.HIGHEST_LABEL


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.2e6, 1.4e6], "1,250,000"),
        ([-3e-10, 3e-10], "0"),
        ([2e-9, 6e-9], "4e\u22129"),
    ],
)
def test_ticks_of_any_size_can_be_read(values, expected):
    arms = (Strip(name, LIGHT.arms[0], values, "") for name in "ab")
    drawing = figures.seeds("seeds_1", tuple(arms), False, LOSS)
    assert expected in texts(drawing)


def test_the_curves_of_many_arms_keep_their_axes_beside_a_long_legend():
    line = (np.arange(1, 4), np.array([0.3, 0.2, 0.1]))
    one, many = (
        figures.curves("curves", [curve] * number, "loss", "curves", WORDS)
        for curve in [Curve("an arm", figures.arm_color(0), [line], [3])]
        for number in (1, 40)
    )
    area = re.compile(r"<rect [^>]*>")  # that of the axes, to which curves are clipped
    assert area.findall(many.svg) == area.findall(one.svg)

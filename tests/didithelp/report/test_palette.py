"""Colors that can be seen, told apart, and found in the page by the figures."""

import re

import pytest

from didithelp.report.palette import DARK, LIGHT, PRINT

TEXTS = ("ink", "muted", "better", "worse", "equivalent", "inconclusive")
each_palette = pytest.mark.parametrize(
    "palette", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"]
)


def luminance(color):
    """Relative, by WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    darker, lighter = sorted(map(luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@each_palette
def test_texts_and_arms_stand_out_from_the_paper(palette):
    for name in TEXTS:
        for background in (palette.paper, palette.shade):
            assert contrast(getattr(palette, name), background) >= 4.5, name
    for color in palette.arms:
        assert contrast(color, palette.paper) >= 3, color


@each_palette
def test_every_color_has_a_variable_of_its_own(palette):
    variables = palette.variables()
    assert variables.keys() == LIGHT.variables().keys()
    assert len(palette.arms) == len(set(palette.arms)) == 7
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in variables.values())


def test_colors_of_figures_differ_so_that_each_finds_its_variable():
    drawn = [LIGHT.paper, LIGHT.ink, LIGHT.muted, LIGHT.grid, *LIGHT.arms]
    assert len(set(drawn)) == len(drawn)

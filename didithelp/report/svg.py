"""Makes an element of a page of a figure's SVG file.

The element shares no identifier and no style with other figures of the page, has a name
for readers who cannot see it, and takes its colors from the page: it follows light and
dark.
"""

from __future__ import annotations

from xml.etree import ElementTree

from didithelp.report.palette import LIGHT

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# By color of the drawing: the page's variable for it, with that color as fall-back.
_VARIABLES = {
    color: f"var(--{name}, {color})"
    for name, color in LIGHT.variables().items()
    if name in ("paper", "muted", "grid", "better", "worse") or name.startswith("arm-")
} | {LIGHT.ink: "currentColor"}


def embedded(file: str, name: str, alternative: str) -> str:
    """The text of an <svg> element.

    Args:
        file: what matplotlib writes as an SVG file.
        name: unique on the page; it begins every identifier.
        alternative: what the figure shows.
    """
    root = ElementTree.fromstring(file)
    for parent in list(root.iter()):
        for child in list(parent):
            # The style sheet would hold for the whole page; the metadata are empty.
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
        for key, value in parent.attrib.items():
            parent.set(key, _attribute(key, value, name))
    _describe(root, alternative)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _describe(root: ElementTree.Element, alternative: str) -> None:
    """Give the element its name, and the width of the page up to its own."""
    width = float(root.attrib["viewBox"].split()[2])
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", alternative)
    root.set(
        "style",
        f"width: 100%; max-width: {width * 4 / 3:.0f}px; "
        "stroke-linejoin: round; stroke-linecap: butt",
    )
    title = ElementTree.Element(f"{{{_SVG}}}title")
    title.text = alternative
    root.insert(0, title)


def _attribute(key: str, value: str, name: str) -> str:
    """The value with the figure's name before identifiers, and variables for colors."""
    if key == "id":
        return f"{name}-{value}"
    if key in ("href", f"{{{_XLINK}}}href") and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    value = value.replace("url(#", f"url(#{name}-")
    if key == "style":
        for color, variable in _VARIABLES.items():
            value = value.replace(color, variable)
        value = value.replace("'DejaVu Sans'", "system-ui, sans-serif")
    return value

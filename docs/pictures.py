"""Make the pictures of the README and of the documentation from finished reports.

    python docs/pictures.py mlruns/0/RUN_ID/artifacts/comparison
    python docs/pictures.py mlruns/0/RUN_ID/artifacts/ablation

The first folder is that of a `main`, the second that of an `ablate`. The pictures are
the first section of its `report.html` and the first plot, photographed by Chromium or
Chrome in light and dark colours, so that they look as the report does. Neither part
holds an image of the test set, whose licence differs from the project's.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

PICTURES = Path(__file__).parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COLOR_SCHEMES = {"dark": 0, "light": 1}  # the numbers are Chromium's own
MARGIN = 24  # pixels of background that stay below the content
COLORS = 64

# By the file that tells what a folder holds: names of its section and of its plot.
NAMES = {
    "comparison.json": ("report", "forest"),
    "ablation.json": ("ablation", "waterfall"),
}
# The plot alone, as wide as the window.
PLOT_STYLE = """
body { max-width: none; padding: 1rem; }
svg { width: 100% !important; max-width: none !important; }
"""


def parts_of(report: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Cut the two parts out of a report.

    Args:
        report: A whole `report.html`.

    Returns:
        The HTML and the width in CSS pixels of the section, and of the plot.

    Raises:
        ValueError: The report has no section, or no plot.
    """
    section_end = report.find("</section>")
    plot = re.search(r"<svg.*?</svg>", report, re.DOTALL)
    head_end = report.find("</head>")
    if min(section_end, head_end) < 0 or plot is None:
        raise ValueError(
            "expected a report.html with a section and a plot, received one without;"
            " give the comparison/ or ablation/ folder of a finished run"
        )
    alone = f"{report[:head_end]}<style>{PLOT_STYLE}</style><body>{plot[0]}"
    return (report[:section_end], 960), (alone, 640)


def photograph(browser: str, html: str, width: int, scheme: str) -> Image.Image:
    """Show a page in a browser without a window, and cut off what is empty below.

    Args:
        browser: The path of Chromium or Chrome.
        html: The page.
        width: Its width in CSS pixels; the picture has twice as many.
        scheme: `light` or `dark`.

    Returns:
        The picture, with at most `COLORS` colours.
    """
    with TemporaryDirectory() as folder:
        page, picture = Path(folder, "page.html"), Path(folder, "picture.png")
        page.write_text(html, "utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--blink-settings=preferredColorScheme={COLOR_SCHEMES[scheme]}",
            "--force-device-scale-factor=2",
            f"--window-size={width},2000",
            f"--user-data-dir={folder}/profile",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium's sandbox refuses root
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        image = Image.open(picture).convert("RGB")
    background = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    content = ImageChops.difference(image, background).getbbox()
    bottom = content[3] if content else image.height
    image = image.crop((0, 0, image.width, min(image.height, bottom + MARGIN)))
    return image.quantize(COLORS, dither=Image.Dither.NONE)


def main() -> None:
    """Write four pictures, such as `pictures/forest-light.png`, beside this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="comparison/ or ablation/")
    parser.add_argument("--browser", help="the path of Chromium or Chrome")
    arguments = parser.parse_args()
    browser = arguments.browser or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("expected Chromium or Chrome on the PATH, found none: use --browser")
    parts = parts_of((arguments.folder / "report.html").read_text("utf-8"))
    (names,) = (NAMES[file] for file in NAMES if (arguments.folder / file).exists())
    for name, (html, width) in zip(names, parts, strict=True):
        for scheme in COLOR_SCHEMES:
            target = PICTURES / f"{name}-{scheme}.png"
            photograph(browser, html, width, scheme).save(target, optimize=True)
            print(f"{target}: {target.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()

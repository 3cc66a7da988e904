"""report.html: safe, self-contained, and complete; in a real browser where one is."""

import base64
import functools
import http.server
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from typing import get_args

import numpy as np
import pytest

from didithelp.language.words import Words
from didithelp.provenance import Provenance
from didithelp.report import report
from didithelp.report.document import (
    Block,
    Card,
    Code,
    Document,
    Drawing,
    Fold,
    Gallery,
    Items,
    Plots,
    Section,
    Table,
    Text,
)
from didithelp.report.html import page
from didithelp.report.palette import DARK, LIGHT, PRINT
from tests.didithelp.builders import (
    HOSTILE,
    NUM_EXAMPLES,
    answers_only,
    baseline,
    improved,
    judge,
)

# Names of arms must be printable, those of data sets are whatever a file says.
UNPRINTABLE = "\u202eevil\x1b[31m\x00"
VOID = {"meta", "link", "img", "br", "wbr", "use", "path", "image"}
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


class Reader(HTMLParser):
    """Elements with their attributes, texts, and whether every tag is closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def make_html(tmp_path, reference, candidate, *, language="en", **parts):
    result = judge(reference, candidate)
    written = report.Report(result, [reference, candidate], language=language, **parts)
    written.write(tmp_path)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    images = np.full((NUM_EXAMPLES, 8, 8), 200, np.uint8)
    provenance = Provenance(
        commit="c0ffee",
        dirty=True,
        source="https://host/project.git",
        command="mlflow run . -e main",
    )
    folder = tmp_path_factory.mktemp("page")
    return make_html(
        folder, baseline(), improved(), images=images, provenance=provenance
    )


def test_every_element_is_closed(html):
    assert Reader(html).open == []


def test_the_page_asks_for_nothing(html):
    allowed = {"meta", "link", "img", "image", "use"}
    for tag, attributes in Reader(html).elements:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "a")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            if address := attributes.get(name):
                assert tag in allowed
                assert address.startswith(("data:", "#"))
    assert "url(" not in re.sub(r"url\(#", "", html)
    assert "@import" not in html


def test_a_policy_forbids_what_the_page_does_not_do(html):
    metas = [found for tag, found in Reader(html).elements if tag == "meta"]
    (policy,) = [m["content"] for m in metas if "http-equiv" in m]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    # Before anything that could load something.
    assert html.index("Content-Security-Policy") < html.index("<link")


def test_the_answer_comes_first_and_its_warnings_next(html):
    text = Reader(html).text
    places = [
        text.index(part)
        for part in (
            *("Inconclusive: improved is neither", "Warnings"),
            *(
                Words("en")(f"section_{name}")
                for name in (
                    *("table", "recipes", "difference", "curves", "reliability"),
                    *("confusion", "flips", "cost", "provenance", "limits"),
                )
            ),
        )
    ]
    assert places == sorted(places)


def test_every_figure_has_a_name_and_identifiers_of_its_own(html):
    elements = Reader(html).elements
    figures = [found for tag, found in elements if tag == "svg"]
    assert len(figures) == 6
    assert all(found["role"] == "img" and found["aria-label"] for found in figures)
    identifiers = [found["id"] for _, found in elements if "id" in found]
    assert len(set(identifiers)) == len(identifiers)


def test_flipped_images_are_shown_with_what_was_said_about_them(html):
    reader = Reader(html)
    pictures = [found for tag, found in reader.elements if tag == "img"]
    assert len(pictures) == 16
    assert all(re.match(r"Test image \d+: a \d", found["alt"]) for found in pictures)
    data = pictures[0]["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert re.search(r"no\. \d+, true: \d baseline: \d \(\d/5\)", reader.text)


def test_a_long_name_does_not_push_the_numbers_off_a_picture(tmp_path):
    images = np.zeros((NUM_EXAMPLES, 8, 8), np.uint8)
    html = make_html(tmp_path, baseline(), improved(name="x" * 60), images=images)
    cards = re.findall(r"<div>(x+…): \d \(\d/5\)</div>", html)
    assert len(cards) == 16
    assert set(cards) == {"x" * 17 + "…"}


def test_provenance_is_told(html):
    text = Reader(html).text
    assert "c0ffee (with changes that are not committed)" in text
    assert "mlflow run . -e main" in text
    assert "digest of x_test" in text


def test_what_is_missing_is_said(tmp_path):
    bare = {"recipe": None, "dataset": None, "versions": {}}
    nothing = {"labels": None, "probabilities": None}
    arms = [
        make(**bare, **nothing, history=make().history[:0], name=name)
        for make, name in ((baseline, "theirs"), (improved, "ours"))
    ]
    text = Reader(make_html(tmp_path, *arms)).text
    for expected in (
        "No per-image predictions of theirs and ours: no confusion and no flipped",
        "No reliability diagram of theirs and ours",
        "No learning curves: no arm has a history by epoch.",
        "No table by seed for ours",
        "The recipe of theirs and ours is not known.",
    ):
        assert expected in text


def test_answers_have_no_reliability_and_a_reason(tmp_path):
    text = Reader(make_html(tmp_path, baseline(), answers_only(improved()))).text
    assert "No reliability diagram of improved: the predictions are answers" in text
    assert "no per-image predictions are stored" not in text


def test_diverged_runs_and_single_seeds_are_explained(tmp_path):
    text = Reader(make_html(tmp_path, baseline(), improved(diverged=(7,)))).text
    assert "Runs that diverged are left out." in text
    assert "A dot per run. The runs are not paired" not in text
    one = Reader(
        make_html(tmp_path, baseline(num_runs=1), improved(num_runs=1, diverged=(7,)))
    ).text
    assert "No interval for improved" in one
    assert "With one seed there is no band." in one


@pytest.mark.parametrize(
    "images",
    [
        None,
        np.zeros((NUM_EXAMPLES - 1, 8, 8), np.uint8),  # of another test set
        np.zeros((NUM_EXAMPLES, 8, 8), np.float32),
        np.zeros((NUM_EXAMPLES, 8, 8, 2), np.uint8),
    ],
)
def test_pictures_that_are_not_at_hand_are_missed_aloud(tmp_path, images):
    html = make_html(tmp_path, baseline(), improved(), images=images)
    assert "The pictures are not shown" in html
    assert "<img" not in html


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "has 8,001 characters, too many to be shown"),
        ("fr", "caractères, trop pour être montrée"),
    ],
)
def test_a_command_that_is_too_long_is_said_to_be(tmp_path, language, says):
    for length, is_shown in ((8000, True), (8001, False)):
        provenance = Provenance(command="x" * length)
        html = make_html(
            tmp_path, baseline(), improved(), language=language, provenance=provenance
        )
        assert ("x" * length in html) == is_shown
        assert (says in Reader(html).text) != is_shown


@pytest.mark.parametrize("name", HOSTILE)
def test_markup_in_names_stays_text(tmp_path, name):
    data = {
        "name": name + UNPRINTABLE,
        "fallback": f"because of {name}",
        "requested": name,
    }
    recipe = {name: name, "epochs": 5}
    html = make_html(
        tmp_path,
        baseline(dataset=data, versions={name: name}),
        improved(name=name, dataset=data, recipe=recipe),
        provenance=Provenance(commit=name, source=name, command=name),
    )
    reader = Reader(html)
    assert reader.open == []
    tags = {tag for tag, _ in reader.elements}
    assert tags.isdisjoint({"script", "img", "iframe"})
    assert sum(tag == "style" for tag, _ in reader.elements) == 1
    assert not any(
        key.startswith("on") for _, found in reader.elements for key in found
    )
    assert " ".join(name.split()) in reader.text
    assert "\u202e" not in html and "\x1b" not in html


def test_the_page_is_french_where_french_is_wanted(tmp_path):
    html = make_html(tmp_path, baseline(), improved(), language="fr")
    text = Reader(html).text
    assert '<html lang="fr">' in html
    assert "Quelle est la taille de la différence" in text
    # What is English, a number's point included, is left to digests and versions.
    told = text.split(Words("fr")("section_provenance"))[0]
    assert not re.search(r"\b(the|seeds|runs|differ|difference)\b", told)
    assert "None" not in text and "nan" not in text


# --- in a browser ---------------------------------------------------------------------


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    def __init__(self, *arguments, asked, **options):
        self._asked = asked
        super().__init__(*arguments, **options)

    def log_message(self, *arguments):
        self._asked.append(self.path)


@pytest.fixture
def browse(tmp_path):
    """Open a page of `tmp_path`: its DOM, the console's messages, the requests."""
    asked = []
    handler = functools.partial(Handler, directory=tmp_path, asked=asked)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def open_page(name):
        flags = [
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--enable-logging=stderr", "--v=0"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
        ]
        address = f"http://127.0.0.1:{server.server_port}/{name}"
        done = subprocess.run(
            [BROWSER, *flags, address], capture_output=True, text=True, timeout=120
        )
        lines = done.stderr.splitlines()
        return done.stdout, [line for line in lines if "CONSOLE" in line], asked

    yield open_page
    server.shutdown()
    thread.join()
    server.server_close()


@needs_browser
def test_a_browser_fetches_nothing_and_reports_nothing(tmp_path, browse):
    arms = baseline(), improved(name=HOSTILE[1], recipe={HOSTILE[0]: HOSTILE[2]})
    images = np.zeros((NUM_EXAMPLES, 8, 8), np.uint8)
    make_html(tmp_path, *arms, images=images)
    dom, messages, asked = browse("report.html")
    assert "</main>" in dom
    assert messages == []
    assert asked == ["/report.html"]


@needs_browser
def test_the_policy_stops_what_would_be_fetched_or_run(tmp_path, browse):
    """So that the test above is known to notice."""
    html = make_html(tmp_path, baseline(), improved())
    intruder = '<script>document.title = "run"</script><img src="/fetched.png">'
    (tmp_path / "bad.html").write_text(html.replace("</main>", f"{intruder}</main>"))
    dom, messages, asked = browse("bad.html")
    assert "<title>run</title>" not in dom
    assert len(messages) >= 2
    assert asked == ["/bad.html"]


@pytest.mark.parametrize(
    ("verdicts", "mark"),
    [
        (["better"], "better"),
        (["worse", "worse"], "worse several"),
        (["better", "worse"], "mixed several"),
    ],
)
def test_the_answer_has_the_color_that_all_verdicts_share(verdicts, mark):
    told = [(verdict, verdict) for verdict in verdicts]
    empty = Document("a", "en", told, [], [], [])
    html = page.render(empty, Words("en"))
    assert f'<div class="answer {mark}">' in html
    assert f".{mark.split()[0]} {{" in style_of(html)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1.0 to +2.0 (97.5%)", "-1.0\u00a0to\u00a0+2.0 (97.5%)"),
        ("97.1 ± 0.2", "97.1\u00a0±\u00a00.2"),
        ("< .001", "&lt;\u00a0.001"),
        ("no number is enough", "no number is enough"),
    ],
)
def test_numbers_of_a_table_stay_on_a_line(text, expected):
    table = Table(["", ""], [["a", text]])
    document = Document("a", "en", [], [], [], [Section("b", [table])])
    assert f"<td>{expected}</td>" in page.render(document, Words("en"))


def style_of(html):
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    return style


def test_the_style_closes_what_it_opens(html):
    style = style_of(html)
    assert style.count("{") == style.count("}") > 50


def test_every_color_that_the_page_asks_for_is_one_of_each_palette(html):
    style = style_of(html)
    asked = set(re.findall(r"var\(--([\w-]+)", html)) - {"mark"}
    assert asked <= LIGHT.variables().keys()
    for palette in (LIGHT, DARK, PRINT):
        for name, color in palette.variables().items():
            assert f"--{name}: {color};" in style
    others = re.sub(r"--[\w-]+: #[0-9a-f]{6};", "", style)
    assert not re.search(r"#[0-9a-f]{3,}\b", others)


@pytest.mark.parametrize("kind", get_args(Block))
def test_every_kind_of_block_has_its_markup(kind):
    drawing = Drawing("a", "b", b"", "<svg></svg>")
    text = Text("told")
    made = {
        "Text": text,
        "Items": Items(["told"]),
        "Code": Code("told"),
        "Table": Table(["", ""], [["told", "1"]]),
        "Plots": Plots([drawing], "told"),
        "Gallery": Gallery("a", [Card(0, b"png", "b", ["told"])], None),
        "Fold": Fold("a", [text]),
    }
    document = Document("a", "en", [], [], [], [Section("b", [made[kind.__name__]])])
    html = page.render(document, Words("en"))
    assert "told" in html and Reader(html).open == []


def test_every_text_is_cleaned_and_escaped():
    hostile = "<b>&\u202e\x1b"
    blocks = [
        *(Text(hostile), Items([hostile]), Code(hostile), Fold(hostile, [])),
        Table([hostile, "a"], [[hostile, hostile]], hostile),
        Table([hostile, "a"], [[hostile, hostile]], hostile, prose=True),
        Plots([], hostile),
        Gallery(hostile, [Card(0, b"png", hostile, [hostile])], None),
    ]
    told = [("better", hostile)]
    section = Section(hostile, blocks)
    document = Document(hostile, "en", told, [hostile], [hostile] * 7, [section])
    html = page.render(document, Words("en"))
    assert html.count("&lt;b&gt;&amp;") == 28
    assert "<b>" not in html and "\u202e" not in html and "\x1b" not in html

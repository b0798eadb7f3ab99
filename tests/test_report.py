"""The report: one file that needs no network, whose links resolve, whose labels are words, and that works in a real browser."""

import base64
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import pytest

from straightedge import InputError, measure
from straightedge.analysis.check.docstring import headings
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.report import content
from straightedge.experiments.report.chart import chart, points
from straightedge.experiments.report.formula import formula
from straightedge.experiments.report.page import own_page, published_page, write_report

pytestmark = pytest.mark.study

EVIL = "<script>alert</script>"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is here")


@dataclass(frozen=True)
class Odd(StraightThrough):
    """Straight-through with a hyper-parameter of words."""

    k: str = ""


class Parsed(HTMLParser):
    """Ids, links, addresses that would be fetched, and images without a word of what they show."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.fetched, self.silent, self.tags = [], [], [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.fetched += [given[name] for name in ("src", "srcset") if name in given]
        self.fetched += [given["href"]] if tag == "link" else []
        self.silent += tag == "img" and not given.get("alt")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "table.csv"
    estimators = [StraightThrough(), Odd(k=EVIL), Odd(k="tame"), "reinforce", "reinforce:baseline=leave_one_out,samples=2",
                  "gumbel_softmax"]
    measure(Points((2, 2), points=10), estimators, rows=60, seeds=3, jobs=1).save(path)
    return path


@pytest.fixture(scope="module")
def own(table):
    return own_page(table)


def faults(page: str) -> list[str]:
    """What is wrong with a page."""
    parsed = Parsed(page)
    return [*(f"{link} leads nowhere" for link in parsed.links if link.removeprefix("#") not in parsed.ids),
            *(f"{address[:40]} is fetched" for address in parsed.fetched if not address.startswith("data:")),
            *["an image says nothing"] * parsed.silent,
            *(f"{found} twice" for found in {one for one in parsed.ids if parsed.ids.count(one) > 1})]


def test_own_page_is_whole_and_its_labels_are_words(own):
    assert faults(own) == []
    assert "&lt;script&gt;alert" in own and EVIL not in own
    assert len([tag for tag, _ in Parsed(own).tags if tag == "img"]) == 1
    assert not re.search(r"@import|url\((?!data:)|<link|<iframe", own.partition("<script>")[0])


def test_faults_are_seen(own):
    assert faults(own.replace('href="#choose"', 'href="#chose"')) == ["#chose leads nowhere"]
    assert faults(own.replace("<main>", '<main><img src="https://example.org/x.png">'))[0].endswith("is fetched")
    assert "an image says nothing" in faults(re.sub(r'alt="[^"]*"', 'alt=""', own))


def test_the_published_report_has_every_study_estimator_and_statement():
    page = published_page()
    parsed = Parsed(page)
    assert faults(page) == [] and {"bias_variance", "cost", "ledger", "catalogue", "provenance", "benchmark"} <= set(parsed.ids)
    named = {given["data-estimator"] for tag, given in parsed.tags if tag == "details" and "data-estimator" in given}
    assert {"straight-through", "REINFORCE", "BayesBiNN"} <= named
    for tag, given in parsed.tags:
        if tag == "img":
            assert base64.b64decode(given["src"].partition(",")[2]).lstrip().startswith(b"<?xml")


def test_numbers_of_the_chart_are_the_tables(table):
    frame = content.opened(table)
    found = points(frame).set_index("label")
    rows = frame[(frame.group == "all") & (frame.draws == 1)].set_index(["label", "metric"]).value
    for label in found.index:
        length2 = rows[label, "exact2"]
        assert found.bias[label] ** 2 == pytest.approx(max(rows[label, "bias2"], 0) / length2)
        assert found.deviation[label] ** 2 == pytest.approx(rows[label, "variance"] / length2)
    written = chart(found.reset_index())
    assert set(written) == {"plane", "order"} and "http" not in str(written)


def test_labels_come_back(table):
    """Those of a table that a file holds tell estimators of one name apart, and no others."""
    frame = content.opened(table)
    assert {"straight_through", "gumbel_softmax"} <= set(frame.label)
    assert {"reinforce (baseline=none, samples=1)", "reinforce (baseline=leave_one_out, samples=2)"} <= set(frame.label)


@pytest.mark.parametrize(("name", "text", "part"), (("a.csv", "x,y\n1,2\n", "no column estimator"), ("a.xls", "", ".csv"),
                                                    ("absent.csv", None, "cannot be read")))
def test_what_is_no_table_is_refused_and_nothing_is_written(tmp_path, name, text, part):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=part):
        write_report(tmp_path / name, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_formulas():
    """Set as mathematics: a fraction, powers, indices, Greek; words stay words, and nothing is obeyed."""
    shown = formula("d x / d a := F'(a)^(1-g) w_k / tau, averaged over samples")
    assert "<mfrac>" in shown and "<msup>" in shown and "<msub>" in shown and "&#x003C4;" in shown
    assert shown.endswith(", averaged over samples") and shown.count("<math") == 1
    evil = formula("x := <script>alert(1)</script> \\href{javascript:1}{y} ^ _ & $ % ^(")
    assert not re.search(r"<(script|a|img)|href=", evil)
    for kind in registry().values():
        line = formula(headings(kind)["By"])
        assert "\\" not in line and not re.search(r"\^|merror", line) and ElementTree.fromstring(f"<p>{line}</p>") is not None


def test_groups_are_named_in_every_row():
    frame = pd.DataFrame({"estimator": ["a", "b"], "v": ["1", "2"]}, index=pd.Index(["n", "n"], name="network"))
    assert content.grid(frame).rows == [("a", ["n", "a", "1"]), ("b", ["n", "b", "2"])]


PROBE = """<script>
const errors = []; window.addEventListener("error", (event) => errors.push(event.message));
window.addEventListener("load", () => setTimeout(() => {
  const said = [], rows = () => [...document.querySelectorAll("tbody tr")];
  said.push("charts " + document.querySelectorAll("[data-chart] svg").length);
  const bar = () => [...document.querySelectorAll('[data-chart="order"] .mark-rect path')].map((one) => one.getAttribute("opacity"));
  said.push("bars " + bar().length);
  document.querySelector("button.estimator").click();
  said.push("lit " + (document.querySelectorAll("tr.on").length > 0));
  setTimeout(() => {
    said.push("dimmed " + bar().filter((one) => one !== null && Number(one) < 0.5).length);
    const box = document.getElementById("filter"); box.value = "layer0"; box.dispatchEvent(new Event("input"));
    said.push("filtered " + rows().filter((row) => !row.hidden).every((row) => row.textContent.includes("layer0")));
    const head = document.querySelector("th.number button"); head.click();
    const place = head.closest("th").cellIndex;
    const values = rows().map((row) => parseFloat(row.cells[place].textContent)).filter((one) => !Number.isNaN(one));
    said.push("sorted " + values.every((one, at) => at === 0 || values[at - 1] <= one));
    said.push("images " + [...document.images].filter((one) => !one.src.startsWith("data:")).length);
    said.push("wide " + (document.documentElement.scrollWidth > window.innerWidth));
    document.title = "SAID " + said.join("; ") + "; errors " + errors.length + " " + errors.join();
  }, 300);
}, 1500));
</script>"""


def seen(page: str, folder, width: int) -> str:
    """What a real browser says of the page, its title after the clicks."""
    (folder / "page.html").write_text(page.replace("<body>", "<body>" + PROBE, 1))
    words = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
             f"--window-size={width},1200", "--virtual-time-budget=20000", "--dump-dom", (folder / "page.html").as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)
    return re.search(r"<title>(.*?)</title>", done.stdout, re.S)[1]


@browser
@pytest.mark.parametrize("width", (1200, 500))
def test_in_a_browser(own, tmp_path, width):
    said = seen(own, tmp_path, width)
    assert said == "SAID charts 2; bars 6; lit true; dimmed 5; filtered true; sorted true; images 0; wide false; errors 0 "


@browser
def test_an_error_in_a_browser_is_seen(own, tmp_path):
    assert "errors 1" in seen(own.removesuffix("</body>\n</html>") + "<script>nothing.at.all()</script></body></html>", tmp_path, 1200)

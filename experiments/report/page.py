"""The page: one file of HTML that holds its pictures, its charts and their script, and asks no network for anything."""

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from straightedge.analysis.cell.table import read
from straightedge.analysis.claim.ledger import PAPERS
from straightedge.analysis.figure import along, measurement
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import published
from straightedge.estimators.network.error import InputError
from straightedge.experiments.bench import picture as bench
from straightedge.experiments.report import content
from straightedge.experiments.runner.listing import studies

HERE = Path(__file__).parent
METRICS = ("rmse_relative", "cosine", "efficiency", "along")


def rendered(**parts: Any) -> str:
    """The page of these parts; words are shown as they are, whatever they hold."""
    template = Environment(autoescape=True, trim_blocks=True).from_string((HERE / "page.html").read_text())
    empty: dict[str, Any] = {"studies": [], "tables": [], "catalogue": [], "charts": None, "provenance": [], "contents": []}
    fixed = {name: Markup((HERE / f"page.{kind}").read_text()) for name, kind in (("css", "css"), ("script", "js"))}
    return template.render(**empty | fixed | parts)


def charts(table: pd.DataFrame) -> dict[str, Any]:
    """The charts of a table, and the script that draws them.  Raises InputError where the libraries of the report are not installed."""
    try:
        import vl_convert

        from straightedge.experiments.report.chart import chart, points
    except ImportError as error:
        raise InputError(f"report: {error.name} is not installed; expected pip install 'straightedge[report]' before") from None
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")
    found = points(table)
    return {"charts": chart(found), "bundle": Markup(script), "points": found} if len(found) else {}


def published_page() -> str:
    """The report of all published results.  Raises InputError where there are none."""
    folder = published()
    known = {name: study for name, study in studies().items() if (folder / name / "summary.csv").is_file()}
    if not known:
        raise InputError(f"report: no published tables in {folder}; expected those that `straightedge figures` writes")
    shown = [content.section(study, folder / name) for name, study in known.items()]
    drawn = charts(read(folder / "cost" / "summary.csv")) if "cost" in known else {}
    tables = list(extras(folder))
    contents = [*([("choose", "choose")] if drawn else []), *((one["name"], one["name"].replace("_", " ")) for one in shown),
                *((one["id"], one["id"]) for one in tables), ("catalogue", "estimators"), ("provenance", "provenance")]
    introduction = ("Bias, variance and direction of gradient estimators of stochastic binary networks against the exact gradient. "
                    "Every number is of a table in results/; every sentence is made from one.")
    return rendered(title="Straightedge: results", introduction=introduction, studies=shown, tables=tables, contents=contents,
                    catalogue=content.catalogue(drawn.pop("points", None)), **drawn,
                    provenance=[(one["name"], one["made"]) for one in shown])


def extras(folder: Path):
    """The ledger, the audit and the benchmark, those that are there."""
    claims = content.frame(folder / "claims" / "claims.csv")
    if claims is not None:
        kept = claims[["decision", "statement", "where", "number", "error", "condition", "computation"]]
        counts = ", ".join(f"{count} {decision}" for decision, count in claims.decision.value_counts().items())
        yield {"id": "ledger", "title": "What papers state, decided by computation", "grid": content.grid(kept),
               "words": f"{len(claims)} statements: {counts}. {PAPERS}"}
    audit = content.frame(folder / "audit" / "audit.csv")
    if audit is not None:
        yield {"id": "audit", "title": "Other libraries' estimators", "grid": content.grid(audit.drop(columns="version")),
               "words": "What each says of itself, and what exact gradients say: its scale, 1 where it is right, and its bias over |g|."}
    speed = folder / "bench" / "bench.csv"
    if speed.is_file():
        table = pd.read_csv(speed)
        yield {"id": "benchmark", "title": "Speed", "words": bench.DRAWN, "answer": bench.PICTURE.words(table).answer,
               "image": content.images(bench.PICTURE, table), "grid": content.grid(pd.read_csv(speed, dtype=str).fillna(""))}


def own_page(path: Path) -> str:
    """The report of a measurement's table, of `measure` or of a probe along training."""
    table = content.opened(path)
    course = "step" in table
    picture, drawn = (along.PICTURE, along.DRAWN) if course else (measurement.PICTURE, measurement.DRAWN)
    words = picture.words(table)
    last = table[table.step == table.step.iloc[-1]] if course else table
    keys = [name for name in ("step",) if course]
    plain = table[table.against.isna()] if "against" in table else table
    plain = plain[plain.metric.isin(METRICS) & (plain.draws == plain.draws.min())]
    wide = plain.pivot_table("value", [*keys, "group", "label"], "metric", sort=False).reset_index()
    verdicts = table[table.metric == "bias2"].set_index([*keys, "group", "label"]).verdict
    wide["bias"] = verdicts.reindex(list(map(tuple, wide[[*keys, "group", "label"]].to_numpy()))).fillna("").to_numpy()
    names = wide.label.map(content.look.words)
    shown = wide.assign(**{name: aligned(wide[name]) for name in METRICS if name in wide}).drop(columns="label")
    shown.insert(0, "estimator", names)
    study = {"name": "measurement", "asked": "How accurate is each estimator?", "drawn": drawn, "grid": content.grid(shown), "made": "",
             "pictures": [{"image": content.images(picture, table), "answer": words.answer, "number": words.number}]}
    more = charts(last)
    more.pop("points", None)
    contents = [("choose", "choose"), ("measurement", "measurement"), ("provenance", "provenance")]
    return rendered(title=f"Measured: {path.name}", introduction=words.answer, studies=[study], contents=contents,
                    provenance=[(path.name, f"{len(table)} rows, as they were when this page was written")], **more)


def write_report(table: Path | None, out: Path) -> Path:
    """Writes the page; its path."""
    page = published_page() if table is None else own_page(table)
    replace(out, page.encode())
    return out

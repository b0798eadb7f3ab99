"""The chart in which one chooses: errors of all estimators, and their order for a number of estimates or passes."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from straightedge.analysis.figure import look
from straightedge.estimators.catalogue.registry import registry

LEAST = 1e-3
"""Where errors below are drawn, of a logarithmic axis."""
HIGHLIGHT = "highlight"
"""The parameter that holds the label of the estimator shown everywhere; empty for all."""


def points(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each network and estimator: label, name, family, bias with its interval, deviation, passes, and what efficiency is made
    of, of the whole gradient, over |g|."""
    plain = table[(table.group == "all") & (table.draws == 1)]
    plain = plain[plain.against.isna()] if "against" in plain else plain
    plain = plain if "problem" in plain else plain.assign(problem="the network measured")
    wide = plain.pivot_table("value", ["problem", "label"], "metric", sort=False).reset_index()
    wide = wide[wide.exact2 > 0].reset_index(drop=True)
    square = plain[plain.metric == "bias2"].set_index(["problem", "label"]).loc[list(map(tuple, wide[["problem", "label"]].to_numpy()))]

    def over(values: Any) -> np.ndarray:
        return np.sqrt(np.clip(np.asarray(values, float), 0, None) / wide.exact2.to_numpy())

    kinds, names = registry(), wide.label.str.partition(" (")[0]
    return pd.DataFrame({
        "problem": wide.problem, "label": wide.label, "name": wide.label.map(look.words),
        "family": [kinds[name].family if name in kinds else "other" for name in names], "bias": over(wide.bias2), "low": over(square.low),
        "high": over(square.high), "deviation": over(wide.variance),
        "passes": wide.get("evaluations", pd.Series(1.0, wide.index)).fillna(1.0),
        "along": wide.get("along", pd.Series(np.nan, wide.index))})


def chart(found: pd.DataFrame) -> dict[str, Any]:
    """The chart of these points as a Vega-Lite specification, its data within."""
    shown = found.assign(drawn_bias=found.bias.clip(lower=LEAST), drawn_deviation=found.deviation.clip(lower=LEAST))
    names = list(dict.fromkeys(shown.name))
    families = dict(zip(shown.name, shown.family, strict=True))
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=[look.colour(families[name]) for name in names]), legend=None)
    light = alt.param(name=HIGHLIGHT, value="")
    lit = f"{HIGHLIGHT} === '' || datum.label === {HIGHLIGHT}"
    problems = list(dict.fromkeys(shown.problem))
    choice: Any = alt.binding_select(options=problems, name="network ") if len(problems) > 1 else alt.Undefined
    network = alt.param(name="network", value=problems[-1], bind=choice)
    count = alt.param(name="count", value=0, bind=alt.binding_range(min=0, max=4, step=0.1, name="estimates or passes, power of ten "))
    unit = alt.param(name="unit", value="estimates", bind=alt.binding_radio(options=["estimates", "passes"], name="averaged: so many "))
    by = alt.param(name="by", value="RMSE", bind=alt.binding_radio(options=["RMSE", "efficiency"], name="in the order of "))
    tip = [alt.Tooltip("name:N", title="estimator"), *(alt.Tooltip(f"{name}:Q", format=".3~g", title=title) for name, title in (
        ("bias", "|bias| / |g|"), ("low", "95 % from"), ("high", "95 % to"), ("deviation", "deviation / |g|"), ("passes", "passes")))]
    base = alt.Chart(shown).transform_filter("datum.problem === network")
    plane = base.mark_point(filled=True, size=90).encode(
        x=alt.X("drawn_deviation:Q", scale=alt.Scale(type="log"), title="standard deviation of one estimate / |g|"),
        y=alt.Y("drawn_bias:Q", scale=alt.Scale(type="log"), title=f"|bias| / |g|, {LEAST:g} stands for less"),
        color=colour, shape=alt.Shape("family:N", legend=None), tooltip=tip,
        opacity=alt.condition(lit, alt.value(1), alt.value(0.12))).properties(width="container", height=320)
    paid = "floor(pow(10, count) / max(datum.passes, 1e-9) + 1e-9)"
    order = (base.transform_calculate(draws=f"unit === 'estimates' ? pow(10, count) : {paid}")
             .transform_filter("datum.draws >= 1")
             .transform_calculate(RMSE="sqrt(pow(datum.bias, 2) + pow(datum.deviation, 2) / datum.draws)",
                                  efficiency="pow(datum.along, 2) / (max(pow(datum.bias, 2) + 2 * datum.along - 1, pow(datum.along, 2)) + "
                                             "pow(datum.deviation, 2) / datum.draws)")
             .transform_calculate(value="by === 'RMSE' ? datum.RMSE : datum.efficiency",
                                  place="by === 'RMSE' ? datum.RMSE : -datum.efficiency"))
    bars = order.mark_bar().encode(
        x=alt.X("value:Q", scale=alt.Scale(type="symlog", constant=0.1), title="RMSE / |g|, or efficiency, of the mean"),
        y=alt.Y("name:N", sort=alt.EncodingSortField("place", op="min", order="ascending"), title=None), color=colour,
        opacity=alt.condition(lit, alt.value(1), alt.value(0.12)),
        tooltip=[alt.Tooltip("name:N", title="estimator"), alt.Tooltip("draws:Q", format=".3~g", title="estimates averaged"),
                 alt.Tooltip("RMSE:Q", format=".3~g", title="RMSE / |g|"), alt.Tooltip("efficiency:Q", format=".3~g")]).properties(
                     width="container", height=alt.Step(15), autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    told = {"plane": (plane, (light, network)), "order": (bars, (light, network, count, unit, by))}
    return {name: without_address(part.add_params(*params).to_dict()) for name, (part, params) in told.items()}


def without_address(specification: dict[str, Any]) -> dict[str, Any]:
    """The specification without the address of its schema: the page names no place of a network."""
    return {key: value for key, value in specification.items() if key != "$schema"}

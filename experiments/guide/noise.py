"""The page on noise, scale and evaluation of networks with binary units, docs/noise.md: every number is the study's."""

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import choosing_page
from straightedge.analysis.store.place import published


def page() -> str:
    """The page, from the published table of `classification`."""
    return choosing_page.page(read(published() / "classification" / "summary.csv"))

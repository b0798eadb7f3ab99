"""The ledger as files."""

import time
from pathlib import Path

import torch

from straightedge.analysis.claim.ledger import PAPERS, Decision, ledger
from straightedge.analysis.figure.markdown import markdown
from straightedge.analysis.store.file import replace
from straightedge.experiments.runner.written import leave


def write_claims(folder: Path) -> str:
    """Decides every statement anew and writes the table into this folder; the table in Markdown."""
    torch.set_num_threads(1)  # tiny tensors: threads cost more than they do
    began = time.monotonic()
    table = ledger()
    notes = [*(f"*{decision.value}*: {decision.sentence}" for decision in Decision), PAPERS]
    written = markdown(table) + "".join(f"\n{note}\n" for note in notes)
    replace(folder / "claims.csv", table.to_csv(index=False, lineterminator="\n").encode())
    replace(folder / "claims.md", written.encode())
    leave(folder, ("claims.csv", "claims.md"), "claims", began)
    return written

"""The notebook runs, shows a figure, and its first table is what a measurement of the same network by other seeds says."""

import base64
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from straightedge.analysis.store.place import checkout

PATH = checkout() / "examples" / "quickstart.ipynb"


def pictures(cells) -> list[bytes]:
    """The PNG files among the outputs."""
    found = [output["data"]["image/png"] for cell in cells for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})]
    return [base64.b64decode(one) for one in found]


def said(cells) -> str:
    """All words of the outputs."""
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "\n".join(output.get("data", {}).get("text/plain", output.get("text", "")) for output in outputs)


@pytest.mark.endtoend
def test_it_runs_and_says_what_is_committed(tmp_path, monkeypatch):
    """Exact numbers are the same, to three digits; whatever is sampled may differ elsewhere in its last ones."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(checkout()), os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(PATH, as_version=4)
    kept = nbformat.read(PATH, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    number = r"(\S+|\S+ \(.*?\)) +RMSE (\d\.\d\d)\d*, (bias \d+\.\d|no bias)"
    assert re.findall(number, said(notebook.cells)) == re.findall(number, said(kept.cells)) != []
    assert len(pictures(notebook.cells)) == 1 and pictures(notebook.cells)[0][:4] == b"\x89PNG"


@pytest.mark.unit
def test_its_outputs_are_committed():
    """A figure and tables are seen where the file is looked at; no machine's paths, no warnings, no traceback."""
    notebook = nbformat.read(PATH, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code) and len(pictures(code)) == 1
    assert sum("text/html" in output.get("data", {}) for cell in code for output in cell.outputs) >= 4
    text = Path(PATH).read_text()
    assert not re.search(r"Traceback|Warning|/home/|/work/|/tmp/", text) and len(text) < 400_000
    assert "window (width=4.0)" in said(code) and "__main__" not in text

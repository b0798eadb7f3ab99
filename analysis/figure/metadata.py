"""What a picture carries beside its lines: the key of what drew it, and what is told of where it is from, as JSON."""

import io
import json
import re
import zlib
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

NAME = "straightedge"
PLAIN: dict[str, dict[str, None]] = {"pdf": {"CreationDate": None, "Producer": None, "Creator": None},
                                     "svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
"""Fields that would differ from day to day."""
KEY = {"pdf": "Keywords", "svg": "Keywords", "png": "Comment"}
TOLD = {"pdf": "Subject", "svg": "Description", "png": "Description"}
LIMIT = 256 << 20
"""Bytes of a picture that is read."""


def fields(kind: str, made: str = "", told: dict | None = None) -> dict[str, Any]:
    """The metadata of a picture of this kind, as matplotlib takes it."""
    key = {KEY[kind]: f"{NAME} {made}"} if made else {}
    return PLAIN[kind] | key | ({TOLD[kind]: json.dumps({NAME: told})} if told else {})


def carrying(figure: Figure, told: dict) -> Figure:
    """The figure, which puts what is told into every picture of it that is saved, and shows itself in a notebook."""
    figure.savefig = partial(saved, figure, told)  # type: ignore[method-assign]
    figure._repr_png_ = partial(shown, figure)  # type: ignore[attr-defined]
    return figure


def shown(figure: Figure) -> bytes:
    """The picture for a notebook."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def saved(figure: Figure, told: dict, file: Any, **options: Any) -> None:
    """Saves a figure as its class does, with what is told of it beside the metadata that is given."""
    kind = options.get("format") or (Path(file).suffix[1:] if isinstance(file, str | Path) else "") or str(rcParams["savefig.format"])
    added = fields(kind, told=told) if kind in PLAIN else {}
    type(figure).savefig(figure, file, **options | ({"metadata": added | (options.get("metadata") or {})} if added else {}))


def carried(path: Path) -> dict | None:
    """What is told by a picture; None where it tells nothing, whatever else it may be."""
    read = {".png": of_png, ".svg": of_svg, ".pdf": of_pdf}.get(path.suffix)
    if read is None or path.stat().st_size > LIMIT:
        return None
    try:
        said = json.loads(read(path.read_bytes()) or "null")
    except (ValueError, RecursionError):
        return None
    found = said.get(NAME) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else None


def of_png(data: bytes) -> str:
    """The text chunk of this name (PNG specification, 11.3.4)."""
    place = 8
    while place + 12 <= len(data):
        size, kind = int.from_bytes(data[place:place + 4], "big"), data[place + 4:place + 8]
        body, check = data[place + 8:place + 8 + size], data[place + 8 + size:place + 12 + size]
        name, _, words = body.partition(b"\0")
        if kind == b"tEXt" and name.decode("latin-1") == TOLD["png"] and zlib.crc32(kind + body).to_bytes(4, "big") == check:
            return words.decode("latin-1")
        place += size + 12
    return ""


def of_svg(data: bytes) -> str:
    """The description, in the words of Dublin Core."""
    found = re.search(rb"<dc:description>(.*?)</dc:description>", data, re.DOTALL)
    return unescape(found[1].decode("utf-8", "replace")) if found else ""


def of_pdf(data: bytes) -> str:
    """The subject, a string in parentheses (PDF specification, 7.3.4.2)."""
    found = re.search(rb"/Subject \(((?:[^\\()]|\\.)*)\)", data, re.DOTALL)
    return re.sub(rb"\\(.)", rb"\1", found[1], flags=re.DOTALL).decode("latin-1") if found else ""

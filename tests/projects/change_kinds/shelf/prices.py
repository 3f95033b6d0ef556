"""Reads a file."""

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def price(name):
    return json.loads((DATA / "prices.json").read_text())[name]


def files():
    return sorted(path.name for path in DATA.iterdir())

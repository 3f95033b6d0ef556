"""Prices from a file."""

import json
from pathlib import Path

HERE = Path(__file__).parent


def price(name):
    return json.loads((HERE / "prices.json").read_text())[name]


def parts():
    return sorted(path.name for path in (HERE / "parts").iterdir())


def nothing():
    return 0

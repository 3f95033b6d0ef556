from functools import cache


@cache
def vat(country):
    return {"AT": 20, "DE": 19}[country]


def duty(country):
    return 5 if country == "CH" else 0

def rate(currency):
    return {"EUR": 100, "USD": 110}[currency]


def label(currency):
    return f"in {currency}"

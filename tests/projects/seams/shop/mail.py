SENT = []


def send(address, text):
    SENT.append((address, text))
    return len(SENT)


def receipt(order):
    return f"{order} paid"

import random


class Cart:
    def __init__(self):
        self.items = []
        self._count = 0

    def add(self, name, price=1):
        self.items.append((name, price))
        self._count += 1

    def __len__(self):
        return self._count


def discount(total, member):
    if total > 100:
        total = total - 10
    if member:
        total = total - 5
    return total


def label(name):
    return name.upper()


def clamp(number):
    return min(number, 10)


def is_large(number):
    return clamp(number) > 5


def half(number):
    if number < 0:
        message = "cannot halve " + str(number)
        raise ValueError(message)
    return number / 2


def lucky(number):
    return random.random() + number


def names(pairs):
    return {first + "-" + second for first, second in pairs}

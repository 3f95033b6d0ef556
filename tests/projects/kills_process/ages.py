"""Ages and doubles."""


def is_adult(age):
    return age >= 18


def double(number):
    return number * 2

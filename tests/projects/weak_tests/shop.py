def price(number):
    if number < 0:
        raise ValueError("less than nothing")
    return number * 3


def charge(account, amount):
    return account - amount


def buy(account, number):
    return charge(account, price(number))

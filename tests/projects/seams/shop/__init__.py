from shop.rates import rate

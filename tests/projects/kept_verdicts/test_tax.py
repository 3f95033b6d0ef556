import tax


def test_taxed(net):
    assert tax.taxed(net) == 15


def test_rounded():
    tax.rounded(4)

import assay
import toolkit
from toolkit.hammer import hit


def test_hit():
    assert hit(2) == 1


def test_names_are_the_projects_own():
    assert toolkit.NAME == "mine"
    assert assay.GOLD == 79

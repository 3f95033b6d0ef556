import unittest

import pool

user = None


def setUpModule():
    global user
    user = pool.login("ann")


class PoolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = pool.connect(3)

    @classmethod
    def tearDownClass(cls):
        cls.pool.clear()

    def test_first(self):
        self.assertEqual(self.pool[0], 0)

    def test_length(self):
        self.assertEqual(len(self.pool), 3)


class UserTest(unittest.TestCase):
    def test_user(self):
        self.assertEqual(user, "ann!")


class SpareTest(unittest.TestCase):
    def test_spare(self):
        self.assertEqual(pool.spare(), 7)

    def test_subtests(self):
        for number in (1, 2):
            with self.subTest(number=number):
                self.assertGreater(pool.spare(), number)

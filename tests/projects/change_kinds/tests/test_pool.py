import unittest

from shelf import pool


class PoolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pool = pool.make()

    def test_first(self):
        self.assertEqual(len(self.pool), 3)

    def test_second(self):
        self.assertEqual(self.pool[2], 2)

"""The table of the exporter: python3 -m unittest, without Kafka."""

import unittest

from exporter import SIZE, Table


def table(*points):
    made = Table()
    for at, end in points:
        made.add(at, end)
    return made


class Lookup(unittest.TestCase):
    def test_an_offset_between_two_polls_is_interpolated(self):
        self.assertAlmostEqual(table((0, 0), (10, 100), (20, 200)).lag(150), 5.0)

    def test_an_offset_before_the_table_is_extrapolated_along_all_of_it(self):
        self.assertAlmostEqual(table((100, 1000), (110, 1100)).lag(900), 20.0)

    def test_a_group_at_the_end_has_no_lag_and_one_point_tells_nothing_else(self):
        self.assertEqual(table((0, 7)).lag(7), 0.0)
        self.assertIsNone(table((0, 7)).lag(6))

    def test_a_flat_line_is_one_segment_and_the_oldest_points_go(self):
        flat = table((0, 7), (1, 7), (2, 7), (3, 7))
        self.assertEqual(list(flat.points), [(0, 7), (3, 7)])
        full = table(*((at, at) for at in range(SIZE + 5)))
        self.assertEqual((len(full.points), full.points[0]), (SIZE, (5, 5)))

    def test_a_flat_line_alone_tells_nothing_of_an_offset_before_it(self):
        self.assertIsNone(table((0, 7), (3, 7)).lag(5))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""docs/security.md names tests that exist, and every test of tests/security."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = re.compile(r'\bTEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')


def quoted(text):
    """(file, name of a test) for all that `text` quotes: a file in backticks, then names in *...*."""
    for run in re.finditer(r"`(tests/\S+?_test\.cpp)`: (\*[^*]+\*(?:, \*[^*]+\*)*)", text):
        for name in re.findall(r"\*([^*]+)\*", run[2]):
            yield run[1], name


def cases(file):
    return ["".join(re.findall(r'"([^"]*)"', case)) for case in CASE.findall((ROOT / file).read_text())]


class Security(unittest.TestCase):
    def setUp(self):
        self.page = (ROOT / "docs/security.md").read_text()

    def test_every_test_that_is_named_exists(self):
        for file, name in quoted(self.page):
            with self.subTest(name):
                self.assertTrue((ROOT / file).is_file(), file)
                self.assertIn(name, cases(file))

    def test_every_security_test_is_named(self):
        named = set(quoted(self.page))
        files = sorted((ROOT / "tests/security").glob("*_test.cpp"))
        there = {(str(file.relative_to(ROOT)), name) for file in files for name in cases(file)}

        self.assertGreater(len(there), 60)
        self.assertEqual(sorted(there - named), [], "docs/security.md: a row for each")

    def test_every_row_of_a_threat_has_a_test(self):
        rows = re.findall(r"^\| (?!threat|identity|---|a village \||forwarder|observer|health|central)(.*) \|$", self.page, re.M)

        self.assertGreater(len(rows), 25)
        for row in rows:
            with self.subTest(row[:60]):
                self.assertTrue(list(quoted(row)))


if __name__ == "__main__":
    unittest.main()

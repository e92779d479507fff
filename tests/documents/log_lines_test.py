#!/usr/bin/env python3
"""docs/operations.md explains every warning and error that the programs can log, and no other."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALL = re.compile(r"\blog::(error|warning|limited|event)\(")
LITERAL = r'"(?:[^"\\]|\\.)*"'


def lines_of(text):
    """What the calls in a C++ text log as warning or error, without the fields."""
    for call in CALL.finditer(text):
        # The fields begin at a brace; a message has none.
        head = text[call.end() : re.compile(r"\{|\)\s*;").search(text, call.end()).start()]
        texts = ["".join(part[1:-1] for part in re.findall(LITERAL, run))
                 for run in re.findall(rf"{LITERAL}(?:\s*{LITERAL})*", head)]
        if call[1] in ("limited", "event"):
            level = head.split('"')[0]
            if "Level::Info" in level and "?" in level:
                texts = texts[1:]  # what is said otherwise is no error
            elif re.match(r"\s*log::Level::(Info|Debug)", level):
                continue
        yield from texts


def logged():
    found = {}
    for folder in ("shared", "publisher", "forwarder"):
        for file in sorted((ROOT / folder).glob("*.[ch]pp")):
            for text in lines_of(file.read_text()):
                found.setdefault(text, file.relative_to(ROOT))
    return found


def explained():
    section = (ROOT / "docs/operations.md").read_text().split("\n## Lines of the log\n")[1].split("\n## ")[0]
    return [row[2] for row in re.finditer(r"^\| (`{1,2})(.*?)\1 \|", section, re.M)]


class LogLines(unittest.TestCase):
    def test_every_line_is_explained(self):
        known = set(explained())
        missing = [f"{file}: {text}" for text, file in logged().items() if text not in known]

        self.assertEqual(missing, [], "add a row to docs/operations.md#lines-of-the-log for each")

    def test_nothing_is_explained_that_is_never_logged(self):
        known = logged()

        self.assertEqual([text for text in explained() if text not in known], [])

    def test_no_line_is_explained_twice(self):
        self.assertEqual(sorted(explained()), sorted(set(explained())))

    def test_every_form_of_a_call_is_seen(self):
        code = '''log::error("a", {{"x", "no"}}); log::limited(log::Level::Warning, "b "
            "c", {}); log::info("no"); log::event(stop ? log::Level::Info : log::Level::Error, stop ? "no" : "d", {});
            log::limited(level, away ? "e" : "f", {}); log::error(bad ? "g"  : "h"); log::event(log::Level::Info, "no");'''

        self.assertEqual(list(lines_of(code)), ["a", "b c", "d", "e", "f", "g", "h"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for line, where in logged().items():
            print(f"{where}\t{line}")
    else:
        unittest.main()

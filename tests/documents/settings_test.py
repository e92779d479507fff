#!/usr/bin/env python3
"""Each setting that a document names is one of a program's, and each value that it recommends is taken."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import BIN, DOCS, ROOT  # noqa: E402

PROGRAMS = ("solar-publisher", "solar-forwarder")
NAMED = re.compile(r"`([A-Z][A-Z_]{3,})(?:=([^`\s]*))?`")
# What `compose/make-credentials` takes, what systemd sets, what Paho looks at, a word of `./dev contract`, what the pipeline is given.
OTHERS = {"NOTIFY_SOCKET", "MQTT_C_CLIENT_TRACE", "FAILED", *re.findall(r"^# ([A-Z_]+)  ", (ROOT / "compose/make-credentials").read_text(), re.M),
          *re.findall(r"\b(?:secrets|vars)\.(\w+)", (ROOT / ".github/workflows/pipeline.yml").read_text())}


def named():
    """(document, name, value or None)"""
    for file in (ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted(DOCS.glob("*.md"))):
        for name, value in NAMED.findall(file.read_text()):
            if name not in OTHERS:
                yield file.name, name, value


def settings_of(program):
    text = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  --[a-z-]+, ([A-Z_]+)$", text, re.M))


def words_of_values(program):
    """DEBUG, FULL, ..."""
    text = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True).stdout
    return {word for choice in re.findall(r"\(one of\s+([^;]*);", text) for word in re.findall(r"[A-Z]+", choice)}


def takes(program, name, value):
    """Whether the program starts with it."""
    environment = {"VILLAGE": "Bamenda", name: value}
    return subprocess.run([BIN / program, "settings"], env=environment, capture_output=True, check=False).returncode == 0


class Settings(unittest.TestCase):
    def test_every_setting_that_is_named_is_one(self):
        known = set().union(*map(settings_of, PROGRAMS), *map(words_of_values, PROGRAMS))
        names = {name for _, name, _ in named()}

        self.assertEqual({(file, name) for file, name, _ in named() if name not in known}, set())
        self.assertGreater(len(names), 15)

    def test_every_value_that_is_recommended_is_taken(self):
        owners = {program: settings_of(program) for program in PROGRAMS}
        pairs = {(name, value) for _, name, value in named() if value}

        refused = {pair for pair in pairs
                   if not any(pair[0] in owners[program] and takes(program, *pair) for program in PROGRAMS)}
        self.assertEqual(refused, set())
        self.assertGreater(len(pairs), 2)
        self.assertFalse(takes("solar-publisher", "KEEPALIVE", "soon"))


if __name__ == "__main__":
    unittest.main()

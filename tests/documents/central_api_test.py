#!/usr/bin/env python3
"""docs/central-api.md and .yaml agree with the schema of readings, with each other, and with the reference central server."""
import json
import pathlib
import re
import subprocess
import sys
import unittest
import zlib

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "contract")]
import jsonschema  # noqa: E402
import rules  # noqa: E402
import wrong_central  # noqa: E402
import yaml  # noqa: E402
from rig import DOCS, Rig  # noqa: E402

API = yaml.safe_load((DOCS / "central-api.yaml").read_text())
PAGE = (DOCS / "central-api.md").read_text()
POST = API["paths"]["/api/solar"]["post"]
KEY = API["components"]["parameters"]["IdempotencyKey"]


def bare(schema):
    """Without what is for people."""
    if isinstance(schema, dict):
        return {name: bare(value) for name, value in schema.items() if name not in ("description", "title", "examples")}
    return schema


def statuses_of_page():
    """Of the first column of its table."""
    rows = PAGE.split("## What each answer does\n")[1].split("\n## ")[0]
    return set(re.findall(r"\b[1-5]\d\d\b", " ".join(re.findall(r"^\| ([^|]*) \|", rows, re.M))))


class CentralApi(unittest.TestCase):
    def test_both_schemas_of_a_reading_say_the_same(self):
        reading = json.loads((DOCS / "reading.schema.json").read_text())
        whole = {**reading, "required": reading["required"] + reading["$defs"]["at-central"]["required"]}
        for name in ("$schema", "$id", "$defs"):
            del whole[name]

        self.assertEqual(bare(API["components"]["schemas"]["Reading"]), bare(whole))

    def test_examples_are_valid(self):
        for example in POST["requestBody"]["content"]["application/json"]["examples"].values():
            jsonschema.Draft202012Validator(API["components"]["schemas"]["Reading"]).validate(example["value"])
        jsonschema.Draft202012Validator(KEY["schema"]).validate(KEY["example"])

    def test_the_request_on_the_page_is_a_real_one(self):
        head, body = re.search(r"```http\n(.*?)\n\n(.*?)\n```", PAGE, re.S).groups()
        key = re.search(r'Idempotency-Key: (".*")', head)[1]

        self.assertEqual(key.strip('"'), f"Bamenda/main/{json.loads(body)['id']}/{zlib.crc32(body.encode()):08x}")
        self.assertEqual(key, KEY["example"])
        self.assertIn(f"Content-Length: {len(body)}", head)

    def test_the_page_tells_of_every_status_of_the_api(self):
        own = {status for status in POST["responses"] if status.isdigit() and not status.startswith("2")} - {"503"}

        self.assertEqual(own - statuses_of_page(), set())

    def test_the_page_counts_right(self):
        self.assertIn(f"tries {len(rules.RULES)} rules", PAGE)
        self.assertIn(f"{len(wrong_central.FAULTS)} servers that are wrong in one way", PAGE)

    def test_the_commands_on_the_page_do_what_they_say(self):
        commands = re.search(r"## By hand\n\n```sh\n(.*?)```", PAGE, re.S)[1]
        expected = re.findall(r"# (\d\d\d)", commands)
        with Rig() as rig:
            rig.start_central()
            said = subprocess.run(["bash", "-c", commands.replace("http://127.0.0.1:8000", rig.central)], check=True,
                                  capture_output=True, text=True).stdout

        self.assertEqual(re.findall(r" (\d\d\d)$", said, re.M), expected)
        self.assertGreater(len(expected), 3)


if __name__ == "__main__":
    unittest.main()

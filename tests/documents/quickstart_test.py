#!/usr/bin/env python3
"""docs/quickstart.md: ten commands at most for each place, and those for a laptop do what they say, as they stand there."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import BIN, DOCS, Rig  # noqa: E402

PAGE = (DOCS / "quickstart.md").read_text()
COMMANDS_MAX = 10


def section(name):
    return re.split(r"\n## ", PAGE.split(f"\n## {name}\n")[1])[0]


def commands(text):
    """Of its blocks, without comments; a line that goes on, or a loop, is one command."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    lines = "".join(blocks).replace("\\\n", " ").replace("do\n", "do ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


class QuickStart(unittest.TestCase):
    def test_ten_commands_at_most(self):
        for name in ("Laptop", "Cluster", "Gateway"):
            until_the_first_reading = section(name).split("The same over TLS")[0]
            with self.subTest(name):
                self.assertLessEqual(len(commands(until_the_first_reading)), COMMANDS_MAX)

    def test_a_laptop_gets_its_first_reading(self):
        lines = commands(section("Laptop").split("The same over TLS")[0])
        running = lines[lines.index("cd build/release/bin") + 1 :]
        with Rig() as rig:
            script = "\n".join(["set -m", "PATH=$PATH:/usr/sbin", *running])
            script = script.replace("./solar-", f"{BIN}/solar-").replace("1883", str(rig.broker_port))
            script = script.replace("127.0.0.1:8000", rig.central[7:])
            environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": "off",
                           "BROKER_URL": f"mqtt://127.0.0.1:{rig.broker_port}"}
            process = subprocess.run(["bash", "-c", script], cwd=rig.folder, env=environment, capture_output=True, text=True,
                                     timeout=120, check=False)

        self.assertIn("Sync successful", process.stdout, process.stderr)
        self.assertIn('"power_kw":120', process.stdout, process.stderr)


if __name__ == "__main__":
    unittest.main()

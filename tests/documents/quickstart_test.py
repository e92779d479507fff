#!/usr/bin/env python3
"""docs/quickstart.md: ten commands at most for each place; those for a laptop and the cluster's last are run as they stand there."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import BIN, DOCS, ROOT, Rig, SecureRig  # noqa: E402

PAGE = (DOCS / "quickstart.md").read_text()
COMMANDS_MAX = 10


def section(name):
    return re.split(r"\n## ", PAGE.split(f"\n## {name}\n")[1])[0]


def commands(text):
    """Of its blocks, without comments; a line that goes on, or a loop, is one command."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    lines = "".join(blocks).replace("\\\n", " ").replace("do\n", "do ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def ways():
    """(name, its commands): each is one way from nothing to a first reading."""
    by_hand, in_containers = section("Laptop").split("\nIn containers")
    texts = {"Laptop": by_hand, "Containers": in_containers, "Cluster": section("Cluster"), "Gateway": section("Gateway")}
    return {name: commands(text) for name, text in texts.items()}


class QuickStart(unittest.TestCase):
    def test_ten_commands_at_most(self):
        for name, lines in ways().items():
            with self.subTest(name):
                self.assertLessEqual(len(lines), COMMANDS_MAX)

    def test_a_laptop_gets_its_first_reading(self):
        lines = ways()["Laptop"]
        start = next(at for at, line in enumerate(lines) if line.startswith("cd build/release/bin && "))
        lines = [lines[start].removeprefix("cd build/release/bin && "), *lines[start + 1 :], "kill %1 %2 %3"]
        with Rig() as rig:
            script = "\n".join(["set -m", *lines]).replace("1884", str(rig.broker_port))
            script = script.replace("./solar-", f"{BIN}/solar-").replace("127.0.0.1:8000", rig.central[7:])
            # What an ordinary user has.
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HTTP_LISTEN": "off"}
            process = subprocess.run(["bash", "-c", script], cwd=rig.folder, env=environment, capture_output=True, text=True,
                                     timeout=120, check=False)

        self.assertIn("Sync successful", process.stdout, process.stderr)
        self.assertIn('"power_kw":120', process.stdout, process.stderr)

    def test_a_cluster_gets_its_first_reading(self):
        # The last command, word for word, but without the container; credentials and broker as they are shipped.
        command = ways()["Cluster"][-1].replace("$PWD/compose/credentials", "CREDENTIALS")
        village = re.search(r"CREDENTIALS(/[\w/]+):/credentials:ro", command)[1]
        arguments = command.split(" solar-publisher:0.1.0 ")[1]
        with SecureRig() as rig:
            rig.start_broker()
            rig.start_central()
            rig.start_forwarder()
            arguments = arguments.replace("/credentials/", f"{rig.secrets}{village}/").replace("/outbox/", f"{rig.folder}/")
            arguments = arguments.replace("localhost:8883", f"localhost:{rig.broker_port}")
            process = subprocess.run(["bash", "-c", f"{BIN}/solar-publisher {arguments}"], capture_output=True, text=True,
                                     timeout=120, check=False)

        self.assertIn("Sync successful", process.stdout, process.stderr)

    def test_a_cluster_has_the_files_of_its_secrets(self):
        pairs = re.search(r"for who in (.*?); do", section("Cluster"))[1].split()
        mounted = {"solar-forwarder-mqtt": ("k8s/base", "forwarder"), "solar-broker": ("k8s/broker", "broker")}

        self.assertEqual(dict(pair.split(":")[::-1] for pair in pairs), {name: who for name, (_, who) in mounted.items()})
        for secret, (folder, _) in mounted.items():
            self.assertTrue(any(secret in file.read_text() for file in (ROOT / folder).glob("*.yaml")), secret)

    def test_compose_has_what_is_named(self):
        text = (ROOT / "compose/compose.yaml").read_text()
        services = yaml.safe_load(text)["services"]
        for line in ways()["Containers"]:
            for service in re.findall(r"\b(?:exec -T|run --rm) (\w+)", line):
                self.assertIn(service, services)
        self.assertIn("127.0.0.1:8000:8000", services["central"]["ports"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The disaster recovery drill of docs/operations.md, played: real programs, the broker as it is shipped, everything lost.

  tests/documents/drill_test.py --drill     once, with what was found and how long it took
"""
import contextlib
import io
import json
import pathlib
import shutil
import sqlite3
import sys
import time
import unittest
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import BIN, SecureRig, eventually  # noqa: E402

READINGS = 1000
FORWARDERS = ("forwarder-1", "forwarder-2")


def tell(what):
    print(f"{time.strftime('%H:%M:%S')}  {what}")


class Place(SecureRig):
    """A gateway, and a cluster that can go and come again."""

    def begin(self):
        self.start_broker()
        self.start_central()
        shutil.copytree(self.secrets, self.folder / "offline")

    def start_forwarders(self):
        for name in FORWARDERS:
            self.start_forwarder(name)

    def lose_cluster(self):
        """Processes, inboxes, the broker's volume, Secrets: all at once."""
        for name in (*FORWARDERS, "broker"):
            self.end(self.processes[name])
        for file in [*self.folder.glob("forwarder-*"), *self.folder.glob("mosquitto.db*")]:
            file.unlink()
        shutil.rmtree(self.secrets)

    def make_cluster_again(self):
        """How long it took, from nothing but the offline copy of the credentials."""
        began = time.monotonic()
        shutil.copytree(self.folder / "offline", self.secrets)
        self.run_broker()
        self.start_forwarders()
        return time.monotonic() - began

    def move(self, name, start, end):
        """The files of one database to another folder, in place of what is there."""
        end.mkdir(exist_ok=True)
        for file in end.glob(f"{name}*"):
            file.unlink()
        for file in start.glob(f"{name}*"):
            if file.is_file():
                shutil.copy(file, end)

    def start_gateway(self, source):
        (self.folder / source).touch()
        return self.start("gateway", BIN / "solar-publisher", "run", "--village", "Bamenda", "--broker-url",
                          f"mqtts://localhost:{self.broker_port}", *self.identity("villages/Bamenda"), "--outbox-path", "outbox.db",
                          "--reconnect-spread", "0s", "--reconnect-max", "200ms", "--receipt-timeout", "2s", "--source", source,
                          "--follow", "--accepted", "accepted")

    def stop_gateway(self):
        self.processes["gateway"].terminate()
        self.processes["gateway"].wait(30)

    def write(self, source, first, count):
        with open(self.folder / source, "a", encoding="utf-8") as file:
            file.writelines('{"power_kw":1,"n":%d}\n' % n for n in range(first, first + count))

    def waiting(self):
        text = self.run("solar-publisher", "status", "--json", "--village", "Bamenda", "--outbox-path", "outbox.db").stdout
        return json.loads(text)["waiting"] if text else -1

    def accepted(self):
        """The ids that the gateway said."""
        file = self.folder / "accepted"
        return file.read_text().splitlines() if file.exists() else []

    def all_is_at_central(self, count):
        eventually(lambda: len(self.accepted()) == count and self.waiting() == 0, f"all {count} are at central", 120)

    def numbers(self):
        """`n` of each reading at central, in order."""
        return sorted(json.loads(body)["n"] for _, body in self.stored())

    def repost(self, key, body):
        request = urllib.request.Request(self.central + "/api/solar", data=body, method="POST",
                                         headers={"Content-Type": "application/json", "Idempotency-Key": f'"{key}"'})
        return urllib.request.urlopen(request).status


class Drill(unittest.TestCase):
    def assert_each_once(self, place, count):
        self.assertEqual(place.numbers(), list(range(1, count + 1)))
        self.assertEqual(len(set(place.accepted())), count)

    def test_the_cluster_is_lost_and_made_again(self):
        with Place() as place:
            place.begin()
            place.start_forwarders()
            place.start_gateway("lines")
            place.write("lines", 1, READINGS)
            eventually(lambda: len(place.stored()) > READINGS / 20, "readings arrive")

            at_central = len(place.stored())
            place.lose_cluster()
            tell(f"lost: broker, its volume, two forwarders, their inboxes, the Secrets; central had {at_central} of {READINGS}")
            place.write("lines", READINGS + 1, 100)
            eventually(lambda: len(place.accepted()) == READINGS + 100, "the gateway accepts without a cluster")
            tell(f"made again from the offline copy in {place.make_cluster_again():.1f} s")

            place.all_is_at_central(READINGS + 100)
            self.assert_each_once(place, READINGS + 100)
            tell("all is at central, each once; the gateway was not touched")

    def test_a_gateways_outbox_is_restored_from_a_copy(self):
        with Place() as place:
            place.begin()
            place.start_gateway("before")
            place.write("before", 1, 200)
            eventually(lambda: len(place.accepted()) == 200, "200 are accepted while no forwarder is there")
            place.stop_gateway()
            place.move("outbox.db", place.folder, place.folder / "backup")
            place.start_forwarders()
            place.start_gateway("after")
            place.write("after", 201, 100)
            place.all_is_at_central(300)
            place.stop_gateway()

            place.move("outbox.db", place.folder / "backup", place.folder)
            tell("restored: an outbox of before the last 100, with 200 readings in it that central has")
            self.assertEqual(place.waiting(), 200)
            place.start_gateway("restored")
            place.write("restored", 301, 50)

            place.all_is_at_central(350)
            self.assert_each_once(place, 350)
            tell("its 200 went again with their keys, 50 new ones got new ids: each is there once")

    def test_centrals_backup_is_restored(self):
        with Place() as place:
            place.begin()
            place.start_forwarders()
            place.start_gateway("lines")
            place.write("lines", 1, 50)
            place.all_is_at_central(50)
            with contextlib.closing(sqlite3.connect(place.folder / "central.db")) as live, \
                    contextlib.closing(sqlite3.connect(place.folder / "backup.db")) as backup:
                live.backup(backup)

            place.end(place.processes["central"])
            for file in place.folder.glob("central.db*"):
                file.unlink()
            shutil.move(place.folder / "backup.db", place.folder / "central.db")
            place.start_central()

            self.assertEqual(place.repost(*place.stored()[0]), 200)
            self.assert_each_once(place, 50)
            tell("central's backup restored: a reading that is posted again is answered 200")


if __name__ == "__main__":
    if sys.argv[1:] == ["--drill"]:
        sys.argv[1:] = []
        unittest.main()
    with contextlib.redirect_stdout(io.StringIO()):
        unittest.main()

#!/usr/bin/env python3
"""One village behind a small link, for docs/operations.md: bytes, time, memory and processor time, on real processes.

  sudo tests/bench/small_link.py [--kbit 256] [--backlog 8640] [--live 30] [--idle 300] [--load 20000]

The broker is configured as compose and k8s have it, with certificates on both sides. The village is in a network namespace
of its own; a token bucket holds its link to the rate, in both directions. Bytes are those of the interface: TLS, TCP, IP and
Ethernet headers, and what is sent again, all included. Needs root.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "documents"))
from rig import BIN, SecureRig, eventually  # noqa: E402

LINE = '{"power_kw":%.1f,"energy_kwh":%.2f,"inverter_c":%.1f}\n'
DAY = 86400


def line(n):
    return LINE % (60 + 57 * ((n * 37) % 100) / 100, 51234 + n * 0.17, 31 + (n * 13 % 170) / 10)


def sh(command):
    subprocess.run(command, shell=True, check=True, capture_output=True)


def say(what, value):
    print(f"{what:<80} {value}", flush=True)


def memory(process):
    values = dict(row.split(":") for row in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines() if ":" in row)
    return "%.1f / %.1f / %.1f MiB" % tuple(int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM"))


def processor_ms(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Link(SecureRig):
    """A rig whose publisher lives behind the link."""

    villages = ("Bamenda", "Direct")

    def build(self, kbit):
        # 10.<pid>.<pid>.x is unlikely to be anybody's; one run has one.
        self.net = f"10.{os.getpid() // 250 % 200 + 20}.{os.getpid() % 250}"
        self.hosts = f"{self.net}.1"
        self.space, self.near, self.far = (f"{name}{os.getpid()}" for name in ("solar", "sn", "sf"))
        sh(f"ip netns add {self.space}")
        self.callback(lambda: sh(f"ip netns del {self.space}"))
        sh(f"ip link add {self.near} type veth peer name {self.far} netns {self.space}")
        sh(f"ip addr add {self.net}.1/24 dev {self.near} && ip link set {self.near} up")
        inside = f"ip -n {self.space}"
        sh(f"{inside} addr add {self.net}.2/24 dev {self.far} && {inside} link set {self.far} up && {inside} link set lo up")
        # A bucket is smaller than what the kernel would hand over as one piece.
        sh(f"ip link set {self.near} gso_max_size 1500 && {inside} link set {self.far} gso_max_size 1500")
        shape = f"root tbf rate {kbit}kbit burst 4kb latency 2s"
        sh(f"tc qdisc add dev {self.near} {shape} && tc -n {self.space} qdisc add dev {self.far} {shape}")

    def bytes(self):
        """What came from the village, and what went to it."""
        folder = pathlib.Path(f"/sys/class/net/{self.near}/statistics")
        return tuple(int((folder / name).read_text()) for name in ("rx_bytes", "tx_bytes"))

    def bytes_of(self, action, parts=1):
        """What the link carries while `action` runs, from and to the village, for each part of it."""
        before = self.bytes()
        action()
        return "%.1f, %.1f" % tuple((b - a) / parts for a, b in zip(before, self.bytes()))

    def quiet(self):
        """Waits until nothing has passed for two seconds."""
        state = {"bytes": None, "since": 0.0}

        def still():
            if (now := self.bytes()) != state["bytes"]:
                state.update(bytes=now, since=time.monotonic())
            return time.monotonic() - state["since"] > 2

        eventually(still, "the link is quiet", 120, 0.1)

    def start_behind(self, source):
        (self.folder / source).touch()
        url = f"mqtts://{self.net}.1:{self.broker_port}"
        process = self.start(source, "ip", "netns", "exec", self.space, BIN / "solar-publisher", "run", "--village", "Bamenda",
                             "--broker-url", url, *self.identity("villages/Bamenda"), "--outbox-path", "outbox.db",
                             "--reconnect-spread", "0s", "--source", source, "--follow")
        eventually(lambda: "connected" in self.log(source), "the publisher connects", 120)
        return process

    def fill(self, count):
        """An outbox from a time without a link."""
        (self.folder / "backlog").write_text("".join(line(n) for n in range(count)))
        process = self.start("filling", BIN / "solar-publisher", "run", "--village", "Bamenda", "--broker-url", "mqtt://127.0.0.1:9",
                             "--outbox-path", "outbox.db", "--source", "backlog", "--follow")
        eventually(lambda: self.status()["waiting"] == count, "the backlog is in the outbox", 600, 0.5)
        status = self.status()
        self.stop(process)
        return status["size_bytes"] / count

    def stop(self, process):
        process.terminate()
        process.wait(60)

    def status(self):
        text = self.run("solar-publisher", "status", "--json", "--village", "Bamenda", "--outbox-path", "outbox.db").stdout
        return json.loads(text) if text else {"waiting": -1}

    def drained(self, patience=60):
        eventually(lambda: self.status()["waiting"] == 0, "central has all", patience, 0.3)

    def at_central(self):
        return json.loads(urllib.request.urlopen(self.central + "/api/solar/count").read())["readings"]

    def inbox(self):
        return json.loads(self.run("solar-forwarder", "status", "--json", *self.forwarder_arguments()).stdout or "{}")

    def publish_directly(self, first, count):
        """Readings with ids of their own, as fast as the broker takes them."""
        completed = '{"id":"9f86d081884c7d65-%d","village":"Direct","device":"main","measured_at":"2026-01-28T10:15:00.000Z",%s'
        folder = self.secrets / "villages/Direct"
        subprocess.run(["mosquitto_pub", "-V", "5", "-h", "localhost", "-p", str(self.broker_port), "-q", "1", "-l", "-t",
                        "solar/Direct/main/readings", "--cafile", folder / "ca.crt", "--cert", folder / "client.crt", "--key",
                        folder / "client.key"], check=True,
                       input="".join(completed % (n, line(n)[1:]) for n in range(first, first + count)).encode())


def measure_idle(rig, options, running):
    def wait():
        time.sleep(options.idle)  # what is measured is that nothing happens

    rig.quiet()
    before = {name: processor_ms(process) for name, process in running.items()}
    say(f"bytes a day of an idle link, out of {options.idle} s", rig.bytes_of(wait, options.idle / DAY))
    for name, process in running.items():
        say(f"idle: {name}, resident / anonymous / highest resident", memory(process))
        say(f"idle: {name}, processor milliseconds a minute", "%.1f" % ((processor_ms(process) - before[name]) * 60 / options.idle))


def measure_live(rig, options):
    def trickle():
        with open(rig.folder / "live", "a", encoding="utf-8") as file:
            for n in range(options.live):
                file.write(line(n))
                file.flush()
                time.sleep(2)  # a pace, not a wait: readings that come one by one
        rig.drained()

    say(f"bytes for each of {options.live} live readings, 2 s apart", rig.bytes_of(trickle, options.live))


def measure_backlog(rig, options, forwarder):
    body, took = len(line(0)) - 1, [0.0]
    say(f"a line of the source, {body} bytes: bytes of the outbox for each", "%.0f" % rig.fill(options.backlog))
    started = []

    def drain():
        took[0] = -time.monotonic()
        started.append(rig.start_behind("drain"))
        rig.drained(7200)
        took[0] += time.monotonic()

    before = processor_ms(forwarder)
    traffic = rig.bytes_of(drain, options.backlog)
    say(f"{options.backlog} readings of backlog at {options.kbit} kbit/s: seconds, from the start of the program", "%.1f" % took[0])
    say("bytes for each, connect included", traffic)
    say("publisher then, resident / anonymous / highest resident", memory(started[0]))
    for name, spent in (("publisher", processor_ms(started[0])), ("forwarder", processor_ms(forwarder) - before)):
        say(f"{name}, processor milliseconds for 1,000 readings of it", "%.0f" % (spent * 1000 / options.backlog))


def measure_load(rig, options, forwarder, broker):
    first, had = options.load, rig.at_central()
    before = processor_ms(forwarder), processor_ms(broker)
    rig.publish_directly(first, options.load)
    eventually(lambda: rig.at_central() == had + options.load, "central has all", 600)
    for name, process, spent in (("forwarder", forwarder, before[0]), ("broker", broker, before[1])):
        spent = (processor_ms(process) - spent) * 1000 / options.load
        say(f"{options.load} single messages at full speed: {name}, processor milliseconds for 1,000", "%.0f" % spent)
        say(f"{name} then, resident / anonymous / highest resident", memory(process))

    rig.fail(status=503, count=-1)
    rig.publish_directly(2 * first, options.load)
    eventually(lambda: rig.inbox().get("waiting") == options.load, "all of them wait in the inbox", 600, 0.5)
    say("bytes of the inbox for each reading that waits there", "%.0f" % (rig.inbox()["size_bytes"] / options.load))
    say("forwarder then, resident / anonymous / highest resident", memory(forwarder))


def measure(rig, options):
    rig.build(options.kbit)
    rig.start_central()
    broker, forwarder = rig.start_broker(), rig.start_forwarder()
    started = []

    def connect():
        started.append(rig.start_behind("live"))
        rig.quiet()

    say("bytes of one connect with its TLS handshake, from and to the village", rig.bytes_of(connect))
    measure_idle(rig, options, {"publisher": started[0], "forwarder": forwarder, "broker": broker})
    measure_live(rig, options)
    rig.stop(started[0])
    measure_backlog(rig, options, forwarder)
    measure_load(rig, options, forwarder, broker)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("kbit", 256), ("backlog", 8640), ("live", 30), ("idle", 300), ("load", 20000)):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("small_link: needs root, for a network namespace")
    with Link() as rig:
        measure(rig, options)


if __name__ == "__main__":
    main()

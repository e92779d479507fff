#!/usr/bin/env python3
"""One village behind a small link, for docs/operations.md: bytes, time and memory, on real processes over TLS.

  sudo tests/bench/small_link.py [--kbit 256] [--backlog 8640] [--live 30]

The village is in a network namespace of its own; a token bucket holds its link to the rate, in both directions.
Bytes are those of the interface: TLS, TCP, IP and Ethernet headers, and what is sent again, all included. Needs root.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "documents"))
from rig import BIN, Rig, eventually  # noqa: E402

DIRECT = 20_000
LINE = '{"power_kw":%.1f,"energy_kwh":%.2f,"inverter_c":%.1f}\n'


def line(n):
    return LINE % (60 + 57 * ((n * 37) % 100) / 100, 51234 + n * 0.17, 31 + (n * 13 % 170) / 10)


def sh(command):
    subprocess.run(command, shell=True, check=True, capture_output=True)


class Link(Rig):
    """A rig whose publisher lives behind the link."""

    def build(self, options):
        # 10.<pid>.<pid>.x is unlikely to be anybody's; one run has one.
        self.net = f"10.{os.getpid() // 250 % 200 + 20}.{os.getpid() % 250}"
        self.space, self.near, self.far = (f"{name}{os.getpid()}" for name in ("solar", "sn", "sf"))
        sh(f"ip netns add {self.space}")
        self.callback(lambda: sh(f"ip netns del {self.space}"))
        sh(f"ip link add {self.near} type veth peer name {self.far} netns {self.space}")
        sh(f"ip addr add {self.net}.1/24 dev {self.near} && ip link set {self.near} up")
        inside = f"ip -n {self.space}"
        sh(f"{inside} addr add {self.net}.2/24 dev {self.far} && {inside} link set {self.far} up && {inside} link set lo up")
        # A bucket is smaller than what the kernel would hand over as one piece.
        sh(f"ip link set {self.near} gso_max_size 1500 && {inside} link set {self.far} gso_max_size 1500")
        shape = f"root tbf rate {options.kbit}kbit burst 4kb latency 2s"
        sh(f"tc qdisc add dev {self.near} {shape} && tc -n {self.space} qdisc add dev {self.far} {shape}")

    def bytes(self):
        """What came from the village, and what went to it."""
        folder = pathlib.Path(f"/sys/class/net/{self.near}/statistics")
        return tuple(int((folder / name).read_text()) for name in ("rx_bytes", "tx_bytes"))

    def start_broker(self):
        command = ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=broker "
                   f"-addext subjectAltName=IP:{self.net}.1 -keyout {self.folder}/key -out {self.folder}/crt")
        sh(command)
        (self.folder / "mosquitto.conf").write_text(
            f"allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 100\nuser root\n"
            f"listener {self.broker_port} 127.0.0.1\nset_tcp_nodelay true\n"
            f"listener 8883 {self.net}.1\ncertfile {self.folder}/crt\nkeyfile {self.folder}/key\n")
        process = self.start("broker", "mosquitto", "-c", "mosquitto.conf")
        eventually(lambda: self.answers(self.broker_port), "the broker listens")
        return process

    def start_behind(self):
        arguments = ["--village", "Bamenda", "--broker-url", f"mqtts://{self.net}.1:8883", "--mqtt-ca-file", "crt",
                     "--outbox-path", "outbox.db", "--reconnect-spread", "0s", "--source", "lines", "--follow"]
        return self.start("publisher", "ip", "netns", "exec", self.space, BIN / "solar-publisher", "run", *arguments)

    def add_lines(self, first, count):
        with open(self.folder / "lines", "a", encoding="utf-8") as file:
            file.writelines(map(line, range(first, first + count)))

    def status(self):
        text = self.run("solar-publisher", "status", "--json", "--village", "Bamenda", "--outbox-path", "outbox.db").stdout
        return json.loads(text) if text else {"waiting": -1}

    def inbox(self):
        return json.loads(self.run("solar-forwarder", "status", "--json", *self.forwarder_arguments()).stdout or "{}")


def memory(process):
    values = dict(row.split(":") for row in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines() if ":" in row)
    return "%.1f / %.1f MiB" % tuple(int(values[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))


def say(what, value):
    print(f"{what:<68} {value}", flush=True)


def measure(rig, options):
    rig.build(options)
    rig.start_central()
    rig.add_lines(0, options.backlog)
    publisher = rig.start_behind()
    eventually(lambda: rig.status()["waiting"] == options.backlog, "the backlog is in the outbox", 600, 0.5)
    status = rig.status()
    body = len(line(0)) - 1
    say(f"a line of the source, {body} bytes: bytes of the outbox for each", "%.0f" % (status["size_bytes"] / status["waiting"]))

    broker, forwarder = rig.start_broker(), rig.start_forwarder()
    began, before = time.monotonic(), rig.bytes()
    eventually(lambda: rig.status()["waiting"] == 0, "the backlog is drained", 7200, 0.3)
    took, after = time.monotonic() - began, rig.bytes()
    up, down = (b - a for a, b in zip(before, after))
    say(f"{options.backlog} readings of backlog at {options.kbit} kbit/s: seconds, with the connect", "%.1f" % took)
    say("bytes on the wire for each, from and to the village", "%.1f, %.1f" % (up / options.backlog, down / options.backlog))
    say("memory then, resident / anonymous: publisher", memory(publisher))
    say("forwarder", memory(forwarder))
    say("broker", memory(broker))

    before = rig.bytes()
    for n in range(options.live):
        rig.add_lines(options.backlog + n, 1)
        time.sleep(2)  # a pace, not a wait: readings that come one by one
    eventually(lambda: rig.status()["waiting"] == 0, "all is live again", every=0.3)
    up, down = (b - a for a, b in zip(before, rig.bytes()))
    value = "%.0f, %.0f" % (up / options.live, down / options.live)
    say(f"bytes on the wire for each of {options.live} live readings, 2 s apart", value)

    rig.fail(status=503, count=-1)
    completed = '{"id":"9f86d081884c7d65-%d","village":"Direct","device":"main","measured_at":"2026-01-28T10:15:00.000Z",%s'
    lines = "".join(completed % (n + 1, line(n)[1:]) for n in range(DIRECT))
    subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(rig.broker_port), "-q", "1", "-l", "-t", "solar/Direct/main/readings"],
                   input=lines.encode(), check=True)
    eventually(lambda: rig.inbox().get("waiting") == DIRECT, "all of them wait in the inbox", 600, 0.5)
    inbox = rig.inbox()
    say("bytes of the inbox for each reading that waits there", "%.0f" % (inbox["size_bytes"] / DIRECT))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("kbit", 256), ("backlog", 8640), ("live", 30)):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("small_link: needs root, for a network namespace")
    with Link() as rig:
        measure(rig, options)


if __name__ == "__main__":
    main()

"""Real programs for the documents' tests: a broker, central, forwarders, publishers. Everything ends with the rig."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from ports import free_port  # noqa: E402

BIN = pathlib.Path(os.environ.get("SOLAR_BIN_DIR", ROOT / "build/release/bin"))
DOCS = ROOT / "docs"


def eventually(condition, what, patience=30, every=0.02):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"never in {patience} s: {what}")
        time.sleep(every)
    return value


class Rig(contextlib.ExitStack):
    """A folder, and processes that are killed with it."""

    def __enter__(self):
        super().__enter__()
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="solar-documents-")))
        self.processes = {}
        self.broker_port, self.central_port = free_port(), free_port()
        self.central = f"http://127.0.0.1:{self.central_port}"
        return self

    def start(self, name, program, *arguments, **environment):
        """A process whose output goes to <name>.out and <name>.log."""
        clean = {"PATH": os.environ["PATH"], "TERM": "dumb", "HTTP_LISTEN": "off"}
        with open(self.folder / f"{name}.out", "ab") as out, open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                       env={**clean, **environment}, cwd=self.folder)
        self.callback(self.end, process)
        self.processes[name] = process
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()

    def output(self, name):
        return (self.folder / f"{name}.out").read_text()

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def answers(self, port):
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", port)) == 0

    def start_broker(self):
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\npersistence false\n")
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        process = self.start("broker", mosquitto, "-c", "mosquitto.conf")
        eventually(lambda: self.answers(self.broker_port), "the broker listens")
        return process

    def start_central(self):
        process = self.start("central", BIN / "solar-central", "--listen", self.central[7:], "--database", "central.db",
                             "--test-control")
        eventually(lambda: self.answers(self.central_port), "central listens")
        return process

    def fail(self, **fault):
        request = urllib.request.Request(self.central + "/test/fault", data=json.dumps(fault).encode(), method="POST")
        urllib.request.urlopen(request).read()

    def stored(self):
        """(key, body) of everything at central, the body as bytes."""
        lines = urllib.request.urlopen(self.central + "/api/solar").read().splitlines()
        return [(json.loads(line)["key"], line[line.index(b',"reading":') + 11:-1]) for line in lines]

    def forwarder_arguments(self, name="forwarder"):
        return ["--broker-url", f"mqtt://127.0.0.1:{self.broker_port}", "--api-url", self.central + "/api/solar",
                "--inbox-path", f"{name}.db", "--client-id", name]

    def start_forwarder(self, name="forwarder", *arguments):
        process = self.start(name, BIN / "solar-forwarder", "run", *self.forwarder_arguments(name), *arguments)
        eventually(lambda: "connected" in self.log(name), "the forwarder connects")
        return process

    def publisher_arguments(self, village):
        return ["--village", village, "--broker-url", f"mqtt://127.0.0.1:{self.broker_port}", "--outbox-path",
                f"{village}.db", "--reconnect-spread", "0s", "--reconnect-max", "200ms"]

    def start_publisher(self, village, *arguments):
        return self.start(village, BIN / "solar-publisher", "run", *self.publisher_arguments(village), *arguments)

    def run(self, program, *arguments, patience=60):
        return subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, timeout=patience,
                              cwd=self.folder, env={"PATH": os.environ["PATH"], "HTTP_LISTEN": "off"}, check=False)

    def publish(self, topic, payload, *options):
        subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.broker_port), "-q", "1", "-t", topic, "-s", *options],
                       input=payload, check=True, capture_output=True, timeout=30)


class SecureRig(Rig):
    """With the broker's configuration that is shipped: credentials of make-credentials, certificates on both sides."""

    hosts, villages = "", ("Bamenda",)

    def start_broker(self):
        self.secrets, password_port = self.folder / "credentials", free_port()
        self.own_port = free_port()
        subprocess.run([ROOT / "compose/make-credentials", *self.villages], check=True, capture_output=True,
                       env={"PATH": os.environ["PATH"], "CREDENTIALS_DIR": str(self.secrets), "BROKER_HOSTS": self.hosts})
        text = (ROOT / "compose/mosquitto/mosquitto.conf").read_text()
        for ours, here in (("/mosquitto/secrets", f"{self.secrets}/broker"), ("/mosquitto/config", f"{ROOT}/compose/mosquitto"),
                           ("/mosquitto/data", str(self.folder)), ("listener 8883", f"listener {self.broker_port}"),
                           ("listener 8884", f"listener {password_port} 127.0.0.1"),
                           ("listener 8885", f"listener {self.own_port} 127.0.0.1")):
            assert ours in text, ours
            text = text.replace(ours, here)
        (self.folder / "mosquitto.conf").write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        return self.run_broker()

    def run_broker(self):
        process = self.start("broker", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", "mosquitto.conf")
        eventually(lambda: self.answers(self.own_port), "the broker listens")
        return process

    def identity(self, folder):
        names = (("ca", "ca.crt"), ("certificate", "client.crt"), ("key", "client.key"))
        return [word for name, file in names for word in (f"--mqtt-{name}-file", f"{self.secrets}/{folder}/{file}")]

    def forwarder_arguments(self, name="forwarder"):
        return [*super().forwarder_arguments(name), "--broker-url", f"mqtts://localhost:{self.own_port}", "--config",
                f"{self.secrets}/forwarder/settings.toml", *self.identity("forwarder")]

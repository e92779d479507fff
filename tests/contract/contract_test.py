#!/usr/bin/env python3
"""The contract test passes what is right and catches every server that is wrong in one way.

SOLAR_BIN_DIR names the folder with solar-central (default: build/release/bin).
"""
import concurrent.futures
import contextlib
import io
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import contract  # noqa: E402
import rules  # noqa: E402
import wrong_central  # noqa: E402
from ports import free_port  # noqa: E402

BIN = pathlib.Path(os.environ.get("SOLAR_BIN_DIR", HERE.parents[1] / "build/release/bin"))
TOKEN = "a-token"


def verdict(*arguments):
    """Exit status, the sentences of the rules that failed, all that was printed."""
    out = io.StringIO()
    with contextlib.redirect_stderr(io.StringIO()):
        status = contract.main(list(arguments), out)
    lines = out.getvalue().splitlines()
    return status, [line[9:] for line in lines if line.startswith("FAILED")], out.getvalue()


def sentence_of(name):
    return next(rule.sentence for rule in rules.RULES if rule.name == name)


def eventually(condition, patience=20):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it never came true")
        time.sleep(0.02)


@contextlib.contextmanager
def token_file():
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(TOKEN + "\n")
        file.flush()
        yield file.name


def certificates(folder):
    """A certificate of its own CA, for 127.0.0.1, to serve with and to ask with."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
               "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "own.key", "-out", "own.crt"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder / "own.crt", folder / "own.key"


class Contract(unittest.TestCase):
    @contextlib.contextmanager
    def wrong(self, fault="", token=TOKEN, tls=None):
        server = wrong_central.serve(fault, token)
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls[0])
            context.load_cert_chain(*tls)
            context.verify_mode = ssl.CERT_NONE if fault == "no-certificate-asked" else ssl.CERT_REQUIRED
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    @staticmethod
    def options(base, token_file, fault):
        options = [base + "/api/solar", "--count-url", base + "/count", "--token-file", token_file,
                   "--timeout", "2" if fault == "slow" else "15"]
        if fault.endswith("restart"):
            ask = f"import urllib.request as u; u.urlopen(\"{base}/restart\")"
            options += ["--restart", f"{sys.executable} -c '{ask}'"]
        return options

    def tried(self, faults):
        """The verdict on each of these servers."""
        with token_file() as token:

            def one(fault):
                with self.wrong(fault) as base:
                    return fault, verdict(*self.options(base, token, fault))

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                return list(pool.map(one, faults))

    def test_what_is_right_passes_in_whatever_way(self):
        for way, (status, failed, text) in self.tried(wrong_central.RIGHT):
            with self.subTest(way):
                self.assertEqual((status, failed), (0, []), text)

    def test_each_fault_is_caught_by_its_rule(self):
        plain = [fault for fault in wrong_central.FAULTS if fault != "no-certificate-asked"]
        for fault, (status, failed, text) in self.tried(plain):
            with self.subTest(fault):
                self.assertEqual(status, 1, text)
                self.assertIn(sentence_of(wrong_central.FAULTS[fault]), failed, text)

    def test_tls_with_client_certificates(self):
        with tempfile.TemporaryDirectory() as name:
            certificate, key = certificates(pathlib.Path(name))
            ours = ["--ca-file", str(certificate), "--certificate", str(certificate), "--key", str(key)]
            with self.wrong("", None, (certificate, key)) as base:
                right = verdict(base + "/api/solar", *ours)
                other_ca = verdict(base + "/api/solar")
            with self.wrong("no-certificate-asked", None, (certificate, key)) as base:
                wrong = verdict(base + "/api/solar", *ours)

        self.assertEqual(right[:2], (0, []), right[2])
        self.assertEqual(other_ca[0], 2)
        self.assertIn(sentence_of("wants_the_certificate"), wrong[1], wrong[2])

    def test_the_reference_central_passes_also_when_killed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "token").write_text(TOKEN)
            base = f"http://127.0.0.1:{free_port()}"
            start = [str(BIN / "solar-central"), "--listen", base[7:], "--database", str(folder / "central.db"),
                     "--token-file", str(folder / "token")]
            again = folder / "again"
            # A process that was killed holds its port until the system has closed its files.
            again.write_text(f"pid=$(cat {folder}/pid)\nkill -9 $pid\n"
                             "while [ -n \"$(ls /proc/$pid/fd 2>/dev/null)\" ]; do sleep 0.01; done\n"
                             f"{' '.join(start)} 2>/dev/null &\necho $! >{folder}/pid\n")
            process = subprocess.Popen(start, stderr=subprocess.DEVNULL)
            (folder / "pid").write_text(str(process.pid))
            try:
                eventually(lambda: self.answers(base))
                status, failed, text = verdict(base + "/api/solar", "--count-url", base + "/api/solar/count",
                                               "--token-file", str(folder / "token"), "--restart", f"sh {again}")
            finally:
                os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
                process.wait()

        self.assertEqual((status, failed), (0, []), text)
        self.assertIn(f"ok       {sentence_of('survives_a_restart')}", text)

    @staticmethod
    def answers(base):
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", int(base.rsplit(":", 1)[1]))) == 0

    def test_what_cannot_be_tested_exits_2(self):
        self.assertEqual(verdict(f"http://127.0.0.1:{free_port()}/api/solar")[0], 2)
        self.assertEqual(verdict("mqtt://127.0.0.1/api/solar")[0], 2)
        with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()):
            contract.main([])
        self.assertEqual(ended.exception.code, 2)

    def test_every_rule_is_broken_by_some_fault(self):
        self.assertEqual({rule.name for rule in rules.RULES} - set(wrong_central.FAULTS.values()), set())


if __name__ == "__main__":
    unittest.main()

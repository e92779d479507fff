#!/usr/bin/env python3
"""A central server that is right, or wrong in exactly one way: what `./dev contract` must catch.

  wrong_central.py [--fault NAME] [--token TOKEN] [--list]     prints its port; faults are in FAULTS below
"""
import argparse
import http.server
import json
import math
import sys
import threading
import time

# fault -> the rule of rules.py that must catch it (others may fail too)
FAULTS = {
    "answers-202-and-drops": "stores",
    "busy-without-retry-after": "says_when_to_come_again",
    "busy-with-nonsense": "says_when_to_come_again",
    "closes-without-saying": "keeps_alive",
    "conflict-for-another-body": "refuses_another_body",
    "conflict-when-again": "takes_again",
    "cuts-keys": "tells_keys_apart",
    "dedups-by-body": "stores_alike_readings",
    "error-for-another-body": "refuses_another_body",
    "error-for-rubbish": "refuses_what_is_wrong",
    "error-in-races": "takes_races",
    "error-without-a-key": "survives_no_key",
    "fails-under-load": "takes_many_at_once",
    "forgets-at-a-restart": "survives_a_restart",
    "forgets-keys-at-a-restart": "survives_a_restart",
    "get-breaks": "survives_get",
    "huge-breaks": "refuses_huge",
    "huge-is-stored": "refuses_huge",
    "ignores-case-of-keys": "tells_keys_apart",
    "ignores-keys": "stores_once",
    "latin-1-only": "takes_names",
    "long-answers": "answers_shortly",
    "no-chunks": "survives_chunks",
    "no-certificate-asked": "wants_the_certificate",
    "races": "stores_races_once",
    "redirects": "does_not_redirect",
    "refuses-32-levels": "takes_32_levels",
    "refuses-again": "takes_again",
    "refuses-and-stores": "stores_nothing_refused",
    "refuses-large-bodies": "takes_8_kib",
    "refuses-negatives": "takes_numbers",
    "refuses-old-readings": "takes_any_time",
    "refuses-unknown-fields": "takes_unknown_fields",
    "slow": "answers_in_time",
    "stores-another-body": "refuses_another_body",
    "stores-rubbish": "refuses_what_is_wrong",
    "token-400": "wants_the_token",
    "token-by-its-beginning": "wants_the_token",
    "token-ignored": "wants_the_token",
    "wants-a-time": "takes_the_smallest",
    "wrong-path": "takes_a_reading",
}
# Other ways of being right, which the contract must let pass.
RIGHT = ("", "right-204", "right-busy-and-says-when", "right-closes-and-says-so", "right-conflict-in-races", "right-no-chunks",
         "right-restart", "right-wants-a-key")
BODY_MAX_BYTES = 16 * 1024
MOMENT_S = 0.05  # in which others come, also from a busy machine
KNOWN = {"id", "village", "device", "measured_at", "power_kw", "note", "deep"}


class Store:
    """What survives a restart, and what does not. Any thread."""

    def __init__(self, fault):
        self.fault, self.lock, self.bodies, self.count, self.busy, self.requests = fault, threading.Lock(), {}, 0, 0, 0
        self.running = set()

    def restart(self):
        with self.lock:
            if self.fault in ("forgets-at-a-restart", "forgets-keys-at-a-restart"):
                self.bodies = {}
            if self.fault == "forgets-at-a-restart":
                self.count = 0

    def put(self, key, body):
        """As an HTTP status."""
        if self.fault == "cuts-keys":
            key = key[:255]
        if self.fault == "ignores-case-of-keys":
            key = key.lower()
        if self.fault == "dedups-by-body":
            key = body
        if self.fault in ("races", "error-in-races", "right-conflict-in-races"):
            return self.put_without_a_lock(key, body)
        with self.lock:
            return self.add(key, body, self.bodies.get(key))

    def put_without_a_lock(self, key, body):
        if self.fault == "right-conflict-in-races":
            return self.put_or_conflict(key, body)
        known = self.bodies.get(key)
        time.sleep(MOMENT_S)
        if self.fault == "error-in-races" and known is None and key in self.bodies:
            return 500
        with self.lock:
            return self.add(key, body, known)

    def put_or_conflict(self, key, body):
        with self.lock:
            if key in self.running:
                return 409
            self.running.add(key)
        time.sleep(MOMENT_S)
        with self.lock:
            self.running.remove(key)
            return self.add(key, body, self.bodies.get(key))

    def add(self, key, body, known):
        if known is None or self.fault == "ignores-keys":
            self.bodies[key] = body
            if self.fault != "answers-202-and-drops":
                self.count += 1
            return {"answers-202-and-drops": 202, "right-204": 204}.get(self.fault, 201)
        if known == body:
            return {"conflict-when-again": 409, "refuses-again": 422}.get(self.fault, 200)
        return {"conflict-for-another-body": 409, "error-for-another-body": 500, "stores-another-body": 200}.get(self.fault, 422)


def is_reading(text):
    def refuse(_):
        raise ValueError("no number")

    try:
        reading = json.loads(text.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    if not isinstance(reading, dict) or not isinstance(reading.get("village"), str) or not reading["village"]:
        return False
    power = reading.get("power_kw")
    return isinstance(power, (int, float)) and not isinstance(power, bool) and math.isfinite(power)


def verdict_of_fault(fault, body):
    """A status for a right reading that this fault will not have, or None."""
    reading = json.loads(body)
    power, moment = reading["power_kw"], reading.get("measured_at")
    wrong = {
        "latin-1-only": any(ord(c) > 255 for c in body.decode()),
        "refuses-32-levels": b"[[[[[[[[[[[[[[[[[[[[" in body,
        "refuses-large-bodies": len(body) > 8 * 1024,
        "refuses-negatives": power < 0,
        "refuses-old-readings": moment is not None and moment < "2025",
        "refuses-unknown-fields": not KNOWN.issuperset(reading),
        "wants-a-time": moment is None and b"id" not in body,
    }.get(fault, False)
    return (500 if fault == "latin-1-only" else 422) if wrong else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    store = None
    token = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"{}", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if self.store.fault == "right-closes-and-says-so":
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)
        if "closes" in self.store.fault:
            self.close_connection = True

    def do_GET(self):
        if self.path == "/count":
            return self.answer(200, json.dumps({"readings": self.store.count}).encode())
        if self.path == "/restart":
            self.store.restart()
            return self.answer(200)
        return self.answer(500 if self.store.fault == "get-breaks" else 405)

    do_HEAD = do_GET

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            size = int(self.headers.get("Content-Length", 0))
            return self.rfile.read(size)
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def do_POST(self):
        fault, body = self.store.fault, self.body()
        if fault.endswith("no-chunks") and "Transfer-Encoding" in self.headers:
            return self.answer(500 if fault == "no-chunks" else 411)
        if not self.may_post():
            return self.answer(400 if fault == "token-400" else 401)
        if fault == "wrong-path":
            return self.answer(404)
        if fault == "redirects":
            return self.answer(308, Location=self.path + "/")
        self.store.requests += 1
        if fault == "slow" and self.store.requests == 20:
            time.sleep(3)
        if "busy" in fault and self.store.requests % 40 == 7:
            when = {"busy-with-nonsense": "soon", "right-busy-and-says-when": "0"}.get(fault)
            return self.answer(429, **({"Retry_After": when} if when else {}))
        return self.take(fault, body)

    def may_post(self):
        if self.token is None or self.store.fault == "token-ignored":
            return True
        given = self.headers.get("Authorization", "")
        wanted = f"Bearer {self.token}"
        return given.startswith(wanted) if self.store.fault == "token-by-its-beginning" else given == wanted

    def take(self, fault, body):
        if len(body) > BODY_MAX_BYTES:
            return self.answer({"huge-breaks": 500, "huge-is-stored": 201}.get(fault, 413))
        if not is_reading(body):
            self.store.count += fault == "refuses-and-stores"
            return self.answer({"error-for-rubbish": 500, "stores-rubbish": 201}.get(fault, 400))
        status = verdict_of_fault(fault, body)
        if status:
            return self.answer(status)
        key = self.headers.get("Idempotency-Key")
        if key is None and fault in ("error-without-a-key", "right-wants-a-key"):
            return self.answer(500 if fault == "error-without-a-key" else 428)
        with self.store.lock:
            self.store.busy += 1
        time.sleep(MOMENT_S if fault == "fails-under-load" else 0)
        crowded = fault == "fails-under-load" and self.store.busy > 4
        with self.store.lock:
            self.store.busy -= 1
        if crowded:
            return self.answer(500)
        status = self.store.put(key or body, body)
        return self.answer(status, b"x" * 100_000 if fault == "long-answers" else b"{}")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # whoever hangs up does so on purpose


def serve(fault="", token=None):
    """Listens on a free port of 127.0.0.1; the caller lets it serve."""
    handler = type("Wrong", (Handler,), {"store": Store(fault), "token": token})
    return Server(("127.0.0.1", 0), handler)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=sorted({*FAULTS, *RIGHT}), default="", help="what is wrong; nothing by default")
    parser.add_argument("--token", help="bearer token that is asked for")
    parser.add_argument("--list", action="store_true", help="prints the faults")
    options = parser.parse_args()
    if options.list:
        return print("\n".join(FAULTS))
    server = serve(options.fault, options.token)
    print(server.server_address[1], flush=True)
    return server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())

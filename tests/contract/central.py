"""A central server as a forwarder sees it: one POST for one reading, and what came back."""
import calendar
import http.client
import json
import pathlib
import socket
import ssl
import time
import urllib.parse
import zlib

ANSWER_MAX_BYTES = 64 * 1024  # a forwarder hangs up on a longer one
RETRY_AFTER_MAX_S = 20  # what this test waits at most; a forwarder waits up to 15 min
POSTS_MAX = 5


class Answer:
    """What came: a status with headers and body, or (status 0) why there was none."""

    def __init__(self, status=0, reason="", headers=None, body=b"", seconds=0.0, closes=False):
        self.status, self.reason, self.body, self.seconds, self.closes = status, reason, body, seconds, closes
        self.headers = headers or {}

    @property
    def delivered(self):
        return 200 <= self.status <= 299

    @property
    def refused(self):
        return self.status in (400, 413, 422)

    @property
    def busy(self):
        return self.status in (429, 503)

    def __str__(self):
        if self.status == 0:
            return self.reason
        text = self.body[:120].decode("utf-8", "replace").replace("\n", " ")
        return f"{self.status} {self.reason} ({self.seconds:.2f} s)" + (f": {text}" if text else "")


class Request:
    def __init__(self, method, key, body, note=""):
        self.method, self.key, self.body, self.note = method, key, body, note

    def __str__(self):
        text = f"{self.method}"
        if self.key is not None:
            text += f' Idempotency-Key: "{shortened(self.key, 90)}"'
        if self.body is not None:
            text += f", {len(self.body)} bytes: {shortened(repr(self.body)[2:-1], 100)}"
        return text + (f" ({self.note})" if self.note else "")


def shortened(text, most):
    return text if len(text) <= most else text[: most - 25] + "..." + text[-22:]


def key_of(village, device, number, body):
    """As forwarders make it: names percent-encoded, the id, the CRC-32 of the body."""
    names = "/".join(urllib.parse.quote(name, safe=" !&'()*,-.:;<=>?@[]^_`{|}~") for name in (village, device))
    return f"{names}/{number}/{zlib.crc32(body):08x}"


class Central:
    """The server under test. `seen` holds every (request, answer); any thread may post."""

    def __init__(self, options):
        self.url = urllib.parse.urlsplit(options.url)
        if self.url.scheme not in ("http", "https") or not self.url.hostname:
            raise ValueError(f"not an http:// or https:// address: {options.url}")
        self.path = self.url.path or "/"
        if self.url.query:
            self.path += "?" + self.url.query
        self.options, self.seen = options, []
        self.token = pathlib.Path(options.token_file).read_text("utf-8").strip() if options.token_file else None
        self.context = tls_context(options, bool(options.certificate)) if self.url.scheme == "https" else None

    def connect(self, url=None, context=None):
        url = url or self.url
        if url.scheme == "https":
            return http.client.HTTPSConnection(
                url.hostname, url.port or 443, timeout=self.options.timeout, context=context or self.context
            )
        return http.client.HTTPConnection(url.hostname, url.port or 80, timeout=self.options.timeout)

    def post(self, body, key, connection=None, token="", method="POST", context=None, note="", chunked=False):
        """One request, one answer; `token` None: none is sent."""
        request = Request(method, key, body, note)
        headers = {"User-Agent": "solar-contract", "Accept": "*/*"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        bearer = self.token if token == "" else token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        answer = self.exchange(connection, context, method, body, headers, chunked)
        self.seen.append((request, answer))
        return request, answer

    def exchange(self, connection, context, method, body, headers, chunked):
        own = connection is None
        began = time.monotonic()
        try:
            connection = connection or self.connect(context=context)
            payload = iter([body]) if chunked else body
            connection.request(method, self.path, body=payload, headers=headers, encode_chunked=chunked)
            return self.answer_of(connection, began)
        except (OSError, http.client.HTTPException) as error:
            if connection is not None:
                connection.close()
            return Answer(reason=why(error, self.options.timeout), seconds=time.monotonic() - began)
        finally:
            if own and connection is not None:
                connection.close()

    @staticmethod
    def answer_of(connection, began):
        response = connection.getresponse()
        body = response.read(ANSWER_MAX_BYTES + 1)
        if len(body) > ANSWER_MAX_BYTES:
            connection.close()
        return Answer(
            response.status,
            response.reason,
            {name.lower(): value for name, value in response.getheaders()},
            body,
            time.monotonic() - began,
            response.will_close,
        )

    def deliver(self, body, key, **how):
        """Posts until it is no longer told to come again, as a forwarder would, but not for ever."""
        for turn in range(POSTS_MAX):
            request, answer = self.post(body, key, **how)
            if not answer.busy or turn == POSTS_MAX - 1:
                break
            time.sleep(min(retry_after_s(answer) or 1, RETRY_AFTER_MAX_S))
        return request, answer

    def count(self):
        """How many readings the server has, from --count-url; None: it is not given."""
        if not self.options.count_url:
            return None
        url = urllib.parse.urlsplit(self.options.count_url)
        connection = self.connect(url)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""), headers=headers)
        text = connection.getresponse().read()
        connection.close()
        return number_in(text)


def number_in(text):
    value = json.loads(text)
    if isinstance(value, dict):
        value = value.get("readings", value.get("count"))
    if not isinstance(value, int):
        raise ValueError('--count-url must answer a number, {"readings":N} or {"count":N}, not: ' + repr(text[:80]))
    return value


def retry_after_s(answer):
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return int(text)
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"):
        try:
            return max(0, calendar.timegm(time.strptime(text, form)) - time.time())
        except ValueError:
            continue
    return None


def tls_context(options, with_certificate):
    context = ssl.create_default_context(cafile=options.ca_file or None)
    if with_certificate:
        context.load_cert_chain(options.certificate, options.key or None)
    return context


def why(error, timeout):
    if isinstance(error, (socket.timeout, TimeoutError)):
        return f"no answer within {timeout:g} s"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    return f"no answer: {error.__class__.__name__}: {error}"


def forwarder_does(answer):
    """What a forwarder would make of it (docs/central-api.md, the table)."""
    if answer.status == 0:
        return "a forwarder would post the reading again, for as long as this lasts"
    if answer.delivered:
        return "a forwarder would tell the gateway to delete the reading"
    if answer.refused:
        return "a forwarder would give the reading up as wrong: it never arrives by itself"
    if answer.status == 409:
        return "a forwarder would post it again and again (API_CONFLICT=retry), or take it as stored (stored)"
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return "a forwarder would post the reading again later"
    return "a forwarder would take this for a mistake in its settings, and deliver nothing"

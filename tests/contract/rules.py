"""The rules of the contract, in the order in which they are tried. Each is a sentence and a function."""
import json
import subprocess
import time

from central import ANSWER_MAX_BYTES, forwarder_does, key_of, retry_after_s, tls_context
from trial import RULES  # noqa: F401, what this file is imported for
from trial import RUN, Broken, Skipped, at_once, counted, keyed, must_deliver, must_refuse, reading, rule

BODY_MAX_BYTES = 8 * 1024 + 400  # 8 KiB, and `"village":"<64 bytes, escaped>",` that a forwarder may have to insert
RACERS = 8
STRANGERS = 20
RESTART_PATIENCE_S = 60


# --- readings that must be taken ---


@rule("a reading gets 2xx")
def takes_a_reading(central):
    must_deliver(central, *reading())


@rule("a reading that got 2xx is stored")
def stores(central):
    counted(central, 3, lambda: [must_deliver(central, *reading()) for _ in range(3)], "2xx to three readings")


@rule("a reading of nothing but village and power_kw gets 2xx")
def takes_the_smallest(central):
    must_deliver(central, *keyed('{"village":"Contract","power_kw":120}'))


@rule("fields that nobody has told you of are no reason to refuse")
def takes_unknown_fields(central):
    must_deliver(central, *reading(inverter_c=41.5, note="été", cells=[1, 2, {"v": None}], ok=True, source_id="a7"))


@rule("small negative numbers, zero and any spelling of a number are right")
def takes_numbers(central):
    for power in ("-0.4", "0", "-0", "1.50", "1.2e2", "0.000001", "123456789.125"):
        must_deliver(central, *keyed('{"village":"Contract","power_kw":%s}' % power))


@rule("names may be any UTF-8, as bytes and escaped")
def takes_names(central):
    for name in ("Bafoussam-été", "村", "🌞 Ngaoundéré", "a/b+c#d%e$f", "O'Brien \"Ö\" \\ <&>; DROP TABLE readings--"):
        must_deliver(central, *reading(village="Contract " + name, device=name))
    must_deliver(central, *keyed(r'{"village":"Contract \u00e9\ud83c\udf1e","power_kw":1}', village="Contract é🌞"))


@rule("old readings are taken after new ones, and so are those without a time or with one to come")
def takes_any_time(central):
    for moment in ("2026-01-28T10:15:00.000Z", "2020-01-01T00:00:00Z", None, "2031-12-31T23:59:59.999Z"):
        must_deliver(central, *reading(measured_at=moment))


@rule("a body of 8 KiB and a village's name is taken")
def takes_8_kib(central):
    for size in (8 * 1024, BODY_MAX_BYTES):
        text = reading(note="")[0].decode()
        must_deliver(central, *keyed(text.replace('"note": ""', '"note": "%s"' % ("x" * (size - len(text))))))


@rule("a body of 32 levels is taken")
def takes_32_levels(central):
    must_deliver(central, *keyed('{"village":"Contract","power_kw":1,"deep":%s%s}' % ("[" * 31, "]" * 31)))


@rule("many readings at once are all taken")
def takes_many_at_once(central):
    readings = [reading() for _ in range(STRANGERS)]
    posts = [lambda one=one: central.deliver(*one) for one in readings]
    for request, answer in at_once(posts):
        if not answer.delivered:
            raise Broken(f"{STRANGERS} readings were posted at once; {forwarder_does(answer)}", request, answer)


# --- the key ---


@rule("the same key and body again gets 2xx")
def takes_again(central):
    body, key = reading()
    for _ in range(3):
        must_deliver(central, body, key, "a forwarder posts again whenever it has missed the answer: it must be 2xx")


@rule("the same key and body again is stored once")
def stores_once(central):
    body, key = reading()
    counted(central, 1, lambda: [must_deliver(central, body, key) for _ in range(4)], "one reading, posted four times")


@rule("the same body under another key is another reading")
def stores_alike_readings(central):
    text = '{"village":"Contract","power_kw":77}'
    counted(central, 2, lambda: [must_deliver(central, *keyed(text)) for _ in range(2)], "two equal readings, two keys")


@rule("the same key with another body is refused, and the first stays")
def refuses_another_body(central):
    body, key = reading()
    other = body.replace(b"120", b"121")
    must_deliver(central, body, key)
    must_refuse(central, other, key, "the key is taken by another body", note="the key came with another body before")
    must_deliver(central, body, key, "the first body is the one that you have: it must be 2xx still")


@rule("keys are compared byte by byte, all of up to 459")
def tells_keys_apart(central):
    name = "é" * 32
    number = "x" * 63
    for first, second in ((("é" * 32, name, number + "1"), ("é" * 32, name, number + "2")),
                          (("Contract A", "main", RUN), ("contract a", "main", RUN)),
                          (("Contract", "main", RUN + "A"), ("Contract", "main", RUN + "a"))):
        for village, device, identity in (first, second):
            body = json.dumps({"village": village, "device": device, "id": identity, "power_kw": 1}).encode()
            key = key_of(village, device, identity, b"the same CRC for both")
            must_deliver(central, body, key, "this key has not come before: is it cut, or compared without case?")


@rule("the same reading many times at once gets 2xx, or is told to come again")
def takes_races(central):
    for _ in range(5):
        body, key = reading()
        answers = at_once([lambda: central.post(body, key, note=f"{RACERS} times at once")] * RACERS)
        for request, answer in answers:
            if not answer.delivered and answer.status not in (409, 425, 429, 503):
                raise Broken(f"it must be 2xx, or 409, 425, 429 or 503; {forwarder_does(answer)}", request, answer)
        if not any(answer.delivered for _, answer in answers):
            raise Broken("nobody got 2xx", *answers[0])
        must_deliver(central, body, key)


@rule("the same reading many times at once is stored once")
def stores_races_once(central):
    def race():
        for _ in range(5):
            body, key = reading()
            at_once([lambda: central.post(body, key)] * RACERS)
            must_deliver(central, body, key)

    counted(central, 5, race, f"five readings, each posted {RACERS} times at once")


@rule("a request without a key is taken or refused, and nothing breaks")
def survives_no_key(central):
    request, answer = central.deliver(reading()[0], None)
    if not answer.delivered and not answer.refused and answer.status != 428:
        raise Broken("it must be 2xx, 400, 422 or 428", request, answer)


# --- what is wrong ---


@rule("what is no reading is refused with 400, 413 or 422")
def refuses_what_is_wrong(central):
    for text in (b"{}", b"", b"not JSON", b'{"village":"Contract","power_kw":1', b"[]", b'"Contract"', b"null",
                 b'{"power_kw":1}', b'{"village":"Contract"}', b'{"village":7,"power_kw":1}', b'{"village":"","power_kw":1}',
                 b'{"village":"Contract","power_kw":"120"}', b'{"village":"Contract","power_kw":null}',
                 b'{"village":"Contract","power_kw":NaN}', b'{"village":"Contract","power_kw":1e999}',
                 b'{"village":"Contract \xff","power_kw":1}', b'[{"village":"Contract","power_kw":1}]'):
        must_refuse(central, *keyed(text), "this is no reading")


@rule("what is refused is not stored")
def stores_nothing_refused(central):
    wrong = (b"{}", b'{"village":"Contract"}', b'{"village":"Contract","power_kw":"120"}')
    counted(central, 0, lambda: [central.deliver(*keyed(text)) for text in wrong], "only what is no reading was posted")


@rule("a huge body is refused, and the server goes on")
def refuses_huge(central):
    request, answer = central.post(*keyed('{"village":"Contract","power_kw":1,"note":"%s"}' % ("x" * 1_000_000)))
    # Some hang up before all of it is there: nobody sees an answer then.
    if answer.delivered or answer.status >= 500 or (answer.status and not answer.refused):
        raise Broken("it must be 413 (or 400, or a closed connection)", request, answer)
    must_deliver(central, *reading())


# --- HTTP ---


@rule("a connection serves many requests, or the answer says that it ends")
def keeps_alive(central):
    connection = central.connect()
    try:
        for turn in range(5):
            body, key = reading()
            must_deliver(central, body, key, connection=connection, note=f"request {turn + 1} of one connection")
    finally:
        connection.close()


@rule("a chunked body is read, or refused with 400, 411, 413 or 501")
def survives_chunks(central):
    request, answer = central.deliver(*reading(), chunked=True, note="chunked; forwarders send none")
    if not answer.delivered and answer.status not in (400, 411, 413, 501):
        raise Broken("it must be read or refused", request, answer)


@rule("GET and HEAD get an answer that is no 5xx")
def survives_get(central):
    for method in ("HEAD", "GET"):
        request, answer = central.post(None, None, method=method)
        if answer.status == 0 or answer.status >= 500:
            raise Broken("probes and people do this", request, answer)


# --- who may post ---


@rule("without the bearer token, or with a wrong one, it is 401 or 403")
def wants_the_token(central):
    if not central.token:
        raise Skipped("needs --token-file")
    for token, note in ((None, "no token"), ("wrong", "a wrong token"), (central.token + "x", "a longer token")):
        request, answer = central.post(*reading(), token=token, note=note)
        if answer.status not in (401, 403):
            raise Broken(f"it must be 401: {forwarder_does(answer)}", request, answer)


@rule("without the client certificate nothing gets 2xx")
def wants_the_certificate(central):
    if not central.options.certificate:
        raise Skipped("needs --certificate")
    request, answer = central.post(*reading(), context=tls_context(central.options, False), note="no certificate")
    if answer.delivered:
        raise Broken("whoever reaches the server may post", request, answer)


# --- over time ---


@rule("what got 2xx survives a server that is killed, and so does its key")
def survives_a_restart(central):
    if not central.options.restart:
        raise Skipped("needs --restart and --count-url")
    body, key = reading()
    others = [reading() for _ in range(5)]

    def restart():
        for one in [(body, key), *others]:
            must_deliver(central, *one)
        subprocess.run(central.options.restart, shell=True, check=False)
        end = time.monotonic() + RESTART_PATIENCE_S
        while central.post(body, key, note="until it is there again")[1].status in (0, 502, 503, 504):
            if time.monotonic() > end:
                raise Broken(f"no answer within {RESTART_PATIENCE_S} s of the restart", *central.seen[-1])
            time.sleep(0.2)
        must_deliver(central, body, key, note="after the restart")

    counted(central, 6, restart, "six readings, a restart, and the first of them again")


@rule("429 and 503 say in Retry-After when to come again")
def says_when_to_come_again(central):
    told = [(request, answer) for request, answer in central.seen if answer.busy]
    for request, answer in told:
        if retry_after_s(answer) is None:
            raise Broken("Retry-After must be seconds or an HTTP date; without it forwarders guess", request, answer)
    if not told:
        raise Skipped("the server was never busy")


@rule("no answer is a redirect")
def does_not_redirect(central):
    for request, answer in central.seen:
        if 300 <= answer.status <= 399:
            raise Broken("forwarders do not follow: give them the address that it leads to", request, answer)


@rule("no answer is over 64 KiB")
def answers_shortly(central):
    for request, answer in central.seen:
        if request.method == "POST" and len(answer.body) > ANSWER_MAX_BYTES:
            raise Broken("a forwarder hangs up on a longer one", request, answer)


@rule("every answer comes in time")
def answers_in_time(central):
    request, answer = max(central.seen, key=lambda pair: pair[1].seconds)
    if answer.seconds >= central.options.timeout:
        raise Broken(f"after {central.options.timeout:g} s a forwarder hangs up and posts again", request, answer)

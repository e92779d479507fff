"""What a rule of the contract is, and the verbs that rules are made of."""
import itertools
import json
import threading
import uuid

from central import forwarder_does, key_of

RULES = []
RUN = uuid.uuid4().hex[:16]
numbers = itertools.count(1)


class Broken(Exception):
    """A rule is broken: what was sent, what came, and what follows from it."""

    def __init__(self, so, request=None, answer=None):
        super().__init__(so)
        self.request, self.answer = request, answer


class Skipped(Exception):
    pass


class Rule:
    def __init__(self, sentence, function):
        self.sentence, self.function, self.name = sentence, function, function.__name__

    def check(self, central):
        """None if the server keeps it."""
        try:
            return self.function(central)
        except (Broken, Skipped) as result:
            return result
        except (OSError, ValueError) as error:
            return Broken(f"the test could not go on: {error}")


def rule(sentence):
    def add(function):
        RULES.append(Rule(sentence, function))
        return function

    return add


def reading(village="Contract", device="test", **fields):
    """A new reading as (body, key)."""
    number = f"{RUN}-{next(numbers)}"
    values = {"id": number, "village": village, "device": device, "measured_at": "2026-01-28T10:15:00.000Z",
              "power_kw": 120, **fields}
    return keyed(json.dumps({k: v for k, v in values.items() if v is not None}, ensure_ascii=False), village, device, number)


def keyed(text, village="Contract", device="test", number=None):
    body = text.encode("utf-8") if isinstance(text, str) else text
    return body, key_of(village, device, number or f"{RUN}-{next(numbers)}", body)


def must_deliver(central, body, key, so="", **how):
    request, answer = central.deliver(body, key, **how)
    if not answer.delivered:
        raise Broken(so or f"it must be 2xx: {forwarder_does(answer)}", request, answer)


def must_refuse(central, body, key, so, **how):
    request, answer = central.deliver(body, key, **how)
    if not answer.refused:
        raise Broken(f"{so}: it must be 400, 413 or 422; {forwarder_does(answer)}", request, answer)


def counted(central, change, function, so):
    """Runs `function`, and checks by how much the server's count has changed."""
    before = central.count()
    if before is None:
        raise Skipped("needs --count-url")
    function()
    after = central.count()
    if after - before != change:
        raise Broken(f"{so}: {after - before} more are stored, and it must be {change}")


def at_once(functions):
    """Runs all of them, as nearly as possible at the same moment."""
    barrier, results = threading.Barrier(len(functions)), [None] * len(functions)

    def run(index):
        barrier.wait()
        results[index] = functions[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

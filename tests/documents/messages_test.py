#!/usr/bin/env python3
"""docs/messages.md and its schemas, held against what the real programs really send."""
import json
import pathlib
import re
import sys
import unittest
import urllib.parse
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import jsonschema  # noqa: E402
from rig import DOCS, Rig, eventually  # noqa: E402

BACKLOG = 300
FORMAT = r"%t\t%q\t%r\t%C\t%P\t%x"


def validator(name, definition=None):
    schema = json.loads((DOCS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(schema["$id"], schema)
    return jsonschema.Draft202012Validator(schema["$defs"][definition] if definition else schema, resolver=resolver)


PAYLOADS = {
    "readings": validator("reading", "payload"),
    "receipts": validator("receipt"),
    "status": validator("status"),
    "presence": validator("presence"),
    "dead-letters": validator("dead-letter"),
}


def examples(kind):
    """The code blocks of messages.md that are marked so."""
    return re.findall(rf"^```json {kind}\n(.*?)\n```$", (DOCS / "messages.md").read_text(), re.M | re.S)


class Message:
    """One line of mosquitto_sub."""

    def __init__(self, line):
        self.topic, qos, retained, self.content_type, self.properties, payload = line.split("\t")
        self.channel, self.retained, self.qos = self.topic.rsplit("/", 1)[1], retained == "1", int(qos)
        self.payload = bytes.fromhex(payload)

    @property
    def deflated(self):
        return "content-encoding:deflate" in self.properties

    @property
    def value(self):
        text = (zlib.decompress(self.payload) if self.deflated else self.payload).decode("utf-8")
        return text if self.channel == "presence" else json.loads(text)


class Watched(Rig):
    """A rig with everything that goes over the broker."""

    def watch(self):
        self.start("watch", "mosquitto_sub", "-V", "5", "-p", self.broker_port, "-q", "1", "-t", "solar/#", "-F", FORMAT)
        self.publish("solar/Watch/main/probe", b"probe")
        eventually(lambda: self.output("watch").count("probe") or self.publish("solar/Watch/main/probe", b"probe"), "a watch")

    def waiting(self, village):
        """How many readings its outbox holds; None while nobody can tell."""
        text = self.run("solar-publisher", "status", "--json", *self.publisher_arguments(village)).stdout
        return json.loads(text)["waiting"] if text else None

    def messages(self, channel, village=None):
        whole = self.output("watch").rpartition("\n")[0].splitlines()
        return [message for message in map(Message, whole)
                if message.channel == channel and (village is None or message.topic.split("/")[1] == village)]


def readings_of(messages):
    values = [message.value for message in messages]
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def covered(receipts):
    """The ids that receipts name, ranges taken apart."""
    ids = set()
    for entry in (entry for receipt in receipts for entry in receipt["delivered"]):
        first, _, last = entry.partition("..")
        token, _, number = first.rpartition("-")
        ids |= {f"{token}-{n}" for n in range(int(number), int(last) + 1)} if last else {first}
    return ids | {refused["id"] for receipt in receipts for refused in receipt["refused"]}


class RealMessages(unittest.TestCase):
    """One day of a small world, watched; each test looks at a part of it."""

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.enterClassContext(Watched()) if hasattr(cls, "enterClassContext") else cls.entered()
        rig = cls.rig
        rig.start_central()
        (rig.folder / "lines").write_text("".join(
            '{"power_kw":%d.%d,"n":%d,"note":"été"}\n' % (n, n % 10, n) for n in range(BACKLOG)))
        bamenda = rig.start_publisher("Bamenda", "--source", "lines", "--follow")
        eventually(lambda: rig.waiting("Bamenda") == BACKLOG, "the backlog is in the outbox")
        bamenda.kill()
        bamenda.wait()
        rig.start_broker()
        rig.watch()
        rig.start_forwarder()
        bamenda = rig.start_publisher("Bamenda", "--source", "/dev/null", "--follow", "--receipt-timeout", "2s",
                                      "--status-interval", "1s")
        rig.fail(status=422, count=-1, village="Buea")
        rig.run("solar-publisher", "send", '{"power_kw":%d.5,"n":%d}' % (BACKLOG, BACKLOG), *rig.publisher_arguments("Bamenda"))
        rig.run("solar-publisher", "send", '{"power_kw":5}', *rig.publisher_arguments("Buea"))
        rig.publish("solar/Garoua/esp32/readings", b'{"power_kw":-0.02}')
        rig.publish("solar/Garoua/esp32/readings", b'[{"power_kw":1,"id":"own:1"},{"power_kw":2,"village":"Garoua"}]')
        rig.publish("solar/Garoua/esp32/readings", b'{"power_kw":"much"}')
        rig.publish("solar/Kribi/esp32/readings", b"\xff\x00\x01" * 1000)
        eventually(lambda: len(rig.stored()) == BACKLOG + 4, "everything is at central")
        eventually(lambda: rig.waiting("Bamenda") == 0, "the outbox is empty")
        eventually(lambda: rig.messages("status", "Bamenda")[-1].value["waiting"] == 0, "a status that says so")
        bamenda.kill()
        eventually(lambda: rig.messages("presence", "Bamenda")[-1].value == "offline", "the last will")

    @classmethod
    def entered(cls):
        rig = Watched()
        cls.addClassCleanup(rig.close)
        return rig.__enter__()

    def readable(self, village=None):
        """Without those that are wrong on purpose."""
        return [m for m in self.rig.messages("readings", village) if b'"much"' not in m.payload and m.payload[:1] != b"\xff"]

    def test_every_message_is_valid(self):
        for channel, schema in PAYLOADS.items():
            messages = self.readable() if channel == "readings" else self.rig.messages(channel)
            with self.subTest(channel):
                self.assertTrue(messages)
                for message in messages:
                    schema.validate(message.value)
                    self.assertEqual(message.qos, 1)

    def test_live_readings_are_plain_and_backlog_is_deflated(self):
        messages = self.rig.messages("readings", "Bamenda")

        batches = [message for message in messages if isinstance(message.value, list)]
        self.assertTrue(any(message.deflated for message in batches))
        self.assertTrue(any(isinstance(message.value, dict) for message in messages))
        self.assertFalse(any(message.deflated for message in messages if isinstance(message.value, dict)))
        self.assertEqual({message.content_type for message in messages}, {"application/json"})
        self.assertTrue(all(len(batch.value) <= 100 for batch in batches))

    def test_publishers_fill_in_what_the_schema_says(self):
        readings = readings_of(self.rig.messages("readings", "Bamenda"))

        self.assertEqual({reading["n"] for reading in readings}, set(range(BACKLOG + 1)))
        for reading in readings:
            validator("reading", "from-a-publisher").validate(reading)

    def test_receipts_name_every_reading_that_has_an_id(self):
        for village in ("Bamenda", "Buea", "Garoua"):
            sent = {r["id"] for r in readings_of(self.readable(village)) if "id" in r}

            receipts = [message.value for message in self.rig.messages("receipts", village)]

            self.assertEqual(covered(receipts), sent)
        refused = [entry for message in self.rig.messages("receipts", "Buea") for entry in message.value["refused"]]
        self.assertTrue(refused and "422" in refused[0]["reason"])

    def test_dead_letters_say_why(self):
        why = {m.topic.split("/")[1]: m.value for m in self.rig.messages("dead-letters")}

        self.assertIn("power_kw is no number", why["Garoua"]["why"])
        self.assertEqual(why["Kribi"]["bytes"], 3000)

    def test_a_status_tells_of_the_outbox_as_often_as_it_was_asked_for(self):
        told = [message.value for message in self.rig.messages("status", "Bamenda")]

        self.assertEqual(told[-1]["waiting"], 0)
        self.assertIsNotNone(told[-1]["last_receipt"])
        self.assertIsNone(told[-1]["oldest"])

    def test_presence_and_status_are_retained(self):
        late = self.rig.start("late", "mosquitto_sub", "-V", "5", "-p", self.rig.broker_port, "-t", "solar/Bamenda/#", "-F",
                              FORMAT, "-W", "10", "-C", "2")
        late.wait()

        kept = [Message(line) for line in self.rig.output("late").splitlines()]
        self.assertEqual({message.channel for message in kept}, {"presence", "status"})
        self.assertTrue(all(message.retained for message in kept))

    def test_central_gets_what_the_schema_says(self):
        for key, body in self.rig.stored():
            validator("reading", "at-central").validate(json.loads(body))
            village, device, _, crc = key.split("/")
            self.assertEqual(urllib.parse.unquote(village), json.loads(body)["village"])
            self.assertEqual(crc, f"{zlib.crc32(body):08x}")
            self.assertIn(device, ("main", "esp32"))


class Examples(unittest.TestCase):
    """The document's own examples, asked of the schema and of a real forwarder."""

    def test_examples_of_other_payloads_are_valid(self):
        for kind, channel in (("receipt", "receipts"), ("status", "status"), ("dead-letter", "dead-letters")):
            self.assertTrue(examples(kind), kind)
            for text in examples(kind):
                PAYLOADS[channel].validate(json.loads(text))

    def test_the_schema_takes_and_refuses_what_the_document_says(self):
        for text in examples("reading"):
            PAYLOADS["readings"].validate(json.loads(text))
        for text in examples("wrong-reading"):
            self.assertFalse(PAYLOADS["readings"].is_valid(json.loads(text)), text)

    def test_the_forwarder_takes_and_refuses_what_the_document_says(self):
        right, wrong = examples("reading"), examples("wrong-reading") + examples("refused-reading")
        self.assertGreater(min(len(right), len(wrong)), 4)
        with Rig() as rig:
            rig.start_central()
            rig.start_broker()
            rig.start_forwarder()

            for text in right + wrong:
                rig.publish("solar/Bamenda/esp32/readings", text.encode())

            letters = lambda: rig.run("solar-forwarder", "dead-letters", "list", *rig.forwarder_arguments()).stdout
            taken = sum(len(value) if isinstance(value, list) else 1 for value in map(json.loads, right))
            eventually(lambda: len(rig.stored()) == taken, f"{taken} readings at central")
            eventually(lambda: len(letters().splitlines()) == len(wrong), f"{len(wrong)} dead letters")

    def test_the_schema_refuses_nothing_that_the_forwarder_takes(self):
        corpus = DOCS.parent / "tests/fuzz/corpus/reading"
        with Rig() as rig:
            rig.start_central()
            rig.start_broker()
            rig.start_forwarder()
            texts = {file.name: file.read_bytes() for file in corpus.iterdir()}
            for name, text in texts.items():
                rig.publish(f"solar/Bamenda/{name}/readings", text)
            rig.publish("solar/Bamenda/last/readings", b'{"power_kw":1}')

            at = lambda: {key.split("/")[1]: body for key, body in rig.stored()}
            eventually(lambda: "last" in at(), "the last one is at central")

            self.assertGreater(len(at()), 5)
            for name, body in at().items():
                PAYLOADS["readings"].validate(json.loads(body))


if __name__ == "__main__":
    unittest.main()

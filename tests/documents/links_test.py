#!/usr/bin/env python3
"""What our documents, manifests and comments point to exists: pages, sections, files, commands, metrics."""
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PAGE = re.compile(r"(?:docs/[\w-]+|README|ARCHITECTURE)\.md(?:#[\w-]+)?")
MADE_LATER = {"compose/credentials"}  # made by compose/make-credentials, ignored by git


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def anchor_of(heading):
    """As GitHub makes it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(file):
    seen, found = {}, set()
    for line in re.sub(r"^```.*?^```", "", file.read_text(), flags=re.M | re.S).splitlines():
        if heading := re.match(r"#{1,6} (.*)", line):
            anchor = anchor_of(heading[1])
            count = seen[anchor] = seen.get(anchor, -1) + 1
            found.add(anchor if count == 0 else f"{anchor}-{count}")
    return found


def broken(link, source):
    """What is wrong with a link of the file `source`; None: nothing."""
    path, _, anchor = link.partition("#")
    target = (source.parent / path).resolve() if path else source
    if not target.exists():
        return f"{source.relative_to(ROOT)}: there is no {path}"
    if anchor and anchor not in anchors(target):
        return f"{source.relative_to(ROOT)}: {path or 'this page'} has no section #{anchor}"
    return None


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def documents():
    return tracked("*.md")


def named_files(text, folders):
    """Paths below our folders that stand in code spans and code blocks, without what a reader puts in himself."""
    spans = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```.*?^```", text, flags=re.M | re.S)
    for span in spans:
        for path in re.findall(rf"(?<![\w/.~$-])(?:{'|'.join(folders)})/[\w./*-]*", span):
            yield path.rstrip("./")


class Links(unittest.TestCase):
    def assert_none(self, problems):
        self.assertEqual([problem for problem in problems if problem], [])

    def test_links_between_documents(self):
        links = [(link, file) for file in documents() for link in LINK.findall(without_code(file.read_text()))
                 if not re.match(r"[a-z]+:", link)]

        self.assert_none(broken(link, file) for link, file in links)
        self.assertGreater(len(links), 20)

    def test_pages_and_sections_named_elsewhere(self):
        wrong_on_purpose = {pathlib.Path(__file__).resolve(), ROOT / "tests/manifests/planted_faults.py"}
        named = [(page, file) for file in tracked() if file.suffix != ".md" and file not in wrong_on_purpose
                 for page in PAGE.findall(file.read_text(errors="replace"))]
        problems = ((broken(page, ROOT / "README.md"), file.relative_to(ROOT)) for page, file in named)

        self.assert_none(f"{file} -> {problem}" for problem, file in problems if problem)
        self.assertGreater(len(named), 10)

    def test_every_alert_names_its_section(self):
        rules = (ROOT / "k8s/monitoring/prometheusrule.yaml").read_text()
        alerts = re.split(r"- alert: ", rules)[1:]
        sections = [re.search(r"runbook: docs/operations\.md#([\w-]+)\n", alert) for alert in alerts]

        self.assertTrue(all(sections), rules)
        page = (ROOT / "docs/operations.md").read_text().split("\n## Alerts\n")[1].split("\n## ")[0]
        self.assertEqual({section[1] for section in sections}, {anchor_of(name) for name in re.findall(r"^### (.*)", page, re.M)})

    def test_files_that_documents_name(self):
        folders = sorted({file.relative_to(ROOT).parts[0] for file in tracked() if file.parent != ROOT})
        problems = [f"{file.relative_to(ROOT)}: there is no {path}" for file in documents()
                    for path in named_files(file.read_text(), folders)
                    if not any(path.startswith(made) for made in MADE_LATER) and not list(ROOT.glob(path))]

        self.assert_none(problems)

    def test_commands_of_dev_that_documents_name(self):
        usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"^  (\w+)\b", usage, re.M)) | {"help"}
        named = {command for file in documents() for command in re.findall(r"\./dev (\w+)", file.read_text())}

        self.assertEqual(named - known, set())
        self.assertGreater(len(named), 5)

    def test_metrics_that_are_named_exist(self):
        known = set(re.findall(r"\bsolar_(?:forwarder|publisher)_\w+", (ROOT / "docs/metrics.md").read_text()))
        for file in [*documents(), ROOT / "k8s/monitoring/prometheusrule.yaml"]:
            named = set(re.findall(r"\bsolar_(?:forwarder|publisher)_\w+[a-z](?![*\w])", file.read_text()))
            self.assertEqual(named - known, set(), file)

    def test_what_is_wrong_is_seen(self):
        readme = ROOT / "README.md"
        self.assertIsNone(broken("ARCHITECTURE.md#invariants-and-the-test-that-fails-without-each", readme))
        self.assertIn("no section", broken("ARCHITECTURE.md#nothing", readme))
        self.assertIn("there is no", broken("docs/nothing.md", readme))
        self.assertEqual(list(named_files("see `tests/a.py`, `x/tests/b`\n```sh\n./dev; sudo tests/c/*.cpp\n```\n", ["tests"])),
                         ["tests/a.py", "tests/c/*.cpp"])


if __name__ == "__main__":
    sys.exit(unittest.main())

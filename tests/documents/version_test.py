#!/usr/bin/env python3
"""One number for a release, and a version for each commit that apt takes for newer than the one before."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NUMBER = re.search(r"^project\(solar-sync VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
# Where a person or a program reads the number without asking CMake.
NAMED = ["Dockerfile", "compose/compose.yaml", "docs/central-api.yaml", "docs/quickstart.md", "k8s/base/deployment.yaml",
         "k8s/cronjob.yaml", "k8s/overlays/local/central.yaml", "tests/documents/quickstart_test.py",
         "tests/images/check.sh", "tests/images/compose.sh"]
# What somebody has set for git on this machine does not matter here.
ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
WRITTEN = re.compile(r"(?:solar-[\w{},-]+:|VERSION=|^  version: )(\d+\.\d+\.\d+)", re.M)


class Checkout:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "shared").mkdir()
        shutil.copy(ROOT / "shared/version.sh", self.folder / "shared")
        (self.folder / "CMakeLists.txt").write_text("project(solar-sync VERSION 1.2.3 LANGUAGES CXX)\n")

    def git(self, *arguments, time=0):
        date = f"{time} +0300"
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main", *arguments],
                       cwd=self.folder, check=True, capture_output=True,
                       env={**ENVIRONMENT, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})

    def commit(self, time):
        self.git("commit", "--allow-empty", "--message", "x", time=time)

    def ask(self, *arguments, **environment):
        return subprocess.run([self.folder / "shared/version.sh", *arguments], capture_output=True, text=True, check=False,
                              env={**ENVIRONMENT, **environment})

    def version(self):
        return self.ask().stdout.strip()


def is_newer(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0


class Version(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.checkout = Checkout(folder.name)

    def test_each_commit_is_newer_than_the_one_before_and_than_the_release(self):
        self.checkout.git("init")
        self.checkout.commit(1790000000)
        first = self.checkout.version()
        self.checkout.commit(1790000001)
        second = self.checkout.version()

        self.assertRegex(first, r"^1\.2\.3\+git20260921141320\.[0-9a-f]{12}$")
        self.assertEqual(self.checkout.ask("--time").stdout, "1790000001\n")
        self.assertTrue(is_newer(second, first))
        self.assertTrue(is_newer(first, "1.2.3"))
        self.assertTrue(is_newer("1.2.4", second))

    def test_a_tag_is_the_number_alone_and_must_be_the_right_one(self):
        self.checkout.git("init")
        self.checkout.commit(1790000000)
        self.checkout.git("tag", "v1.2.4")
        wrong = self.checkout.ask()
        self.checkout.git("tag", "v1.2.3")

        self.assertEqual(wrong.returncode, 1)
        self.assertIn("tagged v1.2.4, and CMakeLists.txt says 1.2.3", wrong.stderr)
        self.assertEqual(self.checkout.version(), "1.2.3")

    def test_a_checkout_that_git_does_not_read_is_an_error_and_none_is_not(self):
        none = self.checkout.ask("--time", GIT_CEILING_DIRECTORIES=str(self.checkout.folder.parent))
        self.checkout.git("init")
        self.checkout.commit(1790000000)
        anothers = self.checkout.ask("--time", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")

        self.assertEqual((none.returncode, none.stdout), (0, "0\n"))
        self.assertEqual((anothers.returncode, anothers.stdout), (1, ""))
        self.assertIn("dubious ownership", anothers.stderr)

    def test_the_number_is_the_same_wherever_it_is_written(self):
        written = {name: set(WRITTEN.findall((ROOT / name).read_text())) for name in NAMED}

        self.assertEqual(written, {name: {NUMBER} for name in NAMED})


if __name__ == "__main__":
    sys.exit(unittest.main())

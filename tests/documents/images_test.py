#!/usr/bin/env python3
"""What tests/images finds in an image, tried on lists of files: no engine is needed for that."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RIGHT = """
drwxr-xr-x 0/0 0 2026-11-24 03:40 usr/bin/
-rwxr-xr-x 0/0 1500000 2026-11-24 03:40 usr/bin/solar-forwarder
lrwxrwxrwx 0/0 0 2026-11-24 03:40 usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt
drwx------ 1000/1000 0 2026-11-24 03:40 inbox/
"""
WRONG = {
    "-rw-rw-rw- 0/0 9 2026-11-24 03:40 etc/passwd": "others than its owner may write to",
    "drwxrwxrwx 0/0 0 2026-11-24 03:40 etc/": "others than its owner may write to",
    "drwxrwxr-x 0/0 0 2026-11-24 03:40 etc/": "others than its owner may write to",
    "drwxrwxrwt 0/0 0 2026-11-24 03:40 tmp/": "others than its owner may write to",
    "-rw-r--r-- 1000/1000 9 2026-11-24 03:40 etc/passwd": "not root's",
    "-rwsr-xr-x 0/0 9 2026-11-24 03:40 usr/bin/su": "gives its user more rights",
    "-rwxr-xr-x 0/0 9 2026-11-24 03:40 bin/sh": "there is a shell",
}
SCRIPT = """
set -euo pipefail
readonly -A DATA=([forwarder]=inbox)
readonly SIZE_MAX=30000000
work=$1
image_of() { echo an-image; }
say() { :; }
die() { echo "$*"; exit 1; }
source tests/images/inside.sh
list_files() { cat "$work/listed"; }
check_inside forwarder
"""


def check_inside(files):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "listed").write_text(files.lstrip())
        done = subprocess.run(["bash", "-c", SCRIPT, "-", folder], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Inside(unittest.TestCase):
    def test_an_image_that_is_right_is_taken(self):
        status, said = check_inside(RIGHT)

        self.assertEqual(status, 0, said)

    def test_each_fault_is_found(self):
        for line, expected in WRONG.items():
            with self.subTest(line):
                status, said = check_inside(f"{RIGHT}{line}\n")

                self.assertEqual(status, 1)
                self.assertIn(expected, said)


if __name__ == "__main__":
    sys.exit(unittest.main())

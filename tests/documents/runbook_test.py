#!/usr/bin/env python3
"""Blocks of docs/operations.md run as they stand there, with a kubectl that knows what a cluster would say."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
# Secrets are there already, and forwarders are pods of whatever owner.
KUBECTL = r"""#!/bin/bash
all=$*
case $all in
  *'create secret generic'*'--dry-run=client -o yaml') echo "secret: ${all#*generic }" ;;
  *'create secret'*) echo AlreadyExists >&2; exit 1 ;;
  *' replace -f -') sed 's/^secret: \([^ ]*\) --from-file=\([^ ]*\) .*/replaced \1 by \2/' ;;
  *'get pods --selector app.kubernetes.io/name=solar-forwarder -o name') printf 'pod/%s\n' solar-forwarder-{0,1} ;;
  *' exec pod/'*) echo "${all#*exec }" ;;
  *' logs --selector '*) echo '[pod/solar-forwarder-0/forwarder] 2026-01-28T10:15:00.000Z WARN  central still away' ;;
  *' rollout restart '*) echo "restarted ${all##* }" ;;
  *) echo "kubectl does not know: $*" >&2; exit 1 ;;
esac
"""


def block(begin):
    """The block of shell that begins so."""
    return next(text for text in re.findall(r"```sh\n(.*?)```", PAGE, re.S) if text.startswith(begin))


def run(script):
    with tempfile.TemporaryDirectory() as folder:
        kubectl = pathlib.Path(folder) / "kubectl"
        kubectl.write_text(KUBECTL)
        kubectl.chmod(0o755)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False,
                              env={"PATH": f"{folder}:/usr/bin:/bin"})
    return done.stdout.splitlines() if done.returncode == 0 else done


class Runbook(unittest.TestCase):
    def test_each_asks_every_forwarder(self):
        self.assertEqual(run(block("each()"))[:4], [
            "== pod/solar-forwarder-0", "pod/solar-forwarder-0 -- /usr/bin/solar-forwarder status",
            "== pod/solar-forwarder-1", "pod/solar-forwarder-1 -- /usr/bin/solar-forwarder status"])

    def test_secrets_that_are_there_are_renewed(self):
        self.assertEqual(run(block("renew()")), [
            "replaced solar-broker by compose/credentials/broker", "restarted statefulset/solar-broker",
            "replaced solar-forwarder-mqtt by compose/credentials/forwarder", "replaced solar-forwarder-api by token=FILE",
            "restarted deployment/solar-forwarder"])

    def test_the_ingress_for_traefik_uses_the_limit_beside_it(self):
        limit, ingress = yaml.safe_load_all(re.search(r"```yaml\n(apiVersion: traefik.*?)```", PAGE, re.S)[1])
        annotations = ingress["metadata"]["annotations"]
        base = next(yaml.safe_load_all((ROOT / "k8s/base/ingress.yaml").read_text()))

        self.assertEqual(annotations["traefik.ingress.kubernetes.io/router.middlewares"],
                         "{namespace}-{name}@kubernetescrd".format(**limit["metadata"]))
        self.assertEqual(ingress["metadata"]["name"], base["metadata"]["name"])

    def test_no_command_asks_one_forwarder_of_many(self):
        self.assertEqual(re.findall(r"(?:exec|logs|port-forward) deploy\w*/solar-forwarder", PAGE), [])


if __name__ == "__main__":
    sys.exit(unittest.main())

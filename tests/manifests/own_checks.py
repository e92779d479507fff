"""What schemas do not see in our manifests. Each check is a generator of sentences; no sentence, no fault.

usage: own_checks.py [--bin FOLDER] BUILT.yaml...     each file is one build: everything that is applied together
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

import yaml

import broker_checks
import security_checks
from model import (DURATIONS, SIZES, Build, containers_of, dig, labels_of, matches, misread_options, name_of,
                   pod_template, quantity)

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding"}
PROGRAMS = {"forwarder": "solar-forwarder", "publisher": "solar-publisher"}
# Made for references in the manifests themselves; no program reads them.
LOGS = 16 << 20  # of an inbox, and of the new one while it is salvaged
OWN_VARIABLES = {"POD_NAME", "SECRET_WORD", "CLIENT_WORD", "READING"}

# As long as under systemd (TimeoutStartSec in forwarder/debian).
SALVAGE_SECONDS = 900


# --- what names what ---


def selectors_match(build):
    for item in build.of("Deployment", "StatefulSet", "DaemonSet"):
        if not matches(item["spec"]["selector"]["matchLabels"], labels_of(item)):
            yield f"{name_of(item)}: its selector does not match its own pods"
        for spread in pod_template(item)["spec"].get("topologySpreadConstraints", []):
            if not matches(dig(spread, "labelSelector", "matchLabels", default={"": ""}), labels_of(item)):
                yield f"{name_of(item)}: spreads other pods than its own"
    for budget in build.of("PodDisruptionBudget"):
        if not any(matches(budget["spec"]["selector"]["matchLabels"], labels_of(item)) for item in build.workloads):
            yield f"{name_of(budget)}: no pod matches"
    for service in build.of("Service"):
        pods = [item for item in build.workloads if matches(service["spec"]["selector"], labels_of(item))]
        if not pods:
            yield f"{name_of(service)}: no pod matches"
        for item in pods:
            ports = {p[key] for c in containers_of(item) for p in c.get("ports", []) for key in ("name", "containerPort")}
            for port in service["spec"]["ports"]:
                if port.get("targetPort", port["port"]) not in ports:
                    yield f"{name_of(service)}: {name_of(item)} has no port {port.get('targetPort', port['port'])}"


def backends_exist(build):
    for ingress in build.of("Ingress"):
        if not ingress["spec"].get("tls"):
            yield f"{name_of(ingress)}: no TLS"
        annotations = dig(ingress, "metadata", "annotations", default={})
        if not any(key.endswith(("/limit-rps", "/router.middlewares")) for key in annotations):
            yield f"{name_of(ingress)}: no rate limit"
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                wanted = path["backend"]["service"]
                service = build.named("Service", wanted["name"])
                if not service or wanted["port"].get("name") not in {p.get("name") for p in service["spec"]["ports"]}:
                    yield f"{name_of(ingress)}: there is no service {wanted['name']} with that port"
                elif service["spec"].get("publishNotReadyAddresses"):
                    yield f"{name_of(ingress)}: {wanted['name']} leads to pods that are not ready"
    for item in build.of("StatefulSet"):
        if not build.named("Service", item["spec"]["serviceName"]):
            yield f"{name_of(item)}: there is no service {item['spec']['serviceName']}"


def documented():
    """What the comments of the manifests tell a person to make."""
    comments = [line for path in sorted((ROOT / "k8s").rglob("*.yaml")) for line in path.read_text().splitlines()
                if line.startswith("#")]
    return set(re.findall(r"create secret \w+ ([\w-]+)|`([\w-]+)`", "\n".join(comments)))


def references_exist(build, known=frozenset(name for pair in documented() for name in pair if name)):
    for item in build.workloads:
        spec = pod_template(item)["spec"]
        wanted = set()
        for volume in spec.get("volumes", []):
            wanted |= {("ConfigMap", dig(volume, "configMap", "name")), ("Secret", dig(volume, "secret", "secretName")),
                       ("PersistentVolumeClaim", dig(volume, "persistentVolumeClaim", "claimName"))}
        for container in containers_of(item):
            for source in container.get("envFrom", []):
                wanted |= {("ConfigMap", dig(source, "configMapRef", "name")), ("Secret", dig(source, "secretRef", "name"))}
            for entry in container.get("env", []):
                wanted |= {("ConfigMap", dig(entry, "valueFrom", "configMapKeyRef", "name")),
                           ("Secret", dig(entry, "valueFrom", "secretKeyRef", "name"))}
        wanted.add(("ServiceAccount", spec.get("serviceAccountName")))
        for kind, name in sorted(pair for pair in wanted if pair[1]):
            if not build.named(kind, name) and not (kind == "Secret" and name in known):
                yield f"{name_of(item)}: the {kind} {name} is neither here nor documented"
        volumes = {v["name"] for v in spec.get("volumes", []) + [
            {"name": claim["metadata"]["name"]} for claim in item["spec"].get("volumeClaimTemplates", [])]}
        for container in containers_of(item):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{name_of(item)} {container['name']}: there is no volume {mount['name']}"
    for ingress in build.of("Ingress"):
        for tls in ingress["spec"].get("tls", []):
            if tls["secretName"] not in known:
                yield f"{name_of(ingress)}: the Secret {tls['secretName']} is not documented"


def everything_is_in_one_namespace(build):
    for item in build.items:
        if item["kind"] not in CLUSTER_WIDE and dig(item, "metadata", "namespace") != "solar-sync":
            yield f"{name_of(item)}: not in the namespace solar-sync"


# --- settings, sizes, times ---


def setting_faults(program, variables):
    """Asks the program itself. `variables`: name -> value, or None where the value comes from elsewhere."""
    if not program.exists():
        return
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for name in sorted(set(variables) - set(re.findall(r"^  --[a-z-]+, ([A-Z_]+)$", text, re.MULTILINE))):
        yield f"{program.name} has no setting {name}"
    # A command that only looks: 2 means that a value is wrong, anything else that there is no database here.
    done = subprocess.run([program.resolve(), "status"], env={k: v for k, v in variables.items() if v is not None and k != "CONFIG"},
                          cwd="/", capture_output=True, text=True, check=False)
    if done.returncode == 2:
        yield done.stderr.strip()


def settings_are_real(build, binaries):
    for item in build.workloads:
        for container in containers_of(item):
            variables = {k: v for k, v in build.environment(container).items() if k not in OWN_VARIABLES}
            if container["name"] in PROGRAMS:
                yield from (f"{name_of(item)}: {fault}"
                            for fault in setting_faults(binaries / PROGRAMS[container["name"]], variables))


def paths_are_mounted(build):
    for item in build.workloads:
        for container in containers_of(item):
            mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            for name, value in build.environment(container).items():
                if name.endswith(("_FILE", "_PATH")) and not any(value.startswith(f"{mount}/") for mount in mounts):
                    yield f"{name_of(item)}: {name} is {value}, where nothing is mounted"


def forwarder_leaves_in_time(build):
    for item in build.workloads:
        for container in containers_of(item):
            if container["name"] != "forwarder":
                continue
            variables, where = build.environment(container), name_of(item)
            drains = [quantity(variables.get(name, usual), DURATIONS)
                      for name, usual in (("DRAIN_TIMEOUT", "25s"), ("DRAIN_PLAIN_TIMEOUT", "1h"))]
            if pod_template(item)["spec"].get("terminationGracePeriodSeconds", 30) < max(drains) + 15:
                yield f"{where}: killed before both drains are over, or without 15 s for the last receipts"
            for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
                if dig(container, probe, "httpGet", "path") != path:
                    yield f"{where}: its {probe} is not {path}"
            startup = container.get("startupProbe", {})
            if startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3) < SALVAGE_SECONDS:
                yield f"{where}: killed in the middle of a salvage"
            if item["kind"] == "Deployment" and dig(item, "spec", "strategy", "rollingUpdate", "maxUnavailable") != 0:
                yield f"{where}: a rollout takes a forwarder away before the next one is there"


def probes_are_understood(build):
    for item in build.workloads:
        for container in containers_of(item):
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                for word in misread_options(dig(container, probe, "exec", "command", default=[])):
                    yield f"{name_of(item)}: its {probe} would not understand {word}"


def inbox_fits(build):
    for item in build.workloads:
        for container in containers_of(item):
            variables = build.environment(container)
            if container["name"] != "forwarder" or "INBOX_PATH" not in variables:
                continue
            folder, where = os.path.dirname(variables["INBOX_PATH"]), name_of(item)
            needed = 2 * (quantity(variables.get("INBOX_MAX", "512MiB"), SIZES) +
                          quantity(variables.get("DEAD_LETTERS_MAX", "8MiB"), SIZES)) + LOGS
            volume = next((m["name"] for m in container["volumeMounts"] if m["mountPath"] == folder), None)
            sizes = [dig(v, "emptyDir", "sizeLimit") for v in pod_template(item)["spec"]["volumes"] if v["name"] == volume]
            sizes += [claim["spec"]["resources"]["requests"]["storage"]
                      for claim in item["spec"].get("volumeClaimTemplates", []) if claim["metadata"]["name"] == volume]
            if not sizes or not sizes[0] or quantity(sizes[0], SIZES) < needed:
                yield f"{where}: the inbox's volume is smaller than {needed >> 20} MiB, twice inbox and dead letters and the logs"
            limit = dig(container, "resources", "limits", "ephemeral-storage")
            if limit and quantity(limit, SIZES) < needed:
                yield f"{where}: its limit of ephemeral-storage is below its inbox's volume"


def scaling_is_bounded(build):
    for scaler in build.of("HorizontalPodAutoscaler"):
        spec, where = scaler["spec"], name_of(scaler)
        target = build.named(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        if not target:
            yield f"{where}: there is no {spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
        if spec.get("minReplicas", 1) < 2 or not spec["minReplicas"] < spec["maxReplicas"] <= 10:
            yield f"{where}: must stay between 2 and 10"
        if dig(spec, "behavior", "scaleDown", "stabilizationWindowSeconds", default=300) < 1800:
            yield f"{where}: an outage, which costs no CPU, would scale down"
        if dig(spec, "behavior", "scaleDown", "policies") != [{"type": "Pods", "value": 1, "periodSeconds": 600}]:
            yield f"{where}: takes away more than one pod in 10 minutes"
        if target and "replicas" in target["spec"]:
            yield f"{where}: applying {name_of(target)} again would set back the number that it owns"
        if target and target["kind"] == "StatefulSet":
            yield f"{where}: scaling down a StatefulSet leaves readings on a volume that nobody reads"


def unready_pods_leave_their_nodes(build):
    """Full inboxes make pods unready for days. Only where they lose nothing by it: an emptyDir goes with its pod."""
    for budget in build.of("PodDisruptionBudget"):
        pods = [item for item in build.workloads if matches(budget["spec"]["selector"]["matchLabels"], labels_of(item))]
        is_durable = bool(pods) and all(item["spec"].get("volumeClaimTemplates") for item in pods)
        if is_durable != (budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"):
            yield f"{name_of(budget)}: unready pods {'block their nodes' if is_durable else 'may be evicted with their readings'}"


def readings_are_measured(build):
    for config in build.of("ConfigMap"):
        if "READING" in config["data"]:
            yield f"{name_of(config)}: a reading that nobody has measured would be sent for ever"


def alerts_can_be_acted_on(build):
    metrics, operations = ROOT / "docs/metrics.md", ROOT / "docs/operations.md"
    for rule in build.of("PrometheusRule"):
        for alert in (alert for group in rule["spec"]["groups"] for alert in group["rules"]):
            where = f"{name_of(rule)} {alert['alert']}"
            page, _, section = dig(alert, "annotations", "runbook", default="").partition("#")
            if page != "docs/operations.md" or not section:
                yield f"{where}: does not name a section of docs/operations.md"
            elif operations.exists() and section not in headings(operations):
                yield f"{where}: docs/operations.md has no section #{section}"
            for metric in sorted(set(re.findall(r"\bsolar_\w+", alert["expr"]))):
                if metrics.exists() and metric not in metrics.read_text():
                    yield f"{where}: docs/metrics.md does not know {metric}"


def headings(page):
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


CHECKS = (*security_checks.CHECKS, *broker_checks.CHECKS, selectors_match, backends_exist, references_exist,
          everything_is_in_one_namespace, paths_are_mounted, forwarder_leaves_in_time, probes_are_understood, inbox_fits,
          scaling_is_bounded, unready_pods_leave_their_nodes, readings_are_measured, alerts_can_be_acted_on)


def faults_in(items, binaries):
    build = Build(items)
    return [fault for check in CHECKS for fault in check(build)] + list(settings_are_real(build, binaries))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    for name in PROGRAMS.values():
        if not (arguments.bin / name).exists():
            print(f"skipped: {name}'s settings (not in {arguments.bin}; ./dev build makes it)")
    count = 0
    for file in arguments.files:
        for fault in faults_in(yaml.safe_load_all(file.read_text()), arguments.bin):
            count += 1
            print(f"{file.stem}: {fault}")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()

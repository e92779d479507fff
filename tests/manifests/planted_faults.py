"""Every check of ours must find the fault that it is there for: plants them one by one into a build that is clean.

usage: planted_faults.py BIN_FOLDER PRODUCTION.yaml DURABLE.yaml MONITORING.yaml CRONJOB.yaml DEPLOYER.yaml COMPOSE.yaml
"""

import json
import pathlib
import sys

import yaml

import compose_checks
from model import Build, pod_template
from own_checks import CHECKS, settings_are_real


def item(build, kind, name):
    return build.named(kind, name)


def pod(build):
    return pod_template(build.named("Deployment", "solar-forwarder"))["spec"]


def container(build):
    return pod(build)["containers"][0]


def variable(build, name):
    return next(entry for entry in container(build)["env"] if entry["name"] == name)


def config(build):
    return next(c for c in build.of("ConfigMap") if "API_URL" in c["data"])["data"]


def broker(build):
    return pod_template(item(build, "StatefulSet", "solar-broker"))["spec"]["containers"][0]


def broker_config(build):
    return next(c for c in build.of("ConfigMap") if "mosquitto.conf" in c["data"])["data"]


def edit_broker(build, old, new):
    data = broker_config(build)
    assert old in data["mosquitto.conf"]
    data["mosquitto.conf"] = data["mosquitto.conf"].replace(old, new, 1)


def first_alert(build):
    return build.of("PrometheusRule")[0]["spec"]["groups"][0]["rules"][0]


# What is done to the build, and a part of the sentence that must come.
PRODUCTION = [
    (lambda b: pod(b)["securityContext"].pop("runAsNonRoot"), "must say runAsNonRoot"),
    (lambda b: pod(b)["securityContext"].update(runAsUser=0), "must say runAsNonRoot"),
    (lambda b: pod(b)["securityContext"].pop("seccompProfile"), "seccompProfile"),
    (lambda b: pod(b).pop("automountServiceAccountToken"), "takes the ServiceAccount's token"),
    (lambda b: item(b, "ServiceAccount", "solar-forwarder").pop("automountServiceAccountToken"), "hands out its token"),
    (lambda b: pod(b).update(hostNetwork=True), "hostNetwork"),
    (lambda b: pod(b)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "is a hostPath"),
    (lambda b: container(b)["securityContext"].update(readOnlyRootFilesystem=False), "root file system is writable"),
    (lambda b: container(b)["securityContext"].update(allowPrivilegeEscalation=True), "may gain privileges"),
    (lambda b: container(b)["securityContext"].update(privileged=True), "may gain privileges"),
    (lambda b: container(b)["securityContext"]["capabilities"].update(add=["NET_RAW"]), "must drop all capabilities"),
    (lambda b: container(b)["securityContext"].pop("capabilities"), "must drop all capabilities"),
    (lambda b: container(b)["securityContext"].update(runAsUser=0), "runs as root"),
    (lambda b: container(b)["resources"]["limits"].pop("memory"), "no limits of memory"),
    (lambda b: container(b)["resources"]["requests"].pop("cpu"), "no requests of cpu"),
    (lambda b: container(b).update(image="solar-forwarder:latest"), "the image has no version"),
    (lambda b: container(b).update(image="solar-forwarder"), "the image has no version"),
    (lambda b: b.items.remove(item(b, "NetworkPolicy", "default-deny")), "denies everything by default"),
    (lambda b: item(b, "NetworkPolicy", "default-deny")["spec"].update(egress=[{}]), "denies everything by default"),
    (lambda b: b.items.remove(item(b, "NetworkPolicy", "solar-broker")), "no NetworkPolicy names its pods"),
    (lambda b: item(b, "NetworkPolicy", "solar-broker")["spec"]["podSelector"].update(matchLabels={"a": "b"}), "no pod has"),
    (lambda b: item(b, "Namespace", "solar-sync")["metadata"].pop("labels"), "not enforced as restricted"),
    (lambda b: edit_broker(b, "allow_anonymous false", "allow_anonymous true"), "anybody may come in"),
    (lambda b: edit_broker(b, "allow_anonymous", "per_listener_settings true\nallow_anonymous"), "per_listener_settings"),
    (lambda b: edit_broker(b, "listener 8884", "listener 1883\nlistener 8884"), "a listener without TLS"),
    (lambda b: edit_broker(b, "listener 8884", "listener 8886"), "its ports are not the listeners"),
    (lambda b: item(b, "Deployment", "solar-forwarder")["spec"]["selector"]["matchLabels"].update(a="b"), "its own pods"),
    (lambda b: pod(b)["topologySpreadConstraints"][0]["labelSelector"].update(matchLabels={"a": "b"}), "spreads other pods"),
    (lambda b: item(b, "PodDisruptionBudget", "solar-forwarder")["spec"]["selector"].update(matchLabels={"a": "b"}), "no pod"),
    (lambda b: item(b, "PodDisruptionBudget", "solar-forwarder")["spec"].update(unhealthyPodEvictionPolicy="AlwaysAllow"),
     "may be evicted with their readings"),
    (lambda b: item(b, "Service", "solar-forwarder")["spec"].update(selector={"a": "b"}), "Service/solar-forwarder: no pod"),
    (lambda b: item(b, "Service", "solar-forwarder")["spec"]["ports"][0].update(targetPort="htpp"), "has no port htpp"),
    (lambda b: item(b, "Ingress", "solar-forwarder")["spec"].pop("tls"), "no TLS"),
    (lambda b: item(b, "Ingress", "solar-forwarder")["metadata"].pop("annotations"), "no rate limit"),
    (lambda b: b.items.remove(item(b, "Service", "solar-forwarder-ready")), "there is no service solar-forwarder-ready"),
    (lambda b: item(b, "Service", "solar-forwarder-ready")["spec"].update(publishNotReadyAddresses=True), "that are not ready"),
    (lambda b: b.items.remove(item(b, "Service", "solar-broker")), "there is no service solar-broker"),
    (lambda b: pod(b)["volumes"][1]["secret"].update(secretName="forgotten"), "the Secret forgotten is neither"),
    (lambda b: container(b)["envFrom"][0]["configMapRef"].update(name="forgotten"), "the ConfigMap forgotten is neither"),
    (lambda b: pod(b).update(serviceAccountName="forgotten"), "the ServiceAccount forgotten is neither"),
    (lambda b: pod(b)["volumes"].pop(0), "there is no volume inbox"),
    (lambda b: item(b, "Service", "solar-forwarder")["metadata"].update(namespace="default"), "not in the namespace"),
    (lambda b: config(b).update(MQTT_CA_FILE="/etc/ca.crt"), "where nothing is mounted"),
    (lambda b: pod(b).update(terminationGracePeriodSeconds=3600), "killed before both drains"),
    (lambda b: config(b).update(DRAIN_PLAIN_TIMEOUT="2h"), "killed before both drains"),
    (lambda b: container(b)["livenessProbe"]["httpGet"].update(path="/readyz"), "livenessProbe is not"),
    (lambda b: container(b).pop("startupProbe"), "startupProbe is not"),
    (lambda b: container(b)["startupProbe"].update(failureThreshold=150), "killed in the middle of a salvage"),
    (lambda b: config(b).update(API_URL="https://central.example.org:8443/api/solar"), "lets it out to API_URL"),
    (lambda b: config(b).update(BROKER_URL="mqtts://solar-broker:8887"), "lets it out to BROKER_URL"),
    (lambda b: edit_broker(b, "\nmemory_limit", "\n#"), "must be a quarter above memory_limit"),
    (lambda b: broker(b)["resources"]["limits"].update(memory="1Gi"), "must be a quarter above memory_limit"),
    (lambda b: edit_broker(b, "max_queued_bytes 3", "max_queued_bytes 6"), "what waits for 10 forwarders that are away"),
    (lambda b: config(b).update(BROKER_URL="mqtts://solar-broker:8883"), "the forwarders' door is open to everybody"),
    (lambda b: item(b, "Service", "solar-broker-public")["spec"]["ports"][0].update(targetPort=8885), "door is open to everybody"),
    (lambda b: item(b, "NetworkPolicy", "solar-broker")["spec"]["ingress"][1].pop("from"), "lets everybody in by the forwarders' door"),
    (lambda b: item(b, "NetworkPolicy", "solar-broker")["spec"]["ingress"].pop(), "lets forwarders in by their door"),
    (lambda b: item(b, "Service", "solar-broker")["spec"].pop("publishNotReadyAddresses"), "the only broker is not ready"),
    (lambda b: variable(b, "CLIENT_ID").update(value="$(POD_NAME)-$(SECRET_WORD)"), "gives the group's name away"),
    (lambda b: variable(b, "CLIENT_WORD")["valueFrom"]["secretKeyRef"].update(key="secret-word"), "gives the group's name away"),
    (lambda b: variable(b, "CLIENT_ID").update(value="$(POD_NAME)"), "must end with a secret word"),
    (lambda b: item(b, "Deployment", "solar-forwarder")["spec"].update(replicas=2), "would set back the number"),
    (lambda b: item(b, "Deployment", "solar-forwarder")["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1),
     "takes a forwarder away"),
    (lambda b: broker(b)["readinessProbe"]["exec"]["command"].append("-W5"), "would not understand -W5"),
    (lambda b: pod(b)["volumes"][0]["emptyDir"].update(sizeLimit="1Gi"), "smaller than 1056 MiB"),
    (lambda b: pod(b)["volumes"][0].update(emptyDir={}), "smaller than 1056 MiB"),
    (lambda b: config(b).update(INBOX_MAX="1GiB"), "smaller than 2080 MiB"),
    (lambda b: container(b)["resources"]["limits"].update({"ephemeral-storage": "1Gi"}), "below its inbox's volume"),
    (lambda b: item(b, "HorizontalPodAutoscaler", "solar-forwarder")["spec"].update(minReplicas=1), "between 2 and 10"),
    (lambda b: item(b, "HorizontalPodAutoscaler", "solar-forwarder")["spec"].update(maxReplicas=20), "between 2 and 10"),
    (lambda b: item(b, "HorizontalPodAutoscaler", "solar-forwarder")["spec"].pop("behavior"), "would scale down"),
    (lambda b: item(b, "HorizontalPodAutoscaler", "solar-forwarder")["spec"]["behavior"]["scaleDown"].pop("policies"), "than one pod"),
    (lambda b: item(b, "HorizontalPodAutoscaler", "solar-forwarder")["spec"]["scaleTargetRef"].update(name="x"), "there is no"),
]
DURABLE = [
    (lambda b: item(b, "PodDisruptionBudget", "solar-forwarder")["spec"].pop("unhealthyPodEvictionPolicy"), "block their nodes"),
    (lambda b: item(b, "StatefulSet", "solar-forwarder")["spec"].pop("volumeClaimTemplates"), "smaller than 1056 MiB"),
    (lambda b: item(b, "StatefulSet", "solar-forwarder")["spec"].update(serviceName="x"), "there is no service x"),
    (lambda b: b.items.append({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "x", "namespace": "solar-sync"}, "spec": {
        "scaleTargetRef": {"kind": "StatefulSet", "name": "solar-forwarder"}, "minReplicas": 2, "maxReplicas": 9}}), "nobody reads"),
]
CRONJOB = [
    (lambda b: b.of("ConfigMap")[0]["data"].update(READING='{"power_kw":120}'), "nobody has measured"),
]
DEPLOYER = [
    (lambda b: item(b, "Role", "solar-deployer")["rules"][3]["resources"].remove("ingresses"), "may not apply Ingress"),
    (lambda b: item(b, "Role", "solar-deployer")["rules"][1]["verbs"].remove("create"), "may not apply Deployment"),
    (lambda b: item(b, "Role", "solar-deployer")["rules"][0]["resources"].append("secrets"), "reads Secrets"),
    (lambda b: item(b, "Role", "solar-deployer")["rules"][0].update(verbs=["*"]), "may do everything"),
    (lambda b: item(b, "ClusterRole", "solar-deployer-namespace")["rules"][0].pop("resourceNames"), "beyond its namespace"),
]
SETTINGS = [
    (lambda b: config(b).update(INBOX_MAXX="1GiB"), "has no setting INBOX_MAXX"),
    (lambda b: config(b).update(SESSION_EXPIRY="5minutes"), "unknown unit"),
]
COMPOSE = [
    (lambda s: s["broker"].update(user="0:0"), "broker: runs as root"),
    (lambda s: s["broker"].pop("user"), "broker: runs as root"),
    (lambda s: s["central"]["command"].remove("--token-file=/credentials/token"), "central: shows and takes readings without a token"),
    (lambda s: s["forwarder-1"]["environment"].pop("API_TOKEN_FILE"), "forwarder-1: has no token for central"),
    (lambda s: s["central"].pop("read_only"), "central: the root file system is writable"),
    (lambda s: s["central"].update(cap_add=["NET_RAW"]), "central: must drop"),
    (lambda s: s["meters"].pop("security_opt"), "meters: may gain privileges"),
    (lambda s: s["forwarder-1"].pop("mem_limit"), "forwarder-1: no mem_limit"),
    (lambda s: s["forwarder-1"].update(image="solar-forwarder:latest"), "the image has no version"),
    (lambda s: s["broker"].update(ports=["8883:8883"]), "is open to everybody"),
    (lambda s: s["broker"].update(mem_limit="512m"), "broker: its limit of memory"),
    (lambda s: s["forwarder-1"]["environment"].update(BROKER_URL="mqtts://broker:8883"), "a door of the broker that is published"),
    (lambda s: s["forwarder-1"]["volumes"].append("forgotten:/x"), "the volume forgotten is not declared"),
    (lambda s: s["forwarder-1"].update(volumes=["credentials-forwarder:/credentials"]), "may write to"),
    (lambda s: s["broker"]["volumes"].append("credentials:/ca:ro"), "sees the CA's key"),
    (lambda s: s["broker"]["volumes"].append("credentials-forwarder:/f:ro"), "has two identities"),
    (lambda s: s.pop("forwarder-2"), "the volume inbox-2 is of no use"),
    (lambda s: s.pop("prepare"), "waits for prepare"),
    (lambda s: s["broker"].pop("healthcheck"), "waits for the health of broker"),
    (lambda s: s["broker"]["healthcheck"]["test"].append("--host=localhost"), "would not understand --host=localhost"),
    (lambda s: s["watch"]["command"].append("-C1"), "would not understand -C1"),
]
MONITORING = [
    (lambda b: first_alert(b)["annotations"].pop("runbook"), "does not name a section"),
    (lambda b: first_alert(b)["annotations"].update(runbook="docs/operations.md#nowhere"), "has no section #nowhere"),
    (lambda b: first_alert(b).update(expr="absent(solar_forwarder_membr == 1)"), "does not know solar_forwarder_membr"),
]


def sentences(build):
    return [fault for check in CHECKS for fault in check(build)]


def planted(path, faults, wrap, check):
    """How many were missed, of the faults planted into what `wrap` makes of the file."""
    missed = 0
    for number, (plant, expected) in enumerate(faults, 1):
        whole = wrap(path.read_text())
        plant(whole["services"] if isinstance(whole, dict) else whole)
        found = check(whole if isinstance(whole, dict) else Build(whole.items))
        if not any(expected in sentence for sentence in found):
            missed += 1
            print(f"{path.stem}: fault {number} was not found ({expected}); found: {found}")
    return missed


def main():
    binaries, production, durable, monitoring, cronjob, deployer, compose = map(pathlib.Path, sys.argv[1:])

    def build(text):
        return Build(list(yaml.safe_load_all(text)))

    def separate(text):  # what is shared by an anchor must not be changed for all
        return json.loads(json.dumps(yaml.safe_load(text)))

    rounds = [(production, PRODUCTION, build, sentences), (durable, DURABLE, build, sentences),
              (monitoring, MONITORING, build, sentences), (cronjob, CRONJOB, build, sentences),
              (deployer, DEPLOYER, build, sentences), (compose, COMPOSE, separate, compose_checks.faults_in)]
    if (binaries / "solar-forwarder").exists():
        rounds.append((production, SETTINGS, build, lambda b: list(settings_are_real(b, binaries))))
    count = sum(len(faults) for _, faults, _, _ in rounds)
    missed = sum(planted(*one) for one in rounds)
    print(f"planted {count} faults, {count - missed} were found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

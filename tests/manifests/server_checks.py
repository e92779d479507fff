"""What only a real API server can say: that it takes the pods which our manifests make, and that it is no rubber stamp.

usage: server_checks.py BUILT.yaml...     with kubectl's current context at a server that has the namespace solar-sync

Everything is a dry run. Each fault is planted into a build that the server takes; it must refuse it, or warn of it.
"""

import json
import pathlib
import subprocess
import sys

import yaml

from model import Build, name_of, pod_template

NAMESPACE = "solar-sync"


def load(file):
    return Build(list(yaml.safe_load_all(file.read_text())))


def refusal(items):
    """What the server has against them; empty if nothing."""
    done = subprocess.run(["kubectl", "apply", "--server-side", "--dry-run=server", "--force-conflicts", "--warnings-as-errors",
                           "-f", "-"], input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}),
                          capture_output=True, text=True, check=False)
    return done.stderr.strip() or "refused without a word" if done.returncode else ""


def pod_of(item):
    template = json.loads(json.dumps(pod_template(item)))
    spec = template["spec"]
    # What a StatefulSet's controller adds to its pods.
    for claim in item["spec"].get("volumeClaimTemplates", []):
        spec.setdefault("volumes", []).append({"name": claim["metadata"]["name"], "emptyDir": {}})
    return {"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata": {
        "name": f"{item['metadata']['name']}-0", "namespace": NAMESPACE, "labels": template["metadata"]["labels"]}}


def workload(build, kind="Deployment"):
    return build.named(kind, "solar-forwarder")


def pod(build):
    return pod_template(workload(build))["spec"]


def container(build):
    return pod(build)["containers"][0]


def spec(build, kind, name="solar-forwarder"):
    return build.named(kind, name)["spec"]


PRODUCTION = {
    "a field that is misspelt": lambda b: spec(b, "Deployment").update(replcas=2),
    "a type that is gone": lambda b: b.of("HorizontalPodAutoscaler")[0].update(apiVersion="autoscaling/v2beta2"),
    "a selector that misses its own pods": lambda b: spec(b, "Deployment")["selector"].update(matchLabels={"a": "b"}),
    "a size that is none": lambda b: pod(b)["volumes"][0]["emptyDir"].update(sizeLimit="much"),
    "a volume that is not there": lambda b: container(b)["volumeMounts"].append({"name": "x", "mountPath": "/x"}),
    "a path mounted twice": lambda b: container(b)["volumeMounts"].append({"name": "inbox", "mountPath": "/credentials/mqtt"}),
    "more asked for than allowed": lambda b: container(b)["resources"]["requests"].update(memory="1Gi"),
    "a name of a port that is too long": lambda b: container(b)["ports"][0].update(name="metrics-and-health"),
    "two ways to probe at once": lambda b: container(b)["livenessProbe"].update(tcpSocket={"port": 8080}),
    "a negative grace period": lambda b: pod(b).update(terminationGracePeriodSeconds=-1),
    "a rollout that may not move": lambda b: spec(b, "Deployment")["strategy"]["rollingUpdate"].update(maxSurge=0),
    "a variable without a value's home": lambda b: container(b)["env"].append({"name": "X", "valueFrom": {}}),
    "a topology without a label": lambda b: pod(b)["topologySpreadConstraints"][0].update(whenUnsatisfiable="Perhaps"),
    "an unknown kind of policy": lambda b: spec(b, "NetworkPolicy")["policyTypes"].append("Sideways"),
    "an address that is none": lambda b: spec(b, "NetworkPolicy", "solar-forwarder-to-central")["egress"][0]["to"][0]["ipBlock"]
        .update(cidr="0.0.0.0/33"),
    "a budget with two opinions": lambda b: spec(b, "PodDisruptionBudget").update(minAvailable=1),
    "an ingress path of no type": lambda b: spec(b, "Ingress")["rules"][0]["http"]["paths"][0].pop("pathType"),
    "a scaler that ends below its start": lambda b: spec(b, "HorizontalPodAutoscaler").update(maxReplicas=1),
    "a scaler that waits for over an hour": lambda b: spec(b, "HorizontalPodAutoscaler")["behavior"]["scaleDown"]
        .update(stabilizationWindowSeconds=3601),
    "a service's port out of range": lambda b: spec(b, "Service")["ports"][0].update(port=70000),
    "a name in capitals": lambda b: b.named("Service", "solar-broker")["metadata"].update(name="Broker"),
    "a level of Pod Security that is none": lambda b: b.named("Namespace", NAMESPACE)["metadata"]["labels"].update(
        {"pod-security.kubernetes.io/enforce": "very"}),
    "root, under Pod Security": lambda b: pod(b)["securityContext"].update(runAsNonRoot=False),
    "no seccomp, under Pod Security": lambda b: pod(b)["securityContext"].pop("seccompProfile"),
    "capabilities kept, under Pod Security": lambda b: container(b)["securityContext"].pop("capabilities"),
    "the host's network, under Pod Security": lambda b: pod(b).update(hostNetwork=True),
}
DURABLE = {
    "a strategy of Deployments": lambda b: workload(b, "StatefulSet")["spec"].update(strategy={"type": "Recreate"}),
    "an order of pods that is none": lambda b: spec(b, "StatefulSet").update(podManagementPolicy="Sideways"),
}
MONITORING = {
    "a rule without an expression": lambda b: b.of("PrometheusRule")[0]["spec"]["groups"][0]["rules"][0].pop("expr"),
    "an interval that is none": lambda b: b.of("ServiceMonitor")[0]["spec"]["endpoints"][0].update(interval="often"),
}
CRONJOB = {
    "a schedule that is none": lambda b: b.of("CronJob")[0]["spec"].update(schedule="now and then"),
    "a job that restarts for ever": lambda b: pod_template(b.of("CronJob")[0])["spec"].update(restartPolicy="Always"),
}
FAULTS = {"overlays-production": PRODUCTION, "overlays-durable-inbox": DURABLE, "monitoring": MONITORING, "cronjob": CRONJOB}


def check_pods(file, build):
    """How many pods the server turns away."""
    away = 0
    for item in build.workloads:
        if why := refusal([pod_of(item)]):
            away += 1
            print(f"{file.stem}: a pod of {name_of(item)} is turned away: {why}")
    return away


def plant(file):
    """How many faults the server did not see; all, where it refuses the build as it is."""
    if why := refusal(load(file).items):
        print(f"{file.stem}: the server refuses it without a fault: {why}")
        return len(FAULTS.get(file.stem, {}))
    missed = 0
    for name, fault in FAULTS.get(file.stem, {}).items():
        build = load(file)
        fault(build)
        if not refusal(build.items):
            missed += 1
            print(f"{file.stem}: the server took {name}")
    return missed


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]]
    builds = {file: load(file) for file in files}
    pods = sum(len(build.workloads) for build in builds.values())
    faults = sum(len(FAULTS.get(file.stem, {})) for file in files)
    away = sum(check_pods(file, build) for file, build in builds.items())
    missed = sum(plant(file) for file in files)
    print(f"{pods - away} of {pods} pods were taken; planted {faults} faults, {faults - missed} were found")
    sys.exit(1 if away or missed else 0)


if __name__ == "__main__":
    main()

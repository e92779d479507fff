"""What must hold so that a pod that was taken over is of little use. Each check is a generator of sentences."""

import pathlib
import re
import urllib.parse

from broker_checks import options_of
from model import containers_of, dig, labels_of, matches, name_of, pod_template

# That cert-manager makes, while a certificate is being got.
OTHERS_PODS = [{"acme.cert-manager.io/http01-solver": "true"}]
PORTS = {"http": 80, "https": 443, "mqtts": 8883}


def pods_are_restricted(build):
    for item in build.workloads:
        spec, where = pod_template(item)["spec"], name_of(item)
        context = spec.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{where}: must say runAsNonRoot and a runAsUser that is not 0"
        if dig(context, "seccompProfile", "type") != "RuntimeDefault":
            yield f"{where}: seccompProfile must be RuntimeDefault"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{where}: takes the ServiceAccount's token"
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key):
                yield f"{where}: {key}"
        for volume in spec.get("volumes", []):
            if "hostPath" in volume:
                yield f"{where}: volume {volume['name']} is a hostPath"
    for account in build.of("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name_of(account)}: hands out its token"


def containers_are_restricted(build):
    for item in build.workloads:
        for container in containers_of(item):
            where = f"{name_of(item)} {container['name']}"
            context = container.get("securityContext", {})
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{where}: the root file system is writable"
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield f"{where}: may gain privileges"
            if dig(context, "capabilities", "drop") != ["ALL"] or dig(context, "capabilities", "add"):
                yield f"{where}: must drop all capabilities and add none"
            if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
                yield f"{where}: runs as root"


def resources_are_bounded(build):
    for item in build.workloads:
        for container in containers_of(item):
            for side in ("requests", "limits"):
                for what in ("cpu", "memory"):
                    if not dig(container, "resources", side, what):
                        yield f"{name_of(item)} {container['name']}: no {side} of {what}"


def images_are_pinned(build):
    for item in build.workloads:
        for container in containers_of(item):
            image = container["image"]
            if "@sha256:" not in image and not re.search(r":v?\d+\.\d+", image):
                yield f"{name_of(item)} {container['name']}: the image has no version: {image}"


def network_is_closed(build):
    policies = build.of("NetworkPolicy")
    for namespace in build.of("Namespace"):
        if dig(namespace, "metadata", "labels", "pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name_of(namespace)}: Pod Security is not enforced as restricted"
        if not any(p["spec"]["podSelector"] == {} and set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}
                   and not p["spec"].get("ingress") and not p["spec"].get("egress") for p in policies):
            yield "no NetworkPolicy denies everything by default"
    for policy in policies:
        selector = dig(policy, "spec", "podSelector", "matchLabels", default={})
        if selector in OTHERS_PODS:
            continue
        if selector and not any(matches(selector, labels_of(item)) for item in build.workloads):
            yield f"{name_of(policy)}: no pod has the labels {selector}"
    for item in build.workloads:
        if not any(dig(p, "spec", "podSelector", "matchLabels") and
                   matches(p["spec"]["podSelector"]["matchLabels"], labels_of(item)) for p in policies):
            yield f"{name_of(item)}: no NetworkPolicy names its pods"


def broker_is_closed(build):
    for config in build.of("ConfigMap"):
        text = config.get("data", {}).get("mosquitto.conf")
        if text is None:
            continue
        lines = options_of(text)
        options = [line[0] for line in lines]
        if ["allow_anonymous", "false"] not in lines or ["allow_anonymous", "true"] in lines:
            yield f"{name_of(config)}: anybody may come in"
        if "per_listener_settings" in options:
            yield f"{name_of(config)}: per_listener_settings: a listener could lack its rules"
        if options.count("listener") != options.count("certfile") or "listener" not in options:
            yield f"{name_of(config)}: a listener without TLS"
        ports = {int(line[1]) for line in lines if line[0] == "listener"}
        for item in build.workloads:
            for container in containers_of(item):
                if container["name"] == "mosquitto" and {p["containerPort"] for p in container["ports"]} != ports:
                    yield f"{name_of(item)}: its ports are not the listeners {sorted(ports)}"


def forwarders_may_call(build):
    """What no policy lets out is dropped without a word, so a port that was changed in one place only is hard to find."""
    for item in build.workloads:
        policies = [policy for policy in build.of("NetworkPolicy")
                    if matches(dig(policy, "spec", "podSelector", "matchLabels", default={}), labels_of(item))]
        ports = {port["port"] for p in policies for rule in p["spec"].get("egress", []) for port in rule.get("ports", [])}
        for container in containers_of(item):
            for name, value in build.environment(container).items():
                if name in ("API_URL", "BROKER_URL") and value:
                    address = urllib.parse.urlsplit(value)
                    if (address.port or PORTS[address.scheme]) not in ports:
                        yield f"{name_of(item)}: no NetworkPolicy lets it out to {name}={value}"


def secrets_have_one_use_each(build):
    """The broker's log shows client ids: whoever reads it must not know the group's name by that."""
    for item in build.workloads:
        for container in containers_of(item):
            entries = {entry["name"]: entry for entry in container.get("env", [])}
            words = [{tuple(sorted(dig(entries[word], "valueFrom", "secretKeyRef", default={}).items()))
                      for word in re.findall(r"\$\((\w+)\)", dig(entries, name, "value", default="")) if word in entries} - {()}
                     for name in ("GROUP", "CLIENT_ID")]
            if container["name"] == "forwarder" and not all(words):
                yield f"{name_of(item)}: group and client id must end with a secret word"
            if words[0] & words[1]:
                yield f"{name_of(item)}: the client id, which the broker logs, gives the group's name away"


def applied_kinds():
    """What the files below k8s/ hold, but for what a person applies: monitoring, the one-shot publisher, the deployer itself."""
    root = pathlib.Path(__file__).resolve().parents[2] / "k8s"
    files = [file for part in ("base", "broker", "overlays", "production-forwarder") for file in (root / part).rglob("*.yaml")]
    return {kind for file in files for kind in re.findall(r"^kind: (\w+)$", file.read_text(), re.M)} | {"ConfigMap", "StatefulSet"}


def deployer_may_deploy_and_no_more(build):
    for role in build.of("Role", "ClusterRole"):
        where = name_of(role)
        for rule in role["rules"]:
            if "*" in rule["verbs"] + rule["resources"] + rule["apiGroups"]:
                yield f"{where}: may do everything"
            if any(resource.startswith(("secrets", "pods/exec", "roles")) for resource in rule["resources"]):
                yield f"{where}: reads Secrets, enters pods, or gives itself rights"
            if role["kind"] == "ClusterRole" and not rule.get("resourceNames"):
                yield f"{where}: reaches beyond its namespace"
        if role["kind"] == "Role":
            allowed = {resource for rule in role["rules"] if {"get", "create", "patch"} <= set(rule["verbs"]) for resource in rule["resources"]}
            for kind in sorted(applied_kinds() - {"Kustomization", "Component", "Namespace"}):
                if re.sub("ys$", "ies", re.sub("sss$", "sses", kind.lower() + "s")) not in allowed:
                    yield f"{where}: may not apply {kind}"


CHECKS = (pods_are_restricted, containers_are_restricted, resources_are_bounded, images_are_pinned, network_is_closed,
          broker_is_closed, forwarders_may_call, secrets_have_one_use_each, deployer_may_deploy_and_no_more)

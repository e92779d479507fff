"""What must hold of the broker, in a cluster and under compose. Each check is a generator of sentences; no sentence, no fault."""

import urllib.parse

from model import SIZES, containers_of, dig, labels_of, matches, name_of, quantity

# See mosquitto.conf: memory for each byte that waits for a forwarder, and what the container needs above memory_limit.
QUEUED_COST = 5
ABOVE = 5 / 4


def options_of(text):
    """The configuration, line by line, as lists of words."""
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def memory_faults(text, limit, forwarders):
    values = {line[0]: line[1] for line in options_of(text) if len(line) == 2}
    allowed, needed = int(values.get("memory_limit", 0)), forwarders * int(values["max_queued_bytes"]) * QUEUED_COST
    if not 0 < allowed * ABOVE <= limit:
        yield "its limit of memory must be a quarter above memory_limit, or the limit ends it"
    if allowed < needed:
        yield f"memory_limit is below {needed}, what waits for {forwarders} forwarders that are away"


def configuration(build):
    return next((config["data"]["mosquitto.conf"] for config in build.of("ConfigMap")
                 if "mosquitto.conf" in config.get("data", {})), None)


def brokers(build):
    return [(item, container) for item in build.workloads for container in containers_of(item) if container["name"] == "mosquitto"]


def forwarders(build):
    return [(item, container) for item in build.workloads for container in containers_of(item) if container["name"] == "forwarder"]


def most_pods(build, item):
    for scaler in build.of("HorizontalPodAutoscaler"):
        if scaler["spec"]["scaleTargetRef"]["name"] == item["metadata"]["name"]:
            return scaler["spec"]["maxReplicas"]
    return item["spec"].get("replicas", 1)


def broker_has_room(build):
    count = sum(most_pods(build, item) for item, _ in forwarders(build))
    for item, container in brokers(build):
        limit = quantity(dig(container, "resources", "limits", "memory", default=0), SIZES)
        for fault in memory_faults(configuration(build), limit, count):
            yield f"{name_of(item)}: {fault}"


def own_door_is_not_for_strangers(build):
    """Who fills a door with silent connections locks out everybody who uses it."""
    doors = {urllib.parse.urlsplit(build.environment(container).get("BROKER_URL") or "").port
             for _, container in forwarders(build)} - {None}
    for item, container in brokers(build):
        numbers = {port[key]: port["containerPort"] for port in container["ports"] for key in ("name", "containerPort")}
        for service in build.of("Service"):
            public = service["spec"].get("type", "ClusterIP") != "ClusterIP"
            for port in service["spec"]["ports"] if public and matches(service["spec"]["selector"], labels_of(item)) else []:
                if numbers.get(port.get("targetPort", port["port"])) in doors:
                    yield f"{name_of(service)}: the forwarders' door is open to everybody"
        rules = [rule for policy in build.of("NetworkPolicy")
                 if matches(dig(policy, "spec", "podSelector", "matchLabels", default={"": ""}), labels_of(item))
                 for rule in policy["spec"].get("ingress", [])]
        for door in doors:
            let_in = [rule for rule in rules if door in {port["port"] for port in rule.get("ports", [])}]
            if not let_in:
                yield f"{name_of(item)}: no NetworkPolicy lets forwarders in by their door, {door}"
            if any(not rule.get("from") for rule in let_in):
                yield f"{name_of(item)}: a NetworkPolicy lets everybody in by the forwarders' door, {door}"


def broker_is_reached_when_a_door_is_full(build):
    """It is one pod: to take away the only address of a broker whose check fails closes the doors that still work."""
    for item, _ in brokers(build):
        if item["spec"].get("replicas", 1) == 1:
            for service in build.of("Service"):
                if matches(service["spec"]["selector"], labels_of(item)) and not service["spec"].get("publishNotReadyAddresses"):
                    yield f"{name_of(service)}: leads nowhere while the only broker is not ready"


CHECKS = (broker_has_room, own_door_is_not_for_strangers, broker_is_reached_when_a_door_is_full)

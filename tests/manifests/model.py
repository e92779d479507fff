"""One build of manifests: what is applied together, and how to look things up in it."""

import re

WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
DURATIONS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
SIZES = {"B": 1, "KiB": 2**10, "Ki": 2**10, "MiB": 2**20, "Mi": 2**20, "GiB": 2**30, "Gi": 2**30}


def quantity(text, units):
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", str(text)).groups()
    return int(number) * (units[unit] if unit else 1)


def dig(value, *path, default=None):
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value


def name_of(item):
    return f"{item['kind']}/{item['metadata']['name']}"


def pod_template(item):
    if item["kind"] == "CronJob":
        return item["spec"]["jobTemplate"]["spec"]["template"]
    return item["spec"]["template"]


def containers_of(item):
    spec = pod_template(item)["spec"]
    return spec.get("initContainers", []) + spec["containers"]


def labels_of(item):
    return dig(pod_template(item), "metadata", "labels", default={})


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def misread_options(command):
    """Those of mosquitto_sub and mosquitto_pub, which take a value as a word of its own only."""
    words = [str(word) for word in command if word not in ("CMD", "CMD-SHELL")]
    if not words or not words[0].endswith(("mosquitto_sub", "mosquitto_pub")):
        return []
    return [word for word in words[1:] if re.match(r"--[a-z-]+=|-[A-Za-z][^ ]", word)]


class Build:
    def __init__(self, items):
        self.items = [item for item in items if item]
        self.workloads = [item for item in self.items if item["kind"] in WORKLOADS]

    def of(self, *kinds):
        return [item for item in self.items if item["kind"] in kinds]

    def named(self, kind, name):
        return next((item for item in self.of(kind) if item["metadata"]["name"] == name), None)

    def environment(self, container):
        """Name -> value; None where it comes from elsewhere."""
        variables = {}
        for source in container.get("envFrom", []):
            config = self.named("ConfigMap", dig(source, "configMapRef", "name")) or {}
            variables |= config.get("data", {})
        return variables | {entry["name"]: entry.get("value") for entry in container.get("env", [])}

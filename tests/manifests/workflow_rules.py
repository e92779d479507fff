"""What actionlint does not see in our pipeline. Each rule is a generator of sentences; no sentence, no fault.

usage: workflow_rules.py WORKFLOW.yml...     each rule's faults are planted, too, and must be found
"""

import copy
import pathlib
import sys

import yaml


def steps_of(job):
    return job.get("steps", [])


def place_of(job, wanted):
    """The number of the first step that does it; None: none does."""
    return next((number for number, step in enumerate(steps_of(job)) if wanted in step.get("run", "") + step.get("uses", "")), None)


def git_reads_checkouts_in_containers(workflow):
    """There everything is root's, and the checkout is not: git refuses it, and only actions/checkout itself is excepted."""
    for name, job in workflow["jobs"].items():
        checkout = place_of(job, "actions/checkout@")
        if "container" in job and checkout is not None and place_of(job, "safe.directory") != checkout + 1:
            yield f"{name}: git must be told to read the checkout, in the step after it"


def registries_are_asked_after_a_login(workflow):
    for name, job in workflow["jobs"].items():
        login = place_of(job, "docker login ")
        for tool in ("cosign verify ", "cosign sign ", "push.sh ", "--image "):
            place = place_of(job, tool)
            if place is not None and (login is None or login > place):
                yield f"{name}: {tool.strip()} without a login before it"


def tags_are_looked_at_first(workflow):
    first = [name for name, job in workflow["jobs"].items() if "needs" not in job]
    if not any(place_of(workflow["jobs"][name], "shared/version.sh") is not None for name in first):
        yield "no first job sees that a tag is the version"


def images_are_built_twice(workflow):
    if not any("./dev images --twice" in step.get("run", "") for job in workflow["jobs"].values() for step in steps_of(job)):
        yield "nobody compares the layers of two builds"


def nothing_is_skipped(workflow):
    for name, job in workflow["jobs"].items():
        for step in steps_of(job):
            if "./dev manifests" in step.get("run", "") and "--strict" not in step["run"]:
                yield f"{name}: ./dev manifests passes, whatever it skips"


RULES = (git_reads_checkouts_in_containers, registries_are_asked_after_a_login, tags_are_looked_at_first, images_are_built_twice,
         nothing_is_skipped)


def without(job, words):
    def plant(workflow):
        steps = workflow["jobs"][job]["steps"]
        steps[:] = [step for step in steps if words not in step.get("run", "")]
    return plant


def shortened(job, words):
    def plant(workflow):
        for step in workflow["jobs"][job]["steps"]:
            if "run" in step:
                step["run"] = step["run"].replace(words, "")
    return plant


PLANTED = [
    *((without(job, "safe.directory"), f"{job}: git must be told") for job in ("build", "test", "packages")),
    *((without(job, "docker login"), f"{job}: ") for job in ("push", "try", "sign", "deploy")),
    (without("build", "shared/version.sh"), "no first job"),
    (shortened("images", " --twice"), "nobody compares"),
    (shortened("manifests", "--strict"), "manifests: ./dev manifests passes"),
]


def faults_in(workflow):
    return [fault for rule in RULES for fault in rule(workflow)]


def main():
    count = 0
    for name in sys.argv[1:]:
        workflow = yaml.safe_load(pathlib.Path(name).read_text())
        for fault in faults_in(workflow):
            count += 1
            print(f"{name}: {fault}")
        for plant, expected in PLANTED:
            planted = copy.deepcopy(workflow)
            plant(planted)
            if not any(expected in fault for fault in faults_in(planted)):
                count += 1
                print(f"{name}: a planted fault was not found: {expected}")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()

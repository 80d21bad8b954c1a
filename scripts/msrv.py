"""Fails if a published crate needs a package whose manifest asks for a newer compiler.

Reads `cargo metadata` on standard input; the arguments are the published crates. Development
dependencies are not followed: nobody who embeds a crate builds them. Nor is what only comes with a
feature that says of itself that it needs a newer compiler.
"""

import json
import sys


def version(text):
    numbers = [int(part) for part in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


# The feature `sqlx`, outside of `full`.
NEWER = {"sqlx"}

metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
faults = 0

for name in sys.argv[1:]:
    root = next(p["id"] for p in metadata["packages"] if p["name"] == name)
    promised = packages[root]["rust_version"]
    reached, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            embedded = any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
            newer = packages[dependency["pkg"]]["name"] in NEWER
            if embedded and not newer and dependency["pkg"] not in reached:
                reached.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    print(f"{name}: {len(reached)} packages, promised for {promised}")
    for package in (packages[id] for id in sorted(reached)):
        wanted = package["rust_version"]
        if wanted and version(wanted) > version(promised):
            faults += 1
            print(f"  {package['name']} {package['version']} needs {wanted}")

sys.exit(1 if faults else 0)

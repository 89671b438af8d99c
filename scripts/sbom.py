"""scripts/sbom.py DOCUMENT SHIPPED ROOT: prints the CycloneDX document, cut to the crates of the list and free of this machine.

DOCUMENT is what cargo-cyclonedx wrote for the binary. SHIPPED has a line `NAME vVERSION` for each crate that cargo compiles into it.
ROOT is the folder that the document was made in: a crate of ours is named by its path there, which becomes its package URL.
"""

import json
import sys


def crate(component):
    return f"{component['name']} v{component['version']}"


def url(component):
    """The package URL without where this copy of a crate of ours lies."""
    return component["purl"].split("?")[0].split("#")[0]


def cut(document, shipped):
    top = document["metadata"]["component"]
    kept = [component for component in document["components"] if crate(component) in shipped]
    found = {crate(component) for component in [top, *kept]}
    if found != shipped:
        sys.exit(f"error: not in the document: {sorted(shipped - found)}")
    names = {component["bom-ref"]: url(component) for component in [top, *kept]}
    for component in [top, *kept]:
        component["bom-ref"] = component["purl"] = url(component)
    # The parts of a crate are named by files, which are not shipped.
    top.pop("components", None)
    document["components"] = sorted(kept, key=lambda component: component["bom-ref"])
    document["dependencies"] = sorted(
        (
            {"ref": names[node["ref"]], "dependsOn": sorted(names[to] for to in node.get("dependsOn", []) if to in names)}
            for node in document["dependencies"]
            if node["ref"] in names
        ),
        key=lambda node: node["ref"],
    )
    # When it was made is not what it says.
    document["metadata"].pop("timestamp", None)
    document.pop("serialNumber", None)


def main(path, list_path, root):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    with open(list_path, encoding="utf-8") as file:
        shipped = set(file.read().splitlines())
    cut(document, shipped)
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    if root in text:
        sys.exit("error: the document names a path of this machine")
    print(text)


main(*sys.argv[1:])

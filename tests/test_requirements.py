"""What pyproject.toml asks for, and the versions that were tried with it."""

import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
UNTRIED = {"insightface", "opencv-python", "resemblyzer"}  # they need a compiler, or models that do not ship


def asked() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    requirements = [Requirement(line) for line in [*project["dependencies"], *extras]]
    return [r for r in requirements if r.name not in {"jamflow", *UNTRIED}]


def pinned(name: str) -> dict[str, list[Version]]:
    pins: dict[str, list[Version]] = defaultdict(list)
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            pins[requirement.name.lower()].append(Version(specifier.version))
    return pins


def test_the_lowest_versions_are_those_that_were_tried() -> None:
    lowest = pinned("lowest.txt")
    bounds = {r.name: [Version(s.version) for s in r.specifier if s.operator in (">=", "==")] for r in asked()}
    assert bounds.pop("torch") == [Version("2.9")], "lowest.txt says what was tried by hand"
    assert {name: [min(versions)] for name, versions in lowest.items()} == bounds


@pytest.mark.parametrize("requirement", asked(), ids=lambda r: r.name)
def test_the_usual_versions_are_allowed(requirement: Requirement) -> None:
    (version,) = pinned("constraints.txt")[requirement.name.lower()]
    assert version in requirement.specifier

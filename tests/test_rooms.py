"""The rooms of the package: which folder may know which, and that no two need each other.

Every import counts, also those inside of functions and those for type checkers alone. A module directly below `jamflow`, such as
`pipeline`, is a room of its own.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import jamflow

SOURCE = Path(jamflow.__file__).parent
# Rooms that must not know others, and modules of other packages that must not be used there.
FORBIDDEN = {
    "errors": ("jamflow",),
    "mel_format": ("jamflow.speech", "jamflow.model"),
    "model": ("jamflow.speech", "jamflow.text", "jamflow.weights", "jamflow.media", "pathlib", "json", "safetensors", "os"),
    "flow": ("jamflow", "pathlib", "json", "safetensors", "os"),
    "compute": ("jamflow.model", "jamflow.speech"),
    "speech": ("jamflow.model", "jamflow.sampling", "jamflow.voices", "jamflow.text"),
    "media": ("jamflow.model", "jamflow.face", "jamflow.speech"),
    "face": ("jamflow.model", "jamflow.sampling", "jamflow.speech"),
    "text": ("jamflow.speech", "jamflow.voices", "jamflow.sampling"),
    "sampling": ("jamflow.voices", "jamflow.text", "jamflow.data", "jamflow.train"),
    "voices": ("jamflow.data", "jamflow.train", "jamflow.loading", "jamflow.tasks"),
}
# But by one another, recipes, benchmarks and the command `evaluate`.
USED_BY_NOBODY = ("jamflow.train", "jamflow.evaluate", "jamflow.data")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module's full name and its syntax."""
    for file in sorted(SOURCE.rglob("*.py")):
        parts = ["jamflow", *file.relative_to(SOURCE).with_suffix("").parts]
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(file.read_text(encoding="utf-8"))


TREES = dict(modules())


def imports(name: str) -> set[str]:
    """Modules that a module imports, by their full names: of this package a file each, of others as they are written."""
    out: set[str] = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level and node.module, f"{name} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                out.add(inner if inner in TREES else node.module)
    return out - {name}


FILES = {name: imports(name) & TREES.keys() for name in TREES}


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


ROOMS = {room(name): {room(other) for n in TREES if room(n) == room(name) for other in FILES[n]} for name in TREES}
ROOMS = {name: others - {name} for name, others in ROOMS.items()}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of nodes each of which needs all others: strongly connected components of more than one."""
    reach: dict[str, set[str]] = {}
    for node in graph:
        seen, stack = set(), list(graph[node])
        while stack:
            other = stack.pop()
            if other not in seen:
                seen.add(other)
                stack += graph.get(other, ())
        reach[node] = seen
    found: list[set[str]] = []
    for node in graph:
        circle = {other for other in reach[node] if node in reach.get(other, ())}
        if circle and circle not in found:
            found.append(circle)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [{"b", "c"}]
    assert {"jamflow.speech.mel", "jamflow.model.config"} <= FILES["jamflow.voices.f5.reader"], "imports are seen"
    assert "jamflow.voices.phonemes.given_lips" in FILES["jamflow.voices.phonemes.reader"], "a module from its folder, too"
    assert "speech" in ROOMS["voices"] and len(ROOMS) > 15


def test_no_two_files_need_each_other() -> None:
    assert circles(FILES) == []


def test_no_two_rooms_need_each_other() -> None:
    assert circles(ROOMS) == []


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_room_knows_nothing_of(name: str) -> None:
    files = [file for file in TREES if room(file) == name]
    assert files, f"there is no room {name}"
    for file in files:
        for other in imports(file):
            bad = [f for f in FORBIDDEN[name] if (other == f or other.startswith(f"{f}.")) and room(other) != name]
            assert not bad, f"{file} imports {other}"


def test_what_speaks_needs_nothing_that_trains_or_measures() -> None:
    for file, others in FILES.items():
        if room(file) not in ("train", "evaluate", "data", "prepare") and file != "jamflow.app.evaluate":
            assert not [o for o in others if o.startswith(USED_BY_NOBODY)], file


def test_only_the_command_line_prints() -> None:
    for name, tree in TREES.items():
        prints = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"]
        assert not prints or room(name) == "app", f"{name} prints"


def test_the_architecture_page_lists_rooms_from_the_bottom_up() -> None:
    page = (SOURCE.parents[1] / "docs/architecture.md").read_text(encoding="utf-8")
    order = [room for row in re.findall(r"^\| ((?:`\w+/`(?:, )?)+) \|", page, re.M) for room in re.findall(r"\w+", row)]
    assert set(order) == {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    for name in TREES:
        _, own, *_ = [*name.split("."), ""]
        for other in imports(name):
            _, used, *_ = [*other.split("."), ""]
            if other.startswith("jamflow.") and own in order and used in order:
                assert order.index(used) <= order.index(own), f"{name} imports {other}, which stands below it"

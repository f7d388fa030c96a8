"""The table of mutants is up to date, and the tool that runs it tells what it sees."""

import json
from pathlib import Path

import pytest

import mutants

ROOT = Path(__file__).parents[2]
TABLE = mutants.read_table(ROOT / "tools/mutants.toml")


@pytest.mark.parametrize("mutant", TABLE, ids=lambda mutant: mutant.name)
def test_every_mutant_applies(mutant) -> None:
    assert mutants.occurrences(mutant, ROOT) == 1, f"say in tools/mutants.toml what the text is now in {mutant.file}"
    assert mutant.new != mutant.old and mutant.tests
    assert all((ROOT / test.split("::")[0]).is_file() for test in mutant.tests)


def test_there_are_enough_of_them_and_few_survive() -> None:
    assert len({mutant.name for mutant in TABLE}) == len(TABLE) >= 60
    survivors = [mutant for mutant in TABLE if mutant.survives is not None]
    assert len(survivors) <= 3 and all(len(mutant.survives) > 20 for mutant in survivors)


CODE = "def half(x):\n    return x / 2\n\n\ndef twice(x):\n    return 2 * x\n\n\ndef wait():\n    return 1\n"
TESTS = """
from jamflow.room.sums import half, twice, wait
def test_half():
    assert half(4) == 2
def test_twice():
    assert twice(2) == 4
def test_wait():
    assert wait() == 1
"""


def row(name: str, old: str, new: str, test: str = "half", **more: str) -> str:
    rest = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    change = f'old = "{old}"\nnew = "{new}"\ntests = ["test_sums.py::test_{test}"]\n'
    return f'[[mutant]]\nname = "{name}"\nfile = "room/sums.py"\n{change}{rest}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    room = tmp_path / "src/jamflow/room"
    room.mkdir(parents=True)
    (tmp_path / "src/jamflow/__init__.py").touch()
    (room / "__init__.py").touch()
    (room / "sums.py").write_text(CODE)
    (tmp_path / "test_sums.py").write_text(TESTS)
    (tmp_path / "tools").mkdir()
    return tmp_path


def told(project: Path, *rows: str, arguments: tuple[str, ...] = ()) -> tuple[int, dict[str, str]]:
    """The exit code, and what is said of each."""
    (project / "tools/mutants.toml").write_text("\n".join(rows))
    code = mutants.main([*arguments, "--json", str(project / "out.json")], project)
    return code, {verdict["name"]: verdict["result"] for verdict in json.loads((project / "out.json").read_text())}


def test_what_a_test_sees_is_killed_and_the_source_stays_as_it_is(project: Path, capsys) -> None:
    seen, blind = row("seen", "x / 2", "x / 3"), row("known", "2 * x", "x * 2", "twice", survives="Multiplication commutes.")
    assert told(project, seen, blind) == (0, {"seen": "killed", "known": "survives as known"})
    assert (project / "src/jamflow/room/sums.py").read_text() == CODE
    assert "Survives: known. Multiplication commutes." in capsys.readouterr().out


def test_what_is_wrong_is_told(project: Path) -> None:
    rows = {
        "survivor": (row("survivor", "2 * x", "x * 2", "twice"), "SURVIVED"),
        "gone": (row("gone", "x / 5", "x"), "does not apply"),
        "twofold": (row("twofold", "return", "yield"), "does not apply"),
        "late": (row("late", "2 * x", "3 * x", "twice", survives="Nobody looks."), "killed, though it is known to survive"),
        "no test": (row("no test", "x / 2", "x", "nothing"), "its tests fail without it"),
        "no code": (row("no code", "x / 2", "x /"), "pytest ends with 4"),
    }
    texts = [text for text, _ in rows.values()]
    assert told(project, *texts, arguments=("--jobs", "1")) == (1, {name: result for name, (_, result) in rows.items()})
    assert told(project, *texts, arguments=("--only", "gone")) == (1, {"gone": "does not apply"})
    with pytest.raises(SystemExit):
        told(project, *texts, arguments=("--room", "cellar"))


def test_a_mutant_that_never_ends_is_killed(project: Path) -> None:
    (project / "tools/mutants.toml").write_text(row("endless", "return 1", "while True: pass", "wait"))
    (verdict,) = mutants.judge(mutants.read_table(project / "tools/mutants.toml"), project, 1, 8.0)
    assert verdict.result == "killed" and verdict.seconds >= 8

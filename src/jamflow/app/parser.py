"""Options of the command line from the fields of a dataclass, and its values back from the words that were typed.

argparse finds the options and writes the help. Values are converted here, so that every mistake is one sentence.
"""

import argparse
import difflib
import sys
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from jamflow.errors import UserError, listed
from jamflow.media.files import existing_file
from jamflow.tasks.inputs import About, described
from jamflow.voices.named import is_name

_MOST_TEXT_BYTES = 16_000_000  # weeks of speech
_TRUE, _FALSE = ("1", "true", "yes"), ("", "0", "false", "no")


class Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of leaving the process."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, allow_abbrev=False, formatter_class=_Help, **options)

    def error(self, message: str) -> NoReturn:
        raise UserError(f"The command line cannot be read: {message}.", f"See {self.prog} --help.")

    def words(self, argv: Sequence[str]) -> argparse.Namespace:
        """The options as they were typed.

        Raises:
            UserError: there is an option that the command does not have.
        """
        namespace, unknown = self.parse_known_args(list(argv))
        if unknown:
            parser = getattr(namespace, "_parser", self)
            known = [name for action in parser._actions for name in action.option_strings]
            near = difflib.get_close_matches(unknown[0].partition("=")[0], known, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UserError(f"{parser.prog} has no option {unknown[0]}.", f"{hint}See {parser.prog} --help.")
        return namespace


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=32, width=110)


@dataclass(frozen=True)
class _Option:
    """One field as an option. `key` is its name in the namespace."""

    field: str
    kind: Any
    about: About
    default: Any

    @property
    def name(self) -> str:
        return self.about.option or self.field.replace("_", "-")

    @property
    def flags(self) -> tuple[str, ...]:
        names = [f"--{self.name}", *([f"--{self.about.alias}"] if self.about.alias else ())]
        return ("-o", *names) if self.field == "output" else tuple(names)

    @property
    def key(self) -> str:
        return f"given_{self.field}"


def _options(inputs: type) -> list[_Option]:
    defaults = {field.name: field.default for field in fields(inputs)}
    return [_Option(name, kind, about, defaults[name]) for name, kind, about in described(inputs) if not about.hidden]


def add_options(parser: argparse.ArgumentParser, inputs: type, title: str, suffixes: Sequence[str] = ()) -> None:
    """Every field of a dataclass as an option (or, without dashes, as a word: `About.positional`), under a title of the help.

    suffixes: of the output file, for its name in the help.
    """
    group = parser.add_argument_group(title)
    for option in _options(inputs):
        about, help = option.about, option.about.help.replace("%", "%%")
        if about.positional:
            several = get_origin(_plain(option.kind)) is tuple
            group.add_argument(option.key, metavar=about.metavar, nargs="*" if several else "?", help=help)
            continue
        if option.kind is bool:
            group.add_argument(*option.flags, dest=option.key, action="store_true", default=None, help=help)
            continue
        if isinstance(option.default, int | float) and f"{option.default:g}" not in help:
            help += f" (default: {option.default:g})"
        choices = _choices(option.kind)
        metavar: Any = "|".join(choices) if choices else about.metavar
        if option.field == "output" and suffixes:
            metavar = "|".join(f"OUT{suffix}" for suffix in suffixes)
        more: dict[str, Any] = {}
        if get_origin(_plain(option.kind)) is tuple:
            several = get_args(_plain(option.kind))
            more, metavar = ({"nargs": "+"}, "N") if several[-1] is Ellipsis else ({"nargs": len(several)}, ("OLD", "NEW"))
        group.add_argument(*option.flags, dest=option.key, metavar=metavar, help=help, **more)
        if about.or_file:
            words = f"A UTF-8 file with the text, instead of --{option.name}; - is the standard input."
            group.add_argument(f"--{option.name}-file", dest=f"{option.key}_file", metavar="FILE", help=words)


def refuse_missing(words: argparse.Namespace, prog: str, *inputs: type) -> None:
    """UserError that names every option that must be given and is not."""
    missing, texts = [], []
    for option in (option for one in inputs for option in _options(one)):
        typed = (getattr(words, key, None) for key in (option.key, f"{option.key}_file"))
        if option.default is MISSING and all(word is None or word == [] for word in typed):
            missing.append(option.about.metavar if option.about.positional else f"--{option.name}")
            texts += [option.name] if option.about.or_file else []
    if missing and len(missing) == len(texts):
        raise UserError("There is no text to say.", "Give it by --text or --text-file.")
    if missing:
        raise UserError(f"{listed(missing, 'and')} {'is' if len(missing) == 1 else 'are'} not given.", f"See {prog} --help.")


def values(inputs: type, words: argparse.Namespace) -> dict[str, Any]:
    """Field names and values of a dataclass, from the words of its options; fields that were not given are left out.

    Raises:
        UserError: an option has a value of another kind.
    """
    out: dict[str, Any] = {}
    for option in _options(inputs):
        value = getattr(words, option.key, None)
        if value is not None:
            out[option.field] = _converted(value, option)
    return out


def read_texts(words: argparse.Namespace, inputs: type) -> None:
    """Puts the text of a file in the place of its name: a pipe can be read only once. `words.texts` names the files from then on.

    Raises:
        UserError: a text is given twice, or its file cannot be read.
    """
    words.texts = getattr(words, "texts", ())
    for option in (option for option in _options(inputs) if option.about.or_file):
        file = getattr(words, f"{option.key}_file", None)
        if file is None:
            continue
        if getattr(words, option.key, None) is not None:
            raise UserError(f"Both --{option.name} and --{option.name}-file are given.", "Give one of them.")
        setattr(words, option.key, _text(file))
        setattr(words, f"{option.key}_file", None)
        words.texts += (file,)


def _text(file: str) -> str:
    path = Path(file)
    try:
        if file == "-":
            source = sys.stdin.buffer
            data = source.read(_MOST_TEXT_BYTES + 1)
        else:
            with (path if _is_pipe(path) else existing_file(file, "text file")).open("rb") as source:
                data = source.read(_MOST_TEXT_BYTES + 1)
    except OSError as error:
        raise UserError(f"The text file {file} cannot be read.", f"The system says: {error.strerror or error}.") from error
    if len(data) > _MOST_TEXT_BYTES:
        raise UserError(f"The text file {file} has over {_MOST_TEXT_BYTES // 1_000_000} MB.", "Divide it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"The text file {file} is not UTF-8 text.", "Save it as plain text, UTF-8.") from error


def _is_pipe(path: Path) -> bool:
    """Such as the shell's <(command)."""
    try:
        return path.is_fifo()
    except ValueError:  # a zero byte
        return False


def _converted(value: Any, option: _Option) -> Any:
    kind = _plain(option.kind)
    if isinstance(value, bool):
        return value
    if value == [] or (isinstance(value, list) and get_origin(kind) is not tuple):  # what argparse makes of "--name=--"
        raise UserError(f"--{option.name} has no value.", "Give it one.")
    if isinstance(value, list):
        inner = get_args(kind)[0]
        return tuple(_number(word, inner, option.name) if inner in (int, float) else word for word in value)
    if kind in (int, float):
        return _number(value, kind, option.name)
    if option.about.or_name and is_name(value):
        return value
    if option.about.picture or option.about.file or kind is Path:
        return Path(value)
    return value


def _number(word: str, kind: type, name: str) -> Any:
    try:
        return kind(word)
    except ValueError as error:
        what = "a whole number" if kind is int else "a number"
        raise UserError(f"--{name} is {word!r}, but it must be {what}.", "Choose another value.") from error


def _plain(kind: Any) -> Any:
    """The type without None."""
    some = [one for one in get_args(kind) if one is not type(None)]
    return some[0] if len(some) == 1 and type(None) in get_args(kind) else kind


def _choices(kind: Any) -> Sequence[str]:
    plain = _plain(kind)
    return get_args(plain) if get_origin(plain) is Literal else ()


def option_words(cells: dict[str, str], *inputs: type) -> list[str]:
    """The words of a command line from the cells of a table row; empty cells are left out.

    Args:
        cells: by option name, with or without dashes in front, with dashes or underscores inside. A yes or no is written out,
            two words are written "old => new".

    Raises:
        UserError: a column for a yes or no holds something else.
    """
    options = {option.name: _plain(option.kind) for one in inputs for option in _options(one)}
    out = []
    for column, cell in cells.items():
        name = column.lstrip("-").replace("_", "-")
        if options.get(name) is bool:
            if cell.strip().lower() not in _TRUE + _FALSE:
                raise UserError(f"The column {column} has {cell!r}.", "Write yes or no.")
            out += [f"--{name}"] if cell.strip().lower() in _TRUE else []
        elif cell and get_origin(options.get(name)) is tuple:
            out += [f"--{name}", *(word.strip() for word in cell.split("=>"))]
        elif cell:
            out.append(f"--{name}={cell}")
    return out

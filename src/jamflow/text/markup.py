"""Text as it stands on a page: without the tags, entities, Markdown and invisible characters that come with pasted text."""

import html
import re

_HIDDEN = re.compile(
    r"<!--.*?-->|<(script|style|head|template|noscript)\b[^>]*>.*?</\1\s*>|<!DOCTYPE[^>]*>|<\?xml.*?\?>", re.I | re.S
)
_BLOCKS = [
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p",
    "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
]  # fmt: skip
_INLINE = [
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "button", "cite", "code", "col", "colgroup", "data", "del",
    "details", "dfn", "dialog", "em", "embed", "font", "head", "i", "iframe", "img", "input", "ins", "kbd", "label",
    "legend", "link", "map", "mark", "meta", "meter", "noscript", "object", "option", "output", "param", "picture",
    "progress", "q", "rp", "rt", "ruby", "s", "samp", "script", "select", "small", "source", "span", "strike", "strong",
    "style", "sub", "summary", "sup", "svg", "path", "template", "textarea", "time", "track", "tt", "u", "var", "video",
    "wbr", "speak", "break", "prosody", "emphasis", "say-as", "phoneme", "voice",
]  # fmt: skip
_NAMES = "|".join(sorted([*_BLOCKS, *_INLINE], key=len, reverse=True))
_ALONE = "async autoplay checked controls defer disabled hidden loop multiple muted nofollow open readonly required selected"
_ATTRIBUTE = rf"""\s+(?:[\w:@.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)|(?:{_ALONE.replace(" ", "|")})\b)"""
_TAG = re.compile(rf"</?({_NAMES})(?:{_ATTRIBUTE})*\s*/?>|</[A-Za-z][\w:-]*\s*>|<[A-Za-z][\w:-]*(?:{_ATTRIBUTE})+\s*/?>", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]|[\x00-\x08\x0e-\x1f\x7f]"
)
_SPACES = re.compile(r"[^\S\n\u00a0\u2009\u202f]+")
_MARKDOWN = (
    (re.compile(r"!\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),  # a picture
    (re.compile(r"\[([^\]]+)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)"), r"\1"),  # a link
    (re.compile(r"<((?:https?://|mailto:)[^<>\s]+|[\w.+-]+@[\w.-]+)>"), r"\1"),
    (re.compile(r"^[ \t]*```.*$", re.M), ""),
    (re.compile(r"^[ \t]*(?:[-*_=~][ \t]*){3,}$", re.M), "\n\n"),  # a line across
    (re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}.*$", re.M), ""),  # the line below the head of a table
    (re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.M), r"\n\n\1\n\n"),  # a row of one
    (re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t#]*$", re.M), r"\n\n\1\n\n"),
    (re.compile(r"^[ \t]*>[ \t]?", re.M), ""),
    (re.compile(r"^[ \t]*[-*+•‣◦▪●–][ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)", re.M), "\n\n"),
    (re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(?=\S.*\n)|(?<=\n)[ \t]*(\d{1,2})[.)][ \t]+(?=\S)", re.M), r"\n\n\1\2, "),
    (re.compile(r"(\*\*\*|\*\*|~~|(?<!\w)___|(?<!\w)__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=[^\s_])([^_\n]+?)(?<=\S)_(?!\w)"), r"\1\2"),
    (re.compile(r"`+([^`\n]+)`+"), r"\1"),
    (
        re.compile(r"(?<=[\w.,;:!?\"”’)])(?:\[(?:\d{1,3}|[a-z]|note \d+|citation needed|edit|update)\])+"),
        "",
    ),  # of an encyclopaedia
)


def plain(text: str) -> str:
    """The text that a page shows.

    Blocks of a page, such as headings and points of a list, become paragraphs: an empty line is between them.
    """
    for _ in range(2):  # what was pasted from a feed is escaped twice
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _HIDDEN.sub(" ", text)
    text = _TAG.sub(lambda match: "\n\n" if (match[1] or "").lower() in _BLOCKS else "", text)
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for pattern, instead in _MARKDOWN:
        text = pattern.sub(instead, text)
    text = _SPACES.sub(" ", text)
    return re.sub(r" ?\n ?(?:\n ?)+", "\n\n", text).strip()


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain text, with single spaces."""
    return [line for line in (re.sub(r"[ \n]+", " ", part).strip() for part in text.split("\n\n")) if line]

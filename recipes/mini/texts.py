"""Sentences the mini corpus says: WordNet's example sentences and a small grammar of everyday talk.

WordNet (permissive licence, notice in THIRD_PARTY_NOTICES) gives breadth of words; it has few questions,
numbers, greetings and first-person talk, which the grammar adds.
"""

import functools
import itertools
import random
import re
from pathlib import Path

WORDNET_DIR = Path("/usr/share/wordnet")  # Debian: apt-get install wordnet-base

OPENERS = ["Well,", "So,", "Honestly,", "By the way,", "Look,", "Okay,", "Please,", "Actually,", "Listen,", ""]
PEOPLE = [
    "my brother",
    "the manager",
    "our neighbour",
    "Doctor Price",
    "Mary",
    "Robert",
    "the bus driver",
    "Emma",
    "Mister Brown",
    "the pilot",
    "my best friend",
    "Peter",
    "the new teacher",
    "Barbara",
    "my grandmother",
]
VERBS = [
    "wants to buy",
    "is painting",
    "has just broken",
    "will repair",
    "forgot",
    "would like to see",
    "found",
    "is going to sell",
    "never liked",
    "can't open",
    "borrowed",
    "should have brought",
    "made",
    "keeps",
]
THINGS = [
    "the blue umbrella",
    "a pair of boots",
    "the kitchen table",
    "five apples",
    "the front door",
    "a map of Paris",
    "my favourite book",
    "an old piano",
    "the maple tree",
    "a bottle of water",
    "the morning paper",
    "some bread",
    "the photographs",
    "a warm jumper",
    "the paper boat",
    "a cup of coffee",
    "the garden fence",
    "my phone",
]
TIMES = [
    "this morning",
    "on Monday",
    "before breakfast",
    "at half past seven",
    "in a few minutes",
    "last weekend",
    "every single day",
    "by the end of June",
    "after the meeting",
    "tonight",
    "in nineteen eighty four",
    "",
]
QUESTIONS = [
    "Where did you put {thing}?",
    "Why would {person} do that {time}?",
    "How many of them are left, {n} or {m}?",
    "Did {person} really say that?",
    "Could you pass me {thing}, please?",
    "What time is it now, {n} o'clock?",
    "Do you remember {thing}?",
    "Who told you about {person}?",
    "Shall we meet {time}?",
    "Is it {n} miles away?",
]
STATEMENTS = [
    "{opener} {person} {verb} {thing} {time}.",
    "{opener} I think {person} {verb} {thing}.",
    "It costs {n} pounds and {m} pence.",
    "Turn left after {n} miles, then follow the signs to the bridge.",
    "Hello, my name is {name}, and I am happy to meet you.",
    "Thank you very much for {thing}!",
    "There were about {n} people in the room {time}.",
    "The number you need is {digits}.",
    "If {person} {verb} {thing}, we will have to leave {time}.",
    "We have {n} days, {m} hours and no plan.",
    "{person} said: bring {thing}, and don't be late.",
    "No, not {thing}; I meant {thing}.",
]
NAMES = ["Anna", "Ben", "Chloe", "David", "Fiona", "George", "Hannah", "Ibrahim", "Julia", "Kevin", "Maria", "Paul"]


@functools.cache
def wordnet_sentences(folder: Path = WORDNET_DIR, min_words: int = 4, max_words: int = 24) -> list[str]:
    """Quoted examples of WordNet's glosses that read as plain English sentences.

    Raises:
        FileNotFoundError: WordNet's data files are not there.
    """
    found: dict[str, None] = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("  ") or "|" not in line:
                continue
            for quote in re.findall(r'"([^"]+)"', line.split("|", 1)[1]):
                if min_words <= len(quote.split()) <= max_words and re.fullmatch(r"[A-Za-z0-9 ,;:.!?'\-]+", quote):
                    found[finish(quote)] = None
    return list(found)


def finish(sentence: str) -> str:
    """A capital at the start, a full stop at the end."""
    sentence = sentence.strip().rstrip(" ,;:.")
    return sentence[:1].upper() + sentence[1:] + ("" if sentence[-1:] in "?!" else ".")


def grammar_sentence(rng: random.Random) -> str:
    """One sentence of everyday talk."""
    template = rng.choice(QUESTIONS if rng.random() < 0.4 else STATEMENTS)
    fields = {
        "opener": rng.choice(OPENERS),
        "person": rng.choice(PEOPLE),
        "verb": rng.choice(VERBS),
        "time": rng.choice(TIMES),
        "name": rng.choice(NAMES),
        "n": str(rng.randint(2, 99)),
        "m": str(rng.randint(2, 60)),
        "digits": ", ".join(str(rng.randint(0, 9)) for _ in range(4)),
    }
    while "{thing}" in template:
        template = template.replace("{thing}", rng.choice(THINGS), 1)
    text = re.sub(r"\s+", " ", template.format(**fields)).replace(" ?", "?").replace(" .", ".").strip()
    return text[:1].upper() + text[1:]


def training_texts(rng: random.Random, held_out: list[str], grammar_share: float = 0.15):
    """Endless stream of sentences, never one of `held_out` (compared as lower-case words).

    grammar_share: sentences of everyday talk for each one of WordNet; 1 is everyday talk alone.
    """

    def bare(text: str) -> str:
        return " ".join(re.findall(r"[a-z0-9']+", text.lower()))

    excluded = {bare(t) for t in held_out}
    if grammar_share == 1:
        yield from (spoken for _ in itertools.count() if bare(spoken := grammar_sentence(rng)) not in excluded)
    pool = [t for t in wordnet_sentences() if bare(t) not in excluded]
    while True:
        rng.shuffle(pool)
        for text in pool:
            yield text
            if rng.random() < grammar_share:
                spoken = grammar_sentence(rng)
                if bare(spoken) not in excluded:
                    yield spoken

"""Times from one list of phones to another: our symbols, with stress and punctuation, at the times of flite's phones.

flite has its own dictionary and says no stress, so the two lists of a sentence differ. They are aligned at the least cost;
a sentence whose lists differ too much is not the sentence that we would read.
"""

from jamflow.text.phonemes import PUNCTUATION, SILENCE, STRESS, VOWELS

Phones = list[tuple[str, float, float]]

PAUSE = "pau"
SIMILAR_COST, OTHER_COST = 0.3, 1.0
MARK_S = 0.02  # of a space beside a pause
MARK_SHARE, MARK_MOST_S = 0.3, 0.03  # what a space takes of each neighbour: 50 ms in all, as hibari's do

# Ours to flite's: what sounds the same.
SAME = {
    "A": "ey",
    "I": "ay",
    "O": "ow",
    "Q": "ow",
    "W": "aw",
    "Y": "oy",
    "a": "aa ae",
    "i": "iy",
    "u": "uw",
    "æ": "ae",
    "ɑ": "aa ao",
    "ɐ": "ax ah ey",
    "ɒ": "aa ao",
    "ɔ": "ao aa",
    "ə": "ax ah",
    "ɛ": "eh",
    "ɜ": "er",
    "ɪ": "ih",
    "ʊ": "uh",
    "ʌ": "ah ax",
    "ᵊ": "ax ah",
    "ᵻ": "ih ax",
    "T": "t d",
    "ð": "dh",
    "ŋ": "ng",
    "ɡ": "g",
    "ɹ": "r",
    "ɾ": "t d",
    "ʃ": "sh",
    "ʒ": "zh",
    "ʤ": "jh",
    "ʧ": "ch",
    "θ": "th",
    "ʔ": "t",
    "ʍ": "w hh",
    "j": "y",
    "h": "hh",
    **{c: c for c in "bdfklmnpstvwz"},
}
MERGED = {("ɜ", "ɹ"): "er", ("ə", "ɹ"): "er", ("ʌ", "ɹ"): "er"}  # two of ours, one of flite's
ALIKE = "s z, t d, th dh, sh zh, ch jh, ih iy, ah ax uh, eh ih, eh ae, uh uw, aa ah"
FLITE_VOWELS = "aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw"
REDUCED = "əᵊᵻ"  # may be absent: "button", "family"


def align(ours: list[str], theirs: list[str]) -> tuple[list[tuple[list[int], list[int]]], float]:
    """Two lists of sounds to groups that sound together, ([indices in ours], [indices in theirs]), and the cost of it all.

    Both indices rise from group to group; one of the two lists may be empty (a sound that only one of them says).
    """
    n, m = len(ours), len(theirs)
    best = [[float("inf")] * (m + 1) for _ in range(n + 1)]
    step = [[(0, 0)] * (m + 1) for _ in range(n + 1)]
    best[0][0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            for a, b in ((1, 1), (2, 1), (1, 0), (0, 1)):
                if i >= a and j >= b:
                    cost = best[i - a][j - b] + _cost(ours[i - a : i], theirs[j - b : j])
                    if cost < best[i][j]:
                        best[i][j], step[i][j] = cost, (a, b)
    groups = []
    i, j = n, m
    while i or j:
        a, b = step[i][j]
        groups.append((list(range(i - a, i)), list(range(j - b, j))))
        i, j = i - a, j - b
    return groups[::-1], best[n][m]


def _cost(ours: list[str], theirs: list[str]) -> float:
    if not ours:
        return OTHER_COST
    plain = tuple(s.strip(STRESS) for s in ours)
    if not theirs:
        return SIMILAR_COST if ours[0] in REDUCED else OTHER_COST
    if len(plain) == 2:
        return 0.0 if MERGED.get(plain) == theirs[0] else float("inf")
    same = SAME.get(plain[0], "").split()
    if theirs[0] in same:
        return 0.0
    weak = ours[0] in VOWELS and theirs[0] in FLITE_VOWELS.split()  # without stress, a vowel may be said in many ways
    alike = any(theirs[0] in group.split() and set(group.split()) & set(same) for group in ALIKE.split(","))
    return SIMILAR_COST if weak or alike else OTHER_COST


def timed(symbols: list[str], flite: Phones) -> tuple[Phones, float]:
    """Our symbols of a sentence at the times of flite's phones (pauses included), without gaps, and the cost per sound.

    A pause goes to the punctuation in it, or to a silence of its own; spaces elsewhere take a little of their neighbours.

    Raises:
        ValueError: one of the two says nothing.
    """
    sounds = [i for i, s in enumerate(symbols) if s not in PUNCTUATION + SILENCE + " "]
    theirs = [p for p in flite if p[0] != PAUSE]
    if not sounds or not theirs:
        raise ValueError("nothing is said")
    groups, cost = align([symbols[i] for i in sounds], [p[0] for p in theirs])
    spans = _spans(groups, theirs)
    out: Phones = [(SILENCE, 0.0, spans[0][0])]
    end_s = flite[-1][2]
    waiting = symbols[: sounds[0]]
    for k, (start, end) in enumerate(spans):
        out = _with_marks(out, waiting, start, end)
        out.append((symbols[sounds[k]], max(out[-1][2], start), end))
        waiting = symbols[sounds[k] + 1 : sounds[k + 1] if k + 1 < len(sounds) else None]
    out = _with_marks(out, [*waiting, SILENCE], end_s, end_s)
    return [p for p in out if p[2] > p[1]], cost / len(sounds)


def _spans(groups: list[tuple[list[int], list[int]]], theirs: Phones) -> list[tuple[float, float]]:
    """Start and end of each of our sounds: those of a group share its time, the unmatched join a neighbour."""
    joined: list[tuple[list[int], list[int]]] = []
    for ours, other in groups:
        if joined and (not ours or not other or not joined[-1][0] or not joined[-1][1]):
            joined[-1] = (joined[-1][0] + ours, joined[-1][1] + other)
        else:
            joined.append((ours, other))
    spans = []
    for ours, other in joined:
        start, end = theirs[other[0]][1], theirs[other[-1]][2]
        spans += [(start + (end - start) * i / len(ours), start + (end - start) * (i + 1) / len(ours)) for i in range(len(ours))]
    return spans


def _with_marks(out: Phones, marks: list[str], start: float, end: float) -> Phones:
    """`out` and the marks before the sound from `start` to `end`, reaching up to that sound."""
    *before, (last, last_start, last_end) = out
    gap = start - last_end
    if gap > 2 * MARK_S * max(1, len(marks)):
        if not any(m in PUNCTUATION + SILENCE for m in marks):
            marks = [SILENCE, *marks]
        long = next(i for i, m in enumerate(marks) if m in PUNCTUATION + SILENCE)
        widths = [gap - MARK_S * (len(marks) - 1) if i == long else MARK_S for i in range(len(marks))]
        at = last_end
    elif marks:
        left = min(MARK_SHARE * (last_end - last_start), MARK_MOST_S)
        at, last_end = last_end - left, last_end - left
        stop = start + min(MARK_SHARE * (end - start), MARK_MOST_S)
        widths = [(stop - at) / len(marks)] * len(marks)
    else:
        return [*before, (last, last_start, start)]
    out = [*before, (last, last_start, last_end)]
    for mark, width in zip(marks, widths, strict=True):
        out.append((mark, at, at + width))
        at += width
    return out

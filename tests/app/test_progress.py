"""The progress line: time left from the rate so far, wiped at the end, silent where there is no terminal."""

import io

from jamflow.app.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_time_left_and_wiping() -> None:
    terminal, clock = Terminal(), Clock()
    with Progress(terminal, clock) as progress:
        progress.say("Loading the model")
        clock.now_s = 30.0
        progress.say("Preparing")
        clock.now_s = 50.0
        progress(2.0, 8.0)  # a quarter in 20 s; loading does not count
    lines = terminal.getvalue().split("\r")
    assert lines[1] == "Loading the model ..."
    assert lines[2].rstrip() == "Preparing ..."
    assert lines[3] == "2.0 of about 8.0 s made, 25%, 1:00 left"
    assert lines[4:] == [" " * len(lines[3]), ""]


def test_a_shorter_line_covers_a_longer_one() -> None:
    terminal = Terminal()
    progress = Progress(terminal, Clock())
    progress.say("A long stage")
    progress.say("Short")
    assert terminal.getvalue().split("\r")[2] == "Short ...       "


def test_redraws_are_rare_and_first_seconds_promise_nothing() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(terminal, clock)
    for k in range(100):
        clock.now_s = k / 1000
        progress(k / 25, 4.0)
    assert terminal.getvalue().count("\r") == 1
    assert "left" not in terminal.getvalue()


def test_done_may_pass_the_estimate_and_nothing_may_be_done() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(terminal, clock)
    for done_s, total_s in ((0.0, 0.0), (0.0, 5.0), (6.0, 5.0)):
        clock.now_s += 2000
        progress(done_s, total_s)
    assert "6.0 of about 6.0 s made, 100%, 0:00 left" in terminal.getvalue()


def test_silent_in_a_pipe() -> None:
    pipe = io.StringIO()
    with Progress(pipe) as progress:
        progress.say("Loading")
        progress(1.0, 2.0)
    assert pipe.getvalue() == ""

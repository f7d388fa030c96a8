"""`Avatar`: sound or text goes in while frames and sound come out, on one clock.

A worker thread makes lips and speech; whoever iterates draws. What was made before an interruption is thrown away by number.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
import soxr

from jamflow.errors import UserError
from jamflow.live.expression import LiveFace
from jamflow.live.hearing import Hearing, samples_per_frame
from jamflow.live.saying import Saying, sentences
from jamflow.live.stretch import Stretch
from jamflow.loading.model import LoadedModel
from jamflow.sampling.generate import Sampling

_LONGEST_WAIT_S = 30.0  # for the worker, where frames need not come in time
_RATES_HZ = (8_000, 192_000)


@dataclass(frozen=True)
class Moment:
    """One frame.

    Attributes:
        frame: (H, W, 3) uint8 RGB.
        sound: (N,) float32 samples that are heard during it, at `Avatar.rate_hz`; zeros where nothing is said.
        time_s: when it begins, from the avatar's beginning.
        speaking: whether the sound is something that was said or heard.
    """

    frame: np.ndarray
    sound: np.ndarray
    time_s: float
    speaking: bool


@dataclass(frozen=True)
class _Job:
    """number: of the utterance. sound: (N,) at `rate_hz`. text: the words of `say`. Neither: the utterance is over."""

    number: int
    sound: np.ndarray | None = None
    rate_hz: int = 0
    text: str | None = None


class Avatar:
    """A face that says what it hears or is told. Make it with `JamFlow.live`.

        with model.live("face.jpg") as avatar:
            avatar.say("Good morning.")
            for moment in avatar:
                show(moment.frame), play(moment.sound)

    Iterating gives frames without end, until `close`. `hear`, `say`, `end` and `interrupt` may be called from other threads.

    Attributes:
        fps: frames per second. rate_hz: sample rate of what is heard from it, mono. size: width and height of the frames.
        late: frames so far that came over 40 ms after their time, where they are to come in time.
    """

    def __init__(
        self,
        model: LoadedModel,
        face: LiveFace,
        size: tuple[int, int],
        saying: Saying,
        hearing: Sampling,
        seed: int,
        in_time: bool,
    ):
        """in_time: frames come when it is their time, whether lips for the sound are ready or not; else as fast as they can, and
        everything that was heard and said is waited for."""
        self.fps, self.rate_hz = float(model.joint.config.motion_fps), model.joint.config.mel.sample_rate_hz
        self.size, self.late = size, 0
        self._model, self._face, self._saying, self._sampling, self._seed = model, face, saying, hearing, seed
        self._per_frame, self._in_time = samples_per_frame(model), in_time
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._news = threading.Condition()
        self._ready: deque[tuple[int, np.ndarray, np.ndarray]] = deque()  # utterance, mouth, sound of a frame
        self._number = self._owed = self._shown = self._frames = 0
        self._open = self._closed = False
        self._broken: BaseException | None = None
        self._began_s: float | None = None
        self._worker = threading.Thread(target=self._work, name="jamflow-live", daemon=True)
        self._worker.start()

    def hear(self, pcm: np.ndarray, rate_hz: int) -> None:
        """Sound to be said, in pieces of any size.

        Args:
            pcm: (N,) or (N, channels), float in [-1, 1] or int16.

        Raises:
            UserError: it is not sound, or the avatar is closed.
        """
        wave = _mono(pcm)
        low, high = _RATES_HZ
        if isinstance(rate_hz, bool) or not isinstance(rate_hz, int) or not low <= rate_hz <= high:
            raise UserError(
                f"The sample rate is {rate_hz}, but it must be from {low} to {high} Hz.", "Give the sound's own rate."
            )
        self._put(wave, rate_hz)

    def say(self, text: str | Iterable[str]) -> None:
        """A text, or its pieces as an iterable has them. Every sentence is begun as soon as its end is known.

        Raises:
            UserError: the avatar is closed, or the text cannot be spoken.
        """
        for sentence in sentences((text,) if isinstance(text, str) else text):
            self._saying.check(sentence)
            self._put(text=sentence)

    def end(self) -> None:
        """The sound is over: what was heard last is shown without waiting for what follows it."""
        self._put()

    def interrupt(self) -> float:
        """Be silent from the next frame on. Gives how many seconds were shown since the last silence."""
        with self._news:
            self._number += 1
            self._ready.clear()
            self._owed, self._open = 0, False
            shown, self._shown = self._shown, 0
            self._news.notify_all()
        return shown / self.fps

    def close(self) -> None:
        """Ends iterating and the worker. A closed avatar may be closed again."""
        with self._news:
            self._closed = True
            self._number += 1
            self._ready.clear()
            self._news.notify_all()
        self._jobs.put(None)
        if threading.current_thread() is not self._worker:
            self._worker.join()

    def __enter__(self) -> "Avatar":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Moment]:
        return self

    def __next__(self) -> Moment:
        """The next frame; where frames come in time, it is waited for."""
        if self._in_time:
            self._wait_for_the_time()
        with self._news:
            if not self._in_time:
                self._news.wait_for(lambda: self._ready or not self._owed or self._closed, _LONGEST_WAIT_S)
            if self._closed:
                raise StopIteration
            if self._broken is not None:
                broken, self._broken = self._broken, None
                raise broken
            row = self._ready.popleft() if self._ready else None
            if row is not None:
                self._shown += 1
            elif not self._owed and not self._open:
                self._shown = 0
        number, mouth, sound = row or (None, None, np.zeros(self._per_frame, np.float32))
        frame = self._face.draw(mouth, sound, number)
        time_s = self._frames / self.fps
        self._frames += 1
        return Moment(frame, sound, time_s, row is not None)

    async def __aiter__(self) -> AsyncIterator[Moment]:
        while (moment := await asyncio.to_thread(next, self, None)) is not None:
            yield moment

    def _wait_for_the_time(self) -> None:
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        due_s = self._began_s + self._frames / self.fps
        if now_s < due_s:
            time.sleep(due_s - now_s)
        elif now_s > due_s + 1 / self.fps:
            self.late += 1

    def _put(self, sound: np.ndarray | None = None, rate_hz: int = 0, text: str | None = None) -> None:
        with self._news:
            if self._closed:
                raise UserError("This avatar is closed.", "Make a new one.")
            self._open = sound is not None or (self._open and text is not None)
            self._owed += 1
            self._jobs.put(_Job(self._number, sound, rate_hz, text))

    def _work(self) -> None:
        """The worker: jobs in their order, those of an interrupted utterance not at all."""
        number, hearing, stream = -1, None, None
        while (job := self._jobs.get()) is not None:
            if job.number != self._number:
                continue
            if job.number != number:
                number, hearing, stream = job.number, None, None
            try:
                if job.sound is not None:
                    if hearing is None or stream is None or stream[0] != job.rate_hz:
                        hearing = hearing or Hearing(self._model, self._sampling, self._seed)
                        stream = job.rate_hz, soxr.ResampleStream(job.rate_hz, self.rate_hz, 1, dtype="float32", quality="HQ")
                    made = hearing.take(stream[1].resample_chunk(job.sound))
                elif job.text is not None:
                    made = self._saying.stretches(job.text)
                elif hearing is not None and stream is not None:
                    rest = stream[1].resample_chunk(np.zeros(0, np.float32), last=True)
                    made, hearing, stream = _ended(hearing, rest), None, None
                else:
                    made = iter(())
                for stretch in made:
                    if not self._add(job.number, stretch):
                        break
            except Exception as error:  # told by the next frame, in the thread of whoever iterates
                with self._news:
                    self._broken = error
            with self._news:
                if job.number == self._number:
                    self._owed -= 1
                self._news.notify_all()

    def _add(self, number: int, stretch: Stretch) -> bool:
        """Whether it is still wanted."""
        sounds = np.pad(stretch.sound, (0, max(0, len(stretch.mouth_tm) * self._per_frame - len(stretch.sound))))
        rows = zip(stretch.mouth_tm, sounds[: len(stretch.mouth_tm) * self._per_frame].reshape(-1, self._per_frame), strict=True)
        with self._news:
            if number == self._number:
                self._ready.extend((number, mouth, sound) for mouth, sound in rows)
            self._news.notify_all()
            return number == self._number


def _ended(hearing: Hearing, rest: np.ndarray) -> Iterator[Stretch]:
    yield from hearing.take(rest)
    yield from hearing.end()


def _mono(pcm: np.ndarray) -> np.ndarray:
    """(N,) float32 in [-1, 1]. Raises UserError where it is not sound."""
    wave = np.asarray(pcm)
    if wave.ndim not in (1, 2) or wave.dtype not in (np.int16, np.float32, np.float64):
        raise UserError(
            f"Sound is float or int16 samples, (N,) or (N, channels), not {wave.dtype} of shape {wave.shape}.", "Convert it."
        )
    wave = wave.astype(np.float32) / (32_768 if wave.dtype == np.int16 else 1)
    if not np.isfinite(wave).all():
        raise UserError("The sound has samples that are not numbers.", "Leave them out.")
    return np.clip(wave if wave.ndim == 1 else wave.mean(1), -1, 1).astype(np.float32)

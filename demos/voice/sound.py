"""Sound as telephones have it: µ-law (G.711), 8,000 samples a second, and voices that speak it."""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy

RATE = 8_000
#: A frame of 20 ms.
FRAME = RATE // 50
#: Quieter than this nobody speaks (root mean square, of 32,768).
QUIET = 200


def _meanings():
    """What each of the 256 bytes means: sign, exponent and mantissa, all turned over."""
    turned = ~numpy.arange(256, dtype=numpy.uint8)
    mantissa = ((turned & 0x0F).astype(numpy.int32) << 3) + 0x84
    size = (mantissa << ((turned >> 4) & 7)) - 0x84
    return numpy.where(turned & 0x80, -size, size).astype(numpy.int16)


_MEANS = _meanings()
# Of two bytes that mean 0, the last one is silence on the wire.
_ORDER = numpy.argsort(_MEANS, kind="stable")
_ASCENDING = _MEANS[_ORDER].astype(numpy.int32)
_MIDDLES = (_ASCENDING[:-1] + _ASCENDING[1:]) / 2


def samples(mulaw):
    """The samples of µ-law bytes."""
    return _MEANS[numpy.frombuffer(mulaw, dtype=numpy.uint8)]


def mulaw(sound):
    """Samples as µ-law bytes: the nearest there is."""
    return _ORDER[numpy.searchsorted(_MIDDLES, sound)].astype(numpy.uint8).tobytes()


def loudness(sound):
    """Of samples: their root mean square."""
    return float(numpy.sqrt(numpy.mean(numpy.square(sound.astype(numpy.float64))))) if len(sound) else 0.0


def _low_pass(taps=63):
    """Lets pass what 8,000 samples a second can hold, at 16,000 of them."""
    place = numpy.arange(taps) - (taps - 1) / 2
    # A little below half, where the filter is not steep.
    kernel = numpy.sinc(place * 0.46) * numpy.hamming(taps)
    return kernel / kernel.sum()


_KERNEL = _low_pass()


def narrow(sound):
    """16,000 samples a second → 8,000."""
    return numpy.convolve(sound.astype(numpy.float64), _KERNEL, mode="same")[::2]


def wide(sound):
    """8,000 samples a second → 16,000, from -1 to 1: as whisper wants them."""
    spread = numpy.zeros(2 * len(sound))
    spread[::2] = sound
    return (2 * numpy.convolve(spread, _KERNEL, mode="same") / 32_768).astype(numpy.float32)


def _trimmed(sound):
    """Without the silence before the first word and after the last, but for 40 ms."""
    loud = [n for n in range(0, len(sound), FRAME) if loudness(sound[n : n + FRAME]) > QUIET]
    return sound[max(0, loud[0] - 2 * FRAME) : loud[-1] + 3 * FRAME] if loud else sound[:0]


class Voice:
    """One of flite's voices, such as slt or rms. What was said once is not made again."""

    def __init__(self, name, flite="flite"):
        self._name, self._flite, self._said = name, flite, {}

    def say(self, text):
        """A text as µ-law."""
        if text not in self._said:
            self._said[text] = self._speak(text)
        return self._said[text]

    def _speak(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            subprocess.run([self._flite, "-voice", self._name, "-t", text, "-o", path], check=True)
            with wave.open(str(path)) as file:
                rate = file.getframerate()
                sound = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        if rate == 2 * RATE:
            sound = narrow(sound)
        elif rate != RATE:
            raise ValueError(f"flite's voice {self._name} has {rate} samples a second")
        return mulaw(_trimmed(numpy.clip(sound, -32_768, 32_767)))

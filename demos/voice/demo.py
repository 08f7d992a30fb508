"""Somebody calls a clinic's bot, and both have voices: what the server has written down is compared with what was said.

    python demo.py [--server FILE] [--wav FILE] [--json]

The server is the real one, and so are the sounds on its line: a caller (flite's slt) whom the simulated carrier connects, and a
bot (flite's rms) that hears by whisper. Only what the bot says is from a script. Exit status 1 if more than a tenth of the words
are wrong, or the appointment was not confirmed.
"""

import argparse
import asyncio
import base64
import datetime
import json
import shutil
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from bot import KNOWN, words_of
from ears import Whisper
from model import listen
from server import Server, ask, find, until
from sound import Voice

OURS, CALLER = "+15005550006", "+14155550142"
#: A call takes 40 s; on a machine that is busy with other things it may take longer.
CALL = 120

#: What the caller says, one after the other.
SCRIPT = [
    "Yes, I will be there. I am looking forward to it.",
    "Please tell the doctor that my back feels much better, and that I sleep through the night again.",
    "No, that is everything. Thank you very much for your help. Goodbye.",
]
BOT = {
    "title": "Appointments of the clinic",
    "instructions": "You are the assistant of the clinic of Dr Levi. Ask whether the caller will come to the appointment.",
    "disclosure": "Hello, I am the clinic's automated assistant.",
    "greeting": "You have an appointment with Doctor Levi. Will you come?",
    "tools": ["confirm"],
}


def errors(said, heard):
    """Words that are wrong, missing, or too many: the fewest changes that make one of the other."""
    before = list(range(len(heard) + 1))
    for n, word in enumerate(said, 1):
        row = [n]
        for m, other in enumerate(heard, 1):
            row.append(min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (word != other)))
        before = row
    return before[-1]


class Model:
    """The stand-in for the model, in a thread of its own; it ends with the program."""

    def __init__(self, voice):
        self._whisper, self._voice = Whisper(), voice
        self._ready, self.url = threading.Event(), None
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self):
        self._server, self.url = await listen(self._whisper, self._voice)
        self._ready.set()
        await asyncio.Future()


def prepare(server):
    """The clinic: somebody with an appointment, and a number that the bot answers. The appointment's id."""
    hours = {"zone": "UTC", "hours": [{"from": "09:00", "to": "17:00"}]}
    server.ask("POST", "/api/practitioners", {"name": "Dr Levi", "hours": hours})
    day = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=3)
    appointment = {"customer": "Ann Lee", "phone": CALLER, "practitioner": "Dr Levi", "start": f"{day}T10:00:00Z"}
    made = server.ask("POST", "/api/appointments", appointment)
    server.ask("PUT", f"/api/numbers/{OURS}", {"bot": "clinic"})
    return made["id"]


def line(entry):
    """An entry of the transcript for people."""
    match entry["who"]:
        case "tool":
            return f"tool    {entry['name']}({entry['arguments']}) -> {entry['output']}"
        case "keys":
            return f"keys    {entry['digits']}"
        case who:
            return f"{who:<7} {entry['text']}"


class Watch:
    """Follows a call from outside."""

    def __init__(self, server, tell):
        self._server, self._tell, self._told = server, tell, set()
        self.lines = []

    def over(self):
        """The call and its transcript once the bot has done with it; tells each line that is complete meanwhile."""
        calls = self._server.ask("GET", "/api/calls")["calls"]
        if not calls:
            return None
        transcript = self._server.ask("GET", f"/api/calls/{calls[0]['id']}/transcript")
        for entry in transcript["entries"]:
            is_complete = entry.get("output") if entry["who"] == "tool" else entry.get("state") != "going"
            if is_complete and entry["entry"] not in self._told:
                self._told.add(entry["entry"])
                self.lines.append(line(entry))
                self._tell(self.lines[-1])
        return (calls[0], transcript) if transcript["over"] else None


def status(server, appointment):
    """Of an appointment: scheduled, until somebody decides."""
    return server.ask("GET", f"/api/appointments/{appointment}")["status"]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--server", type=Path, help="the server's program; else one that was built here, or in PATH")
    options.add_argument("--flite", default="flite", help="flite's program")
    options.add_argument("--wav", type=Path, default=Path("call.wav"), help="what went over the line [call.wav]")
    options.add_argument("--json", action="store_true", help="print JSON instead")
    told = options.parse_args()
    if not shutil.which(told.flite):
        raise SystemExit("there is no flite here: on Debian, apt-get install flite")
    tell = (lambda _: None) if told.json else lambda text: print(text, flush=True)

    caller, voice = Voice("slt", told.flite), Voice("rms", told.flite)
    said = [{"text": text, "sound": base64.b64encode(caller.say(text)).decode()} for text in SCRIPT]
    for text in [f"{BOT['disclosure']} {BOT['greeting']}", *KNOWN]:
        voice.say(text)
    model = Model(voice)
    with tempfile.TemporaryDirectory(prefix="trunkline-voice-") as folder:
        folder = Path(folder)
        (folder / "bots").mkdir()
        (folder / "bots" / "clinic.json").write_text(json.dumps(BOT))
        with Server(told.server or find(), folder, model.url, folder / "bots") as server:
            carrier = server.carrier()
            appointment = prepare(server)
            tell("Somebody calls; this is what the server writes down:")
            habit = {"habit": "speaks", "said": said}
            line_of = ask("POST", f"{carrier}/sim/inbound", {"from": CALLER, "to": OURS, "habit": habit})["sid"]
            begun = time.monotonic()
            watch = Watch(server, tell)
            over = until(CALL, watch.over)
            if not over:
                raise SystemExit(f"the call is not over after {CALL} s:\n" + "\n".join(watch.lines))
            (call, transcript), took = over, time.monotonic() - begun
            # What the tool did is in the calendar a moment later.
            until(10, lambda: status(server, appointment) != "scheduled")
            stands = status(server, appointment)
            outcome = server.ask("GET", f"/api/calls/{call['id']}")["outcome"]
            with urllib.request.urlopen(f"{carrier}/sim/calls/{line_of}/line.wav", timeout=10) as sound:
                told.wav.write_bytes(sound.read())

    heard = [entry["text"] for entry in transcript["entries"] if entry["who"] == "caller"]
    words = words_of(" ".join(SCRIPT))
    wrong = errors(words, words_of(" ".join(heard)))
    report = {
        "words": len(words),
        "wrong": wrong,
        "word_error_rate": wrong / len(words),
        "outcome": outcome,
        "appointment": stands,
        "seconds": round(took, 1),
        "wait": transcript["wait"],
        "model_lost": transcript["model_lost"],
        "said": SCRIPT,
        "heard": heard,
        "wav": str(told.wav),
    }
    if told.json:
        print(json.dumps(report))
    tell(f"{wrong} of {len(words)} words of the caller are wrong: {100 * wrong / len(words):.1f} %")
    tell(f"Outcome: {outcome}; the appointment is {stands}. The call took {took:.0f} s.")
    tell(f"Listen to it: {told.wav} (the caller left, what they heard right)")
    raise SystemExit(wrong > 0.1 * len(words) or (outcome, stands) != ("confirmed", "confirmed"))


if __name__ == "__main__":
    main()

"""Leads calls on the simulator with Telnyx's own Python library, and checks every event with Telnyx's own `webhooks.unwrap`.

Usage: official_call_control.py BASE_URL CONNECTION API_KEY PUBLIC_KEY OUR_NUMBER
Every check is an assertion; the exit status tells whether all of them held.
"""

import base64
import json
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import telnyx

BASE, CONNECTION, KEY, PUBLIC_KEY, OURS = sys.argv[1:6]
ANN, BEN = "+15125550142", "+15125550143"
MAILBOX, BUSY = "+15125559003", "+15125559001"
ANOTHER_KEY = base64.b64encode(bytes(range(32))).decode()
# Whoever decides what an event is in the published types.
TYPES = {
    "call.initiated": "CallInitiated",
    "call.answered": "CallAnswered",
    "call.hangup": "CallHangup",
    "call.bridged": "CallBridged",
    "call.speak.started": "CallSpeakStarted",
    "call.speak.ended": "CallSpeakEnded",
    "call.playback.started": "CallPlaybackStarted",
    "call.playback.ended": "CallPlaybackEnded",
    "call.dtmf.received": "CallDtmfReceived",
    "call.gather.ended": "CallGatherEnded",
    "call.recording.saved": "CallRecordingSaved",
    "call.transcription": "Transcription",
    "call.machine.detection.ended": "CallMachineDetectionEnded",
    "call.machine.greeting.ended": "CallMachineGreetingEnded",
    "call.machine.premium.detection.ended": "CallMachinePremiumDetectionEnded",
    "call.machine.premium.greeting.ended": "CallMachinePremiumGreetingEnded",
    "streaming.started": "CallStreamingStarted",
    "streaming.stopped": "CallStreamingStopped",
    "streaming.failed": "CallStreamingFailed",
}

client = telnyx.Telnyx(api_key=KEY, base_url=f"{BASE}/v2", max_retries=0)


def state(text):
    return base64.b64encode(text.encode()).decode()


def accepts(body, headers, key=PUBLIC_KEY):
    try:
        return client.webhooks.unwrap(body.decode(), headers=headers, key=key)
    except ValueError:
        return None


def strictly(model, value, where):
    """Everything that is said is in the published type, and of its type."""
    names = {field.alias or name: field.annotation for name, field in type(model).model_fields.items()}
    unknown = set(value) - set(names)
    assert not unknown, f"{where}: {unknown} is not published"
    # A lax parser takes anything: a strict one says whether it fits.
    type(model).model_validate(value)


class Product(BaseHTTPRequestHandler):
    """Takes events, and verifies everything."""

    events, wrong = [], []
    there = threading.Condition()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = dict(self.headers)
        stamp = int(headers["telnyx-timestamp"])
        event = accepts(body, headers)
        verdicts = {
            "genuine": event is not None,
            # The controls: whatever is tampered with must not pass.
            "another word": accepts(body.replace(b"event_type", b"event_typo"), headers) is None,
            "one byte more": accepts(body + b" ", headers) is None,
            "another moment": accepts(body, {**headers, "telnyx-timestamp": str(stamp + 1)}) is None,
            "long ago": accepts(body, {**headers, "telnyx-timestamp": str(stamp - 301)}) is None,
            "another key": accepts(body, headers, ANOTHER_KEY) is None,
        }
        if not all(verdicts.values()):
            self.wrong.append((self.path, verdicts))
        else:
            self.look_at(event, json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def look_at(self, event, raw):
        try:
            assert self.headers["Content-Type"] == "application/json"
            data = raw["data"]
            assert type(event.data).__name__ == TYPES[data["event_type"]], (type(event.data), data)
            strictly(event.data, data, data["event_type"])
            strictly(event.data.payload, data["payload"], data["event_type"])
            assert raw["meta"] == {"attempt": 1, "delivered_to": f"{PRODUCT}{self.path}"}, raw
        except Exception as error:
            self.wrong.append((self.path, repr(error)))
        with self.there:
            self.events.append(event.data)
            self.there.notify_all()

    def log_message(self, *_):
        pass


def heard(name, leg, nth=0, seconds=30):
    """The nth event of a kind of a leg, once it is told."""
    end = time.time() + seconds
    with Product.there:
        while True:
            of = [e for e in Product.events if e.event_type == name and e.payload.call_leg_id == leg]
            if len(of) > nth:
                return of[nth].payload
            assert not Product.wrong, Product.wrong
            assert Product.there.wait(end - time.time()), (name, [e.event_type for e in Product.events])


def refused(status, ask):
    try:
        ask()
    except telnyx.APIStatusError as error:
        assert error.status_code == status, error
        return error.body["errors"][0]["code"]
    raise AssertionError("it was not refused")


server = ThreadingHTTPServer(("127.0.0.1", 0), Product)
threading.Thread(target=server.serve_forever, daemon=True).start()
PRODUCT = f"http://127.0.0.1:{server.server_port}"
actions = client.calls.actions

# The application, and the numbers that lead to it.
client.call_control_applications.update(
    CONNECTION, application_name="Ours", webhook_event_url=f"{PRODUCT}/events"
)
application = client.call_control_applications.retrieve(CONNECTION).data
assert application.webhook_event_url == f"{PRODUCT}/events" and application.active, application
numbers = list(client.phone_numbers.list())
assert [n.phone_number for n in numbers] == [OURS] and numbers[0].connection_id == CONNECTION, numbers


def dial(to, **more):
    return client.calls.dial(connection_id=CONNECTION, from_=OURS, to=to, **more).data


# A stranger, a wrong number, a wrong application, nobody's call.
stranger = telnyx.Telnyx(api_key="another", base_url=f"{BASE}/v2", max_retries=0)
assert refused(401, lambda: stranger.calls.retrieve_status("v3:0")) == "10009"
assert refused(422, lambda: dial("12")) == "10002"
assert refused(422, lambda: client.calls.dial(connection_id="99", from_=OURS, to=ANN)) == "10015"
assert refused(422, lambda: dial(ANN, client_state="no base64!")) == "10015"
assert refused(404, lambda: client.calls.retrieve_status("v3:0")) == "10005"

# A call, from the dial to the hang-up, with one name for one command.
made = dial(ANN, client_state=state("one"), command_id="the-dial", timeout_secs=40)
assert made.is_alive is False and made.record_type == "call", made
assert dial(ANN, command_id="the-dial").call_control_id == made.call_control_id
call, leg = made.call_control_id, made.call_leg_id
answered = heard("call.answered", leg)
assert (answered.client_state, answered.state, answered.from_) == (state("one"), "answered", OURS), answered
assert client.calls.retrieve_status(call).data.is_alive is True
active = client.connections.list_active_calls(CONNECTION)
assert [c.call_control_id for c in active.data] == [call], active
spoken = actions.speak(call, payload="Hello.", voice="female", language="en-US", command_id="speak-1")
assert spoken.data.result == "ok", spoken
actions.speak(call, payload="Hello.", voice="female", command_id="speak-1")
assert heard("call.speak.ended", leg).status == "completed"
actions.start_playback(call, audio_url="http://music.example/a.wav", loop="infinity")
heard("call.playback.started", leg)
actions.stop_playback(call, stop="all")
assert heard("call.playback.ended", leg).status == "cancelled"
actions.gather_using_speak(
    call, payload="A number from 1 to 5?", voice="female", maximum_digits=1, client_state=state("two")
)
gathered = heard("call.gather.ended", leg)
assert gathered.status == "valid" and gathered.client_state == state("two"), gathered
assert heard("call.dtmf.received", leg).digit == gathered.digits
actions.gather_using_audio(call, audio_url="http://music.example/b.wav", maximum_digits=2)
assert len(heard("call.gather.ended", leg, 1).digits) == 2
actions.gather(call, maximum_digits=1)
heard("call.gather.ended", leg, 2)
assert refused(422, lambda: actions.start_transcription(call, transcription_engine="Nobody")) == "10015"
assert refused(422, lambda: actions.start_transcription(call, transcription_engine_config={"language": "he"})) == "10015"
actions.start_transcription(
    call,
    transcription_engine="Google",
    transcription_engine_config={
        "transcription_engine": "Google", "language": "en", "interim_results": True, "hints": ["yes", "no"],
    },
    transcription_tracks="inbound",
    client_state=state("three"),
)
actions.start_recording(
    call, channels="single", format="wav", play_beep=True, timeout_secs=2, max_length=30, trim="trim-silence"
)
saved = heard("call.recording.saved", leg)
part, whole = heard("call.transcription", leg), heard("call.transcription", leg, 1)
assert part.client_state == state("three"), part
assert (part.transcription_data.is_final, whole.transcription_data.is_final) == (False, True), (part, whole)
assert whole.transcription_data.transcript.startswith(part.transcription_data.transcript), (part, whole)
assert 0.8 <= whole.transcription_data.confidence < 1, whole
actions.stop_transcription(call)
with urllib.request.urlopen(saved.recording_urls.wav) as sound:
    assert sound.read().startswith(b"RIFF")
(recording,) = client.recordings.list(filter={"call_leg_id": leg})
assert recording.call_control_id == call and recording.duration_millis > 0, recording
assert client.recordings.retrieve(recording.id).data.download_urls.wav.startswith(BASE)
actions.send_dtmf(call, digits="1w2")
actions.start_recording(call, channels="dual", format="mp3")
actions.stop_recording(call)
heard("call.recording.saved", leg, 1)

# A stream to nobody.
actions.start_streaming(call, stream_url="ws://127.0.0.1:9/media")
assert heard("streaming.failed", leg).stream_params.stream_url == "ws://127.0.0.1:9/media"
actions.hangup(call)
end = heard("call.hangup", leg)
assert (end.hangup_cause, end.hangup_source, end.sip_hangup_cause) == ("normal_clearing", "caller", "200"), end
ended = client.calls.retrieve_status(call).data
assert ended.is_alive is False and ended.end_time, ended
assert refused(422, lambda: actions.speak(call, payload="Hello?", voice="female")) == "90018"
assert refused(422, lambda: actions.hangup(call)) == "90018"
kept = [event.name for event in client.call_events.list(filter={"leg_id": leg})]
assert kept[:2] == ["call.initiated", "call.answered"] and kept[-1] == "call.hangup", kept
assert Counter(kept)["call.speak.started"] == 1, kept

# Who does not answer, and what is no person.
busy = dial(BUSY)
assert heard("call.hangup", busy.call_leg_id).hangup_cause == "user_busy"
mailbox = dial(MAILBOX, answering_machine_detection="greeting_end")
assert heard("call.machine.detection.ended", mailbox.call_leg_id).result == "machine"
assert heard("call.machine.greeting.ended", mailbox.call_leg_id).result == "beep_detected"
actions.hangup(mailbox.call_control_id)
mailbox = dial(MAILBOX, answering_machine_detection="premium")
assert heard("call.machine.premium.detection.ended", mailbox.call_leg_id).result == "machine"
assert heard("call.machine.premium.greeting.ended", mailbox.call_leg_id).result == "beep_detected"
actions.hangup(mailbox.call_control_id)

# Two legs: transferred, and bridged.
first = dial(ANN)
heard("call.answered", first.call_leg_id)
assert refused(404, lambda: actions.bridge(first.call_control_id, call_control_id_to_bridge_with="v3:0")) == "10005"
actions.transfer(first.call_control_id, to=BEN, from_=OURS, target_leg_client_state=state("ben"))
heard("call.bridged", first.call_leg_id)
second = [e.payload for e in Product.events if e.event_type == "call.bridged" and e.payload.to == BEN]
second = second or [heard("call.bridged", next(e.payload.call_leg_id for e in Product.events if e.payload.client_state == state("ben")))]
assert second[0].client_state == state("ben"), second
heard("call.hangup", second[0].call_leg_id)
heard("call.hangup", first.call_leg_id)
first, second = dial(ANN), dial(BEN)
heard("call.answered", first.call_leg_id), heard("call.answered", second.call_leg_id)
actions.bridge(first.call_control_id, call_control_id_to_bridge_with=second.call_control_id)
heard("call.bridged", second.call_leg_id)
actions.hangup(first.call_control_id)
heard("call.hangup", second.call_leg_id)


# Incoming: turned away, and answered.
def call_in():
    body = json.dumps({"from": ANN, "to": OURS, "verstat": "TN-Validation-Passed-A"}).encode()
    request = urllib.request.Request(f"{BASE}/sim/inbound", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        sid = json.load(answer)["sid"]
    return sid, client.calls.retrieve_status(sid).data.call_leg_id


call, leg = call_in()
initiated = heard("call.initiated", leg)
assert (initiated.direction, initiated.state) == ("incoming", "parked"), initiated
assert initiated.shaken_stir_attestation == "A" and initiated.shaken_stir_validated is True, initiated
assert refused(422, lambda: actions.speak(call, payload="Hello.", voice="female")) == "90034"
actions.reject(call, cause="USER_BUSY")
assert heard("call.hangup", leg).hangup_cause == "user_busy"
call, leg = call_in()
heard("call.initiated", leg)
actions.answer(call, client_state=state("in"))
assert heard("call.answered", leg).client_state == state("in")
actions.hangup(call)
assert heard("call.hangup", leg).hangup_source == "callee"

assert not Product.wrong, Product.wrong
print(f"{len(Product.events)} events of {len({e.event_type for e in Product.events})} types, each with five controls")

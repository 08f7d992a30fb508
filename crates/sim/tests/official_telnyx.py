"""Drives the simulator with Telnyx's own Python library and checks its webhooks with Telnyx's own verification.

Usage: official_telnyx.py BASE_URL ACCOUNT CONNECTION API_KEY PUBLIC_KEY OUR_NUMBER
Every check is an assertion; the exit status tells whether all of them held.
"""

import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import telnyx
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

BASE, ACCOUNT, CONNECTION, KEY, PUBLIC_KEY, OURS = sys.argv[1:7]
PERSON = "+15125550142"
ANOTHER_KEY = "A" * 43 + "="


def accepts(body, headers, key=PUBLIC_KEY):
    try:
        verify_webhook_signature(body, headers, key)
        return True
    except WebhookVerificationError:
        return False


class Product(BaseHTTPRequestHandler):
    """Answers instruction fetches with documents, and verifies everything."""

    heard, refused = [], []
    done = threading.Event()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = dict(self.headers)
        later = {**headers, "telnyx-timestamp": str(int(headers["telnyx-timestamp"]) + 1)}
        verdicts = {
            "genuine": accepts(body, headers),
            # The controls: whatever is tampered with must not pass.
            "one byte more": not accepts(body + b"&", headers),
            "another word": not accepts(body.replace(b"CallSid", b"CallSld"), headers),
            "another moment": not accepts(body, later),
            "another key": not accepts(body, headers, ANOTHER_KEY),
        }
        if not all(verdicts.values()):
            self.refused.append((self.path, verdicts))
        params = dict(parse_qsl(body.decode(), keep_blank_values=True))
        path = urlsplit(self.path).path
        self.heard.append((path, params))
        answer = document(path).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if params.get("RecordingStatus") == "completed":
            self.done.set()

    def log_message(self, *_):
        pass


def document(path):
    if path == "/voice":
        return (
            '<Response><Say language="en-US">Who is there?</Say><Record action="/said" timeout="2" maxLength="30" '
            'channels="single" trim="trim-silence" recordingStatusCallback="/recording"/></Response>'
        )
    if path == "/said":
        return "<Response><Say>Thank you.</Say><Hangup/></Response>"
    return ""


def until(what, ask, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never: {what}")


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

client = telnyx.Telnyx(api_key=KEY, base_url=f"{BASE}/v2", max_retries=0)
calls = client.texml.accounts.calls

# A stranger, a wrong number, a wrong application.
stranger = telnyx.Telnyx(api_key="another", base_url=f"{BASE}/v2", max_retries=0)
assert refused(401, lambda: stranger.texml.accounts.calls.retrieve_calls(account_sid=ACCOUNT)) == "10009"
create = client.texml.calls.create
assert refused(422, lambda: create(CONNECTION, from_=OURS, to="12", url=f"{PRODUCT}/voice")) == "10002"
assert refused(404, lambda: create("99", from_=OURS, to=PERSON, url=f"{PRODUCT}/voice")) == "10005"
assert refused(404, lambda: calls.retrieve("v3:00000000", account_sid=ACCOUNT)) == "10005"

# A call, from its creation to its recording.
callbacks = {"StatusCallback": f"{PRODUCT}/status", "StatusCallbackEvent": "initiated ringing answered completed"}
made = create(CONNECTION, from_=OURS, to=PERSON, url=f"{PRODUCT}/voice", extra_body=callbacks)
assert made.call_sid.startswith("v3:") and made.status == "queued", made
assert (made.from_, made.to) == (OURS, PERSON), made
assert Product.done.wait(30), Product.heard
call = until("an end", lambda: (c := calls.retrieve(made.call_sid, account_sid=ACCOUNT)).end_time and c)
assert (call.status, call.direction, call.sid) == ("completed", "outbound", made.call_sid), call
assert int(call.duration) > 0, call
words = [params["CallStatus"] for path, params in Product.heard if path == "/status"]
until("the last callback", lambda: [p for path, p in Product.heard if p.get("CallStatus") == "completed"])
words = [params["CallStatus"] for path, params in Product.heard if path == "/status"]
assert words == ["initiated", "ringing", "in-progress", "completed"], words
for path, params in Product.heard:
    assert params["AccountSid"] == ACCOUNT and params["CallSid"] == made.call_sid, (path, params)
last = [params for path, params in Product.heard if params.get("CallStatus") == "completed"][-1]
assert last["HangupCause"] == "normal_clearing" and last["CallSidLegacy"] == made.call_sid, last

listed = calls.retrieve_calls(account_sid=ACCOUNT, to=PERSON, from_=OURS)
assert [c.sid for c in listed.calls] == [made.call_sid], listed
assert calls.retrieve_calls(account_sid=ACCOUNT, to="+15125550143").calls == []

said = [params for path, params in Product.heard if path == "/said"][-1]
recording = client.texml.accounts.recordings.json.retrieve_recording_sid_json(
    said["RecordingSid"], account_sid=ACCOUNT
)
assert recording.status == "completed" and recording.call_sid == made.call_sid, recording
with urllib.request.urlopen(recording.media_url) as sound:
    assert sound.read().startswith(b"RIFF")

# A call that is over can't be ended again.
assert refused(422, lambda: calls.update(made.call_sid, account_sid=ACCOUNT, status="completed")) == "90018"

# The application and its numbers.
application = client.texml_applications.retrieve(CONNECTION).data
assert application.id == CONNECTION and application.active, application
client.texml_applications.update(CONNECTION, friendly_name="Ours", voice_url=f"{PRODUCT}/voice")
assert client.texml_applications.retrieve(CONNECTION).data.voice_url == f"{PRODUCT}/voice"
numbers = list(client.phone_numbers.list())
assert [n.phone_number for n in numbers] == [OURS] and numbers[0].connection_id == CONNECTION, numbers

assert not Product.refused, Product.refused
print(f"{len(Product.heard)} webhooks verified, each with four controls")

"""Drives the simulator with Twilio's own Python library and checks its webhooks with Twilio's own validator.

Usage: official_client.py BASE_URL ACCOUNT_SID AUTH_TOKEN OUR_NUMBER
Every check is an assertion; the exit status tells whether all of them held.
"""

import json
import sys
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

BASE, ACCOUNT, TOKEN, OURS = sys.argv[1:5]
PERSON = "+15125550142"


class Elsewhere(TwilioHttpClient):
    """Sends what is meant for api.twilio.com to the simulator."""

    def request(self, method, url, *args, **kwargs):
        there, here = urlsplit(url), urlsplit(BASE)
        assert there.netloc == "api.twilio.com", there.netloc
        return super().request(method, urlunsplit((here.scheme, here.netloc) + there[2:]), *args, **kwargs)


class Product(BaseHTTPRequestHandler):
    """Answers voice webhooks with documents made by the library, and validates everything."""

    heard, refused = [], []
    done = threading.Event()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        params = {}
        for name, value in parse_qsl(body, keep_blank_values=True):
            params.setdefault(name, []).append(value)
        params = {name: values[0] if len(values) == 1 else values for name, values in params.items()}
        url = f"http://{self.headers['Host']}{self.path}"
        signature = self.headers["X-Twilio-Signature"]
        validator = RequestValidator(TOKEN)
        # The control: the same request with a wrong secret or a changed parameter must not pass.
        genuine = validator.validate(url, params, signature)
        forged = validator.validate(url, {**params, "CallSid": "CAother"}, signature)
        wrong = RequestValidator("wrong").validate(url, params, signature)
        if not genuine or forged or wrong:
            self.refused.append((self.path, genuine, forged, wrong))
        path = urlsplit(self.path).path
        self.heard.append((path, params))
        answer = document(path)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if path == "/status" and params["CallStatus"] == "completed":
            self.done.set()

    def log_message(self, *_):
        pass


def document(path):
    response = VoiceResponse()
    if path == "/voice":
        response.say("What is your name?", voice="alice", language="en-US")
        response.record(action="/name", recording_status_callback="/recorded", max_length=30, trim="do-not-trim")
        response.redirect("/voice")
    elif path == "/name":
        gather = Gather(num_digits=1, action="/digit", timeout=4)
        gather.say("Press 1 or 2.")
        response.append(gather)
    elif path == "/digit":
        response.say("Thank you & goodbye.")
        response.hangup()
    return str(response).encode()


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/sim{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def refusal(action):
    try:
        action()
    except TwilioRestException as refused:
        return refused.status, refused.code
    raise AssertionError("it was not refused")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Product)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    client = Client(ACCOUNT, TOKEN, http_client=Elsewhere())
    control("PUT", f"/people/{PERSON}", {"habit": "answers", "said": ["Ann"], "digits": ["", "2"]})

    call = client.calls.create(
        to=PERSON,
        from_=OURS,
        url=f"{here}/voice?id=a%20b&x='1'",
        status_callback=f"{here}/status?id=7#rc=2&rp=all",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        timeout=30,
    )
    assert call.status == "queued" and call.direction == "outbound-api" and call.sid.startswith("CA"), call.status
    assert Product.done.wait(60), "the call never completed"
    control("GET", "/wait")
    assert not Product.refused, Product.refused

    statuses = [params["CallStatus"] for path, params in Product.heard if path == "/status"]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"], statuses
    paths = [path for path, _ in Product.heard]
    assert all(path in paths for path in ["/voice", "/name", "/digit", "/recorded"]), paths
    digit = next(params for path, params in Product.heard if path == "/digit")
    assert digit["Digits"] == "2", digit
    warnings = [heard for heard in control("GET", f"/heard/{call.sid}") if heard["what"] in ("warning", "problem")]
    assert not warnings, warnings

    call = client.calls(call.sid).fetch()
    assert call.status == "completed" and int(call.duration) > 0, call.duration
    # The price is worked out some minutes of the simulator's clock after the end.
    patience = time.monotonic() + 60
    while call.price is None:
        assert time.monotonic() < patience, "no price"
        call = client.calls(call.sid).fetch()
    assert call.price.startswith("-"), call.price
    now = datetime.now(timezone.utc)
    assert isinstance(call.start_time, datetime) and call.start_time <= call.end_time
    recording = client.calls(call.sid).recordings.list()[0]
    assert client.recordings(recording.sid).fetch().duration == recording.duration

    for _ in range(4):
        client.calls.create(to=PERSON, from_=OURS, twiml="<Response><Hangup/></Response>")
    control("GET", "/wait")
    listed = client.calls.list(to=PERSON, from_=OURS, start_time_after=now - timedelta(days=1), page_size=2)
    assert len(listed) == 5 and len({one.sid for one in listed}) == 5, len(listed)
    assert listed[-1].sid == call.sid
    assert client.calls.list(to=PERSON, start_time_before=now - timedelta(days=1)) == []

    assert refusal(lambda: client.calls.create(to="12", from_=OURS, url=here)) == (400, 21211)
    assert refusal(lambda: client.calls.create(to=PERSON, from_="+15005550001", url=here)) == (400, 21210)
    assert refusal(lambda: client.calls.create(to=PERSON, from_=OURS)) == (400, 21205)
    assert refusal(lambda: client.calls(call.sid).update(status="completed")) == (400, 21220)
    assert refusal(lambda: client.calls("CA" + "0" * 32).fetch()) == (404, 20404)
    stranger = Client(ACCOUNT, "wrong", http_client=Elsewhere())
    assert refusal(lambda: stranger.calls(call.sid).fetch()) == (401, 20003)

    live = client.calls.create(to=PERSON, from_=OURS, twiml='<Response><Pause length="36000"/></Response>')
    while client.calls(live.sid).fetch().status != "in-progress":
        pass
    assert client.calls(live.sid).update(status="completed").status == "completed"

    number = client.incoming_phone_numbers.list(phone_number=OURS)[0]
    assert number.update(voice_url=f"{here}/voice").voice_url == f"{here}/voice"
    assert number.capabilities["voice"] is True
    assert client.api.accounts(ACCOUNT).fetch().status == "active"
    inbound = control("POST", "/inbound", {"from": "+15125550143", "to": OURS, "habit": {"habit": "silent"}})
    while client.calls(inbound["sid"]).fetch().status != "in-progress":
        pass
    client.calls(inbound["sid"]).update(twiml="<Response><Say>Bye.</Say></Response>")
    control("GET", "/wait")
    assert client.calls(inbound["sid"]).fetch().direction == "inbound"
    assert not Product.refused, Product.refused
    server.shutdown()


main()
print("the official client is content")

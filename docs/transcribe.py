"""An engine behind Trunkline's transcription hook: takes what is asked, answers 202, and sends the text when it has it.

    TRANSCRIPTION_SECRET=whsec_... python3 transcribe.py 8765
"""
import base64, hashlib, hmac, json, os, sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["TRANSCRIPTION_SECRET"].removeprefix("whsec_"))


def is_signed(head, body):
    """Whether Trunkline sent this, within the last five minutes."""
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    good = "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
    is_new = abs(time.time() - int(head["webhook-timestamp"])) < 300
    return is_new and any(hmac.compare_digest(good, one) for one in head["webhook-signature"].split())


def text_of(audio, language):
    """Here goes your speech recognition: `audio` is a WAV file."""
    return f"({len(audio)} bytes of {language or 'some language'})"


def work(wanted):
    with urllib.request.urlopen(wanted["audio_url"], timeout=60) as audio:
        text = text_of(audio.read(), wanted.get("language"))
    body = json.dumps({"text": text}).encode()
    post = urllib.request.Request(wanted["callback_url"], body, {"content-type": "application/json"})
    urllib.request.urlopen(post, timeout=60).close()


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        good = is_signed(self.headers, body)
        self.send_response(202 if good else 401)
        self.send_header("content-length", "0")
        self.end_headers()
        if good:
            # The same id may come again: whoever pays per minute remembers it.
            threading.Thread(target=work, args=[json.loads(body)]).start()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()

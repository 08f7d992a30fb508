"""The five functions of a call registry kept in a process, kept by a Trunkline server instead.

Needs nothing but Python. TRUNKLINE_URL says where the server is, TRUNKLINE_API_KEY opens it.
"""

import json
import os
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen


def register_call(call_id, session_id, provider="twilio", **more):
    """Keeps a call; `more`: direction, from_number, to_number, metadata. Again is the same as once."""
    call = {"call_id": call_id, "session_id": session_id, "provider": provider, **more}
    return _ask("POST", "/api/calls/register", call)["call_id"]


def get_session_for_call(call_id):
    return _kept("/api/calls/" + quote(call_id, safe=""), "session_id")


def get_call_for_session(session_id):
    return _kept("/api/sessions/" + quote(session_id, safe="") + "/call", "call_id")


def unregister_call(call_id):
    _ask("DELETE", "/api/calls/" + quote(call_id, safe="") + "/registration")


def unregister_session(session_id):
    _ask("DELETE", "/api/sessions/" + quote(session_id, safe=""))


def _kept(path, field):
    """A field of a call; None if there is no such call, or its registration was taken back."""
    call = _ask("GET", path)
    return call[field] if call and call["registration"] != "unregistered" else None


def _ask(method, path, body=None):
    """One request. A wrong one, and a server that can't answer, raise urllib.error.HTTPError."""
    url = os.environ.get("TRUNKLINE_URL", "http://127.0.0.1:8080").rstrip("/") + path
    headers = {"Authorization": "Bearer " + os.environ["TRUNKLINE_API_KEY"]}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data, headers, method=method), timeout=10) as answer:
            return json.loads(answer.read() or "null")
    except HTTPError as error:
        if method == "GET" and error.code == 404:
            return None
        raise

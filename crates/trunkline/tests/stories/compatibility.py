"""What software that was written for the five functions expects of them."""

import sys
from urllib.error import HTTPError

sys.path.insert(0, sys.argv[1])
from trunkline_calls import (  # noqa: E402
    get_call_for_session,
    get_session_for_call,
    register_call,
    unregister_call,
    unregister_session,
)

CALL, SESSION = "CA-old/1?x=1", "session of Ann/ü?#1"

assert get_session_for_call(CALL) is None
assert get_call_for_session(SESSION) is None
unregister_call(CALL)
unregister_session(SESSION)

assert register_call(CALL, SESSION, "twilio", from_number="+15550100001", metadata={"a": 1}) == CALL
assert register_call(CALL, SESSION, "twilio") == CALL
assert get_session_for_call(CALL) == SESSION
assert get_call_for_session(SESSION) == CALL

register_call("CA-old-2", SESSION, provider="telnyx")
assert get_call_for_session(SESSION) == "CA-old-2", "the newest"

unregister_call("CA-old-2")
unregister_call("CA-old-2")
assert get_session_for_call("CA-old-2") is None
assert get_session_for_call(CALL) == SESSION, "the other one is untouched"

unregister_session(SESSION)
assert get_session_for_call(CALL) is None
assert get_call_for_session(SESSION) is None

try:
    register_call("", SESSION)
except HTTPError as error:
    assert error.code == 400, error
else:
    raise AssertionError("a wrong call is not refused")
print("fine")

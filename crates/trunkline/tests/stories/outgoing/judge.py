"""The independent judge: the library of Standard Webhooks says whether a request is what its head says."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

cases = json.load(sys.stdin)
for case in cases:
    try:
        Webhook(case["secret"]).verify(case["body"], case["head"])
        taken = True
    except WebhookVerificationError:
        taken = False
    assert taken == case["good"], (taken, case["body"])
assert len(cases) == 80, len(cases)

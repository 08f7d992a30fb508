"""The independent judge: Twilio's own library says whether a request is its own.

Reads lines of JSON {url, fields | body, signature, algorithm} and answers each with true or false. With an argument,
a seed, it first prints as many requests of its own as the second argument says, signed by Twilio's library.
"""

import json
import random
import sys

from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator

TOKEN = "12345"
LETTERS = "aZ09 +%&=?#/'\"<>~.-_éאü\u202e\U0001f600\n"


class Fields(dict):
    """Names with several values, as web frameworks have them."""

    def __init__(self, pairs):
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)

    def getlist(self, name):
        return self[name]


def judge(case):
    params = case["body"] if "body" in case else Fields(case["fields"])
    return RequestValidator(TOKEN).validate(case["url"], params, case["signature"], case["algorithm"])


def word(chance, most):
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, most)))


def request(chance):
    validator = RequestValidator(TOKEN)
    host = chance.choice(["https://mycompany.com", "https://mycompany.com:443"])
    query = "".join(chance.choice("abcXYZ019=&%+'-_~") for _ in range(chance.randint(0, 30)))
    url = host + chance.choice(["/status", "/voice", "/a/b.php"]) + ("?" + query if query else "")
    algorithm = chance.choice([HMAC_SHA1, HMAC_SHA256])
    if chance.random() < 0.2:
        body = json.dumps({"word": word(chance, 40)})
        url += ("&" if "?" in url else "?") + "bodySHA256=" + validator.compute_hash(body)
        signature = validator.compute_signature(url, {}, algorithm)
        return {"url": url, "body": body, "signature": signature, "algorithm": algorithm}
    names = ["CallSid", "From", "To", "Digits", "a", "A", word(chance, 5) or "x"]
    pairs = [[chance.choice(names), word(chance, 20)] for _ in range(chance.randint(0, 12))]
    signature = validator.compute_signature(url, Fields(pairs), algorithm)
    return {"url": url, "fields": pairs, "signature": signature, "algorithm": algorithm}


if len(sys.argv) > 2:
    chance = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(request(chance)))
else:
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))))

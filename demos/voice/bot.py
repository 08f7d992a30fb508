"""What the bot says and asks for, by what it has understood. A script: the point of the demo is who hears and who speaks."""

import json

OPENING = "Say exactly this, and nothing else: "
YES = {"yes", "yeah", "sure", "come", "there"}
NO = {"not", "cannot", "can't", "cancel", "won't"}

SORRY = "I am sorry, I did not understand you. Will you come to your appointment?"
CONFIRMED = "Thank you. Your appointment is confirmed. Is there anything that the doctor should know?"
NOT_DONE = "I am sorry, that did not work. Somebody will call you back. Goodbye."
NOTED = "I am glad to hear from you. Can I do anything else for you?"
GOODBYE = "Thank you for calling. Goodbye."
STILL_THERE = "Are you still there?"

#: What is said in any case: the voice has it ready before anybody calls.
KNOWN = [SORRY, CONFIRMED, NOT_DONE, NOTED, GOODBYE, STILL_THERE]
END = ("end_call", {"reason": "done"})


def words_of(text):
    """The words of a text, without what is only written."""
    letters = "".join(letter if letter.isalnum() or letter == "'" else " " for letter in text.lower())
    return letters.split()


class Bot:
    """One conversation. Each answer is what is said, and the tools that are asked for."""

    def __init__(self):
        self._answer = self._will_come

    def told(self, instructions):
        """The server wants something to be said."""
        if instructions.startswith(OPENING):
            return instructions.removeprefix(OPENING), []
        return (GOODBYE, []) if "good-bye" in instructions else (STILL_THERE, [])

    def heard(self, text):
        """The caller has said this."""
        return self._answer(set(words_of(text)))

    def tool_answered(self, output):
        """A tool has answered. Nothing is said to be done before it says so."""
        if json.loads(output).get("done"):
            self._answer = self._anything_to_know
            return CONFIRMED, []
        return NOT_DONE, [END]

    def _will_come(self, words):
        if words & YES and not words & NO:
            return "", [("confirm", {})]
        return SORRY, []

    def _anything_to_know(self, _):
        self._answer = self._anything_else
        return NOTED, []

    def _anything_else(self, _):
        return GOODBYE, [END]

"""A stand-in for a model that talks, with real ears and a real voice: it speaks OpenAI's Realtime interface over a WebSocket.

It hears the caller's µ-law, tells who begins and who stops, writes down what was said, and answers as the bot's script says.
"""

import asyncio
import base64
import itertools
import json

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from bot import Bot
from ears import Listener

#: A piece of sound that is sent at once: 200 ms.
PIECE = 1_600
#: The server takes a model for lost that says nothing for 1.5 s where it has to; a slow machine thinks for longer.
SIGN_OF_LIFE = 0.5


class Session:
    """One connection."""

    def __init__(self, socket, whisper, voice):
        self._socket, self._whisper, self._voice, self._bot = socket, whisper, voice, Bot()
        self._numbers, self._listener = itertools.count(), Listener(500)
        # What the caller is saying, and what that will most likely have been.
        self._item, self._guess = None, None
        # The answer that is being given, and its task.
        self._response, self._tasks = None, set()
        self._asked_for, self._outputs = {}, []

    async def run(self):
        """Hears and answers until the connection is over."""
        try:
            await self._send("session.created", session={"id": self._name("sess"), "type": "realtime"})
            async for message in self._socket:
                await self._take(json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            for task in self._tasks:
                task.cancel()

    async def _take(self, event):
        match event["type"]:
            case "session.update":
                turns = event["session"]["audio"]["input"]["turn_detection"]
                self._listener = Listener(turns["silence_duration_ms"])
                await self._send("session.updated", session=event["session"])
            case "input_audio_buffer.append":
                for happened in self._listener.hear(base64.b64decode(event["audio"])):
                    await self._hear(happened)
            case "input_audio_buffer.commit":
                if self._item:
                    await self._commit(self._words())
            case "conversation.item.create":
                self._learn(event["item"])
            case "conversation.item.truncate":
                what = {"item_id": event["item_id"], "audio_end_ms": event["audio_end_ms"]}
                await self._send("conversation.item.truncated", **what)
            case "response.create":
                self._answer(self._asked(event.get("response", {}).get("instructions")))
            case "response.cancel":
                await self._cancel()

    # What the caller says.

    async def _hear(self, happened):
        at = self._listener.heard_ms
        if happened == "began":
            self._item = self._name("item")
            began = {"audio_start_ms": max(0, at - 300), "item_id": self._item}
            await self._send("input_audio_buffer.speech_started", **began)
        elif happened == "paused":
            # Most likely that was all: the words are known sooner. Whoever goes on pauses again before they end.
            self._guess = self._words()
        else:
            await self._send("input_audio_buffer.speech_stopped", audio_end_ms=at, item_id=self._item)
            words = await self._commit(self._guess or self._words())
            self._answer(self._answered(words))

    def _words(self):
        return self._spawn(asyncio.to_thread(self._whisper.words, bytes(self._listener.sentence)))

    async def _commit(self, words):
        item, self._item, self._guess = self._item, None, None
        await self._send("input_audio_buffer.committed", item_id=item)
        return self._spawn(self._write_down(item, words))

    async def _write_down(self, item, words):
        text = await words
        name = "conversation.item.input_audio_transcription.completed"
        await self._send(name, item_id=item, content_index=0, transcript=text)
        return text

    async def _answered(self, words):
        while not (await asyncio.wait([words], timeout=SIGN_OF_LIFE))[0]:
            await self._send("rate_limits.updated", rate_limits=[])
        return self._bot.heard(words.result())

    # What the server says.

    def _learn(self, item):
        # How the goodbye was taken is nobody's concern.
        if item["type"] == "function_call_output" and self._asked_for.get(item["call_id"]) != "end_call":
            self._outputs.append(item["output"])

    async def _asked(self, instructions):
        if instructions is None and self._outputs:
            return self._bot.tool_answered(self._outputs.pop())
        return self._bot.told(instructions or "")

    # Answers.

    def _answer(self, what):
        """Begins an answer; `what` comes to what is said and which tools are asked for."""
        response = self._name("resp")
        self._response = (response, self._spawn(self._respond(response, what)))

    async def _respond(self, response, what):
        about = {"id": response, "status": "in_progress"}
        await self._send("response.created", response=about)
        says, tools = await what
        if says:
            await self._speak(response, says)
        for name, arguments in tools:
            await self._ask(response, name, json.dumps(arguments))
        self._response = None
        await self._send("response.done", response={**about, "status": "completed"})

    async def _speak(self, response, text):
        sound = await asyncio.to_thread(self._voice.say, text)
        about = {"response_id": response, "item_id": self._name("item"), "output_index": 0, "content_index": 0}
        for word in text.split():
            await self._send("response.output_audio_transcript.delta", **about, delta=word + " ")
        for at in range(0, len(sound), PIECE):
            delta = base64.b64encode(sound[at : at + PIECE]).decode()
            await self._send("response.output_audio.delta", **about, delta=delta)
        await self._send("response.output_audio.done", **about)
        await self._send("response.output_audio_transcript.done", **about, transcript=text)

    async def _ask(self, response, name, arguments):
        call = {"call_id": self._name("call"), "name": name, "arguments": arguments}
        self._asked_for[call["call_id"]] = name
        await self._send("response.function_call_arguments.done", response_id=response, **call)
        item = {"id": self._name("item"), "type": "function_call", "status": "completed", **call}
        await self._send("response.output_item.done", response_id=response, item=item)

    async def _cancel(self):
        if self._response:
            (response, task), self._response = self._response, None
            task.cancel()
            await self._send("response.done", response={"id": response, "status": "cancelled"})

    # Both ways.

    async def _send(self, name, /, **more):
        await self._socket.send(json.dumps({"type": name, "event_id": self._name("event"), **more}))

    def _name(self, kind):
        return f"{kind}_{next(self._numbers)}"

    def _spawn(self, work):
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task):
        self._tasks.discard(task)
        # Whoever hung up hears no more; anything else is a mistake of ours and is to be seen.
        if not task.cancelled() and task.exception() and not isinstance(task.exception(), ConnectionClosed):
            asyncio.get_running_loop().call_exception_handler({"message": "the model", "exception": task.exception()})


async def listen(whisper, voice):
    """Serves on a port of its own, at the address that is given back, as long as the loop runs."""

    async def talk(socket):
        await Session(socket, whisper, voice).run()

    server = await serve(talk, "127.0.0.1", 0)
    return server, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/realtime"

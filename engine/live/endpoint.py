"""The HTTP endpoint for players, on h11, with limits on the size, time and number of requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import h11

from engine.live.connections import Socket, serve
from engine.live.listenbrainz import MAX_BODY, Answer, Request, failure, foreign

_MAX_HEAD = 32 << 10
# Bytes read and discarded of a too large body, so that the client receives the error.
_MAX_THROWN = 4 * MAX_BODY
_CONNECTIONS = 16

Handle = Callable[[Request], Awaitable[Answer]]


class Endpoint:
    """Answers HTTP requests with `handle`; `note` gets unexpected errors."""

    # Seconds that a request may take.
    patience = 10.0

    def __init__(self, listener: Socket, handle: Handle, note: Callable[[Exception], None]) -> None:
        self._listener = listener
        self._note = note
        self._handle = handle
        self._open: dict[asyncio.Task[None], _Conversation] = {}
        # How often a request, and what answered it, was let go of.
        self.done = 0
        self.port: int = listener.getsockname()[1]

    async def begin(self) -> None:
        """Start answering."""
        self._server = await serve(self._listener, self._accept, _MAX_HEAD)

    async def end(self) -> None:
        """Stop; requests already read are answered first."""
        self._server.close()
        for task, conversation in self._open.items():
            if not conversation.answering:
                task.cancel()
        if self._open:
            await asyncio.wait([*self._open])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as one
        conversation = self._open[task] = _Conversation(self, reader, writer)
        ended = (OSError, TimeoutError, h11.ProtocolError, asyncio.CancelledError)
        try:
            with contextlib.suppress(*ended):
                await conversation.go_on()
        finally:
            del self._open[task]
            self.done += 1
            writer.close()
            try:
                async with asyncio.timeout(self.patience):
                    await writer.wait_closed()
            except (OSError, TimeoutError):
                writer.transport.abort()  # it does not read its answers

    @property
    def is_full(self) -> bool:
        """Whether there are too many connections."""
        return len(self._open) > _CONNECTIONS

    async def answer(self, request: Request) -> Answer:
        """The answer to one request, also after errors."""
        try:
            return foreign(request.headers, self.port) or await self._handle(request)
        except Exception as error:  # noqa: BLE001 - who asks is answered, and nothing is drawn over a terminal
            self._note(error)
            return failure(500, "Something unexpected happened; discover.log says where.")


class _Conversation:
    """One connection, from its first byte to its last."""

    def __init__(
        self, endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._endpoint = endpoint
        self._reader, self._writer = reader, writer
        # Whether a request was read and its answer is not sent yet.
        self.answering = False
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)

    async def go_on(self) -> None:
        """Answer requests until the client closes or one is malformed."""
        while True:
            try:
                async with asyncio.timeout(self._endpoint.patience):
                    request = await self._read()
            except h11.RemoteProtocolError as error:
                await self._send(failure(error.error_status_hint, f"That is not an HTTP request: {error}."))
                return
            except TimeoutError:
                # Of a request that was begun it is said; an idle connection just ends.
                if self._http.their_state is not h11.IDLE:
                    await self._send(failure(408, "The request took too long."))
                return
            if request is None:
                return
            self.answering = True
            answer = request if isinstance(request, Answer) else await self._endpoint.answer(request)
            await self._send(answer)
            self.answering = False
            # Ten megabytes of plays are not to wait for the next request.
            del request, answer
            self._endpoint.done += 1
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                await self._throw_away()
                return
            self._http.start_next_cycle()

    async def _read(self) -> Request | Answer | None:
        """The next request, or why it could not be read; null if there is none."""
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        if self._endpoint.is_full:
            return failure(503, "Too many connections at once.")
        if int(headers.get("content-length", "0")) > MAX_BODY:
            return self._too_large()
        if self._http.they_are_waiting_for_100_continue:
            self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        body = bytearray()
        while isinstance(part := await self._event(), h11.Data):
            body += part.data
            if len(body) > MAX_BODY:
                return self._too_large()
        method, target = head.method.decode("ascii"), head.target.decode("latin-1")
        return Request(method, target, headers, bytes(body))

    @staticmethod
    def _too_large() -> Answer:
        return failure(413, f"More than {MAX_BODY} bytes. Send fewer listens at a time, 1,000 at most.")

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(64 << 10))
        return event

    async def _send(self, answer: Answer) -> None:
        said, kind = answer.document, "text/plain"
        if not isinstance(said, str):
            said, kind = json.dumps(said), "application/json"
        body = said.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        head = h11.Response(status_code=answer.status, headers=headers)
        sent = [self._http.send(event) for event in (head, h11.Data(data=body), h11.EndOfMessage())]
        # At once: the system holds back a second piece until the client has acknowledged the first, 40 ms later.
        self._writer.write(b"".join(filter(None, sent)))
        async with asyncio.timeout(self._endpoint.patience):
            await self._writer.drain()

    async def _throw_away(self) -> None:
        """Discard the rest of a body, since clients may read the answer only after sending."""
        if self._http.their_state is not h11.SEND_BODY:
            return
        async with asyncio.timeout(self._endpoint.patience):
            thrown = 0
            while thrown < _MAX_THROWN and (data := await self._reader.read(64 << 10)):
                thrown += len(data)

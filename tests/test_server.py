"""The socket that the API listens on."""

import asyncio
import socket

import pytest

from safety_service.server import PortTakenError, bind


def test_answers_are_not_held_back_until_the_client_has_acknowledged_their_head() -> None:
    """Without TCP_NODELAY head and body of each answer are 40 ms apart."""

    async def serve(listener: socket.socket) -> int:
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            heard.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return await heard

    assert asyncio.run(serve(bind("127.0.0.1", 0))) == 1


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with bind("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(PortTakenError, match="cannot listen on"):
            bind("127.0.0.1", first.getsockname()[1])

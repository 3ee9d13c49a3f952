"""A server that does nothing: every segment it receives is answered with one fixed reply.

It is what the load generator is measured against, so that its own limit is known. Run as a process of its own:
`python -m bench.null_server PORT [BODY_BYTES]`.
"""

import select
import socket
import sys

ALIVE_S = 120.0
"""It ends by itself after this long without a request."""


def reply(size: int) -> bytes:
    """The fixed reply: 204 where there is no body, else 200 with `size` bytes."""
    if size == 0:
        return b"HTTP/1.1 204 No Content\r\nopenstack-api-version: placement 1.39\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % size + b"0" * size


def serve(port: int, answer: bytes) -> None:
    """Answer on 127.0.0.1 until `ALIVE_S` pass without a request. Assumes that a request arrives in one segment."""
    with socket.create_server(("127.0.0.1", port), backlog=64) as door, select.epoll() as poll:
        poll.register(door.fileno(), select.EPOLLIN)
        peers: dict[int, socket.socket] = {}
        while events := poll.poll(ALIVE_S):
            for fd, _ in events:
                if fd == door.fileno():
                    peer, _ = door.accept()
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    peers[peer.fileno()] = peer
                    poll.register(peer.fileno(), select.EPOLLIN)
                elif peers[fd].recv(1 << 18):
                    peers[fd].sendall(answer)
                else:
                    peers.pop(fd).close()


if __name__ == "__main__":
    serve(int(sys.argv[1]), reply(int(sys.argv[2]) if len(sys.argv) > 2 else 0))

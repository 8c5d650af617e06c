"""Stands for a worker that another process forks: hands its surroundings over, and lives as long as it does.

Ray starts this instead of a worker; it must start quickly, and therefore imports little.
"""

import array
import json
import os
import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(sys.argv[1])
        except OSError:  # the forking process has ended
            os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
        folder = os.getcwd()  # noqa: PTH109 - pathlib takes its time to import
        wanted = {"arguments": sys.argv[2:], "environment": dict(os.environ), "folder": folder}
        message = json.dumps(wanted).encode()
        streams = array.array("i", [0, 1, 2])
        connection.sendmsg([len(message).to_bytes(4)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        connection.sendall(message)
        connection.recv(1)  # nothing comes but the worker's end


if __name__ == "__main__":
    main()

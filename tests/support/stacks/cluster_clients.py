"""Clients in the cluster: a pod that requests predictions of the service `api` until it is told.

Sent there as source, it runs in the API's image: it takes Python's standard library alone. Half of
its threads keep their connection, half open one for each request.
"""

import http.client
import itertools
import json
import select
import sys
import threading
import time

BODY = json.dumps({"image": [0.0] * 784}).encode()
HEADERS = {"Content-Type": "application/json"}
# A connection has a port that none had before: Linux remembers for two minutes to which pod a port
# of a service's client was connected, and leads the next connection from it there, if it is gone.
PORTS = itertools.cycle(range(10_000, 65_000))


def main(host: str, threads: int, pause: float, seconds: float) -> None:
    """Print a line of JSON each second: the time, the responses, and the failures since then."""
    lock, end = threading.Lock(), time.monotonic() + seconds
    answered, failures = [0], []

    def send(keeps: bool) -> None:
        connection = None
        while time.monotonic() < end:
            if connection and select.select([connection.sock], [], [], 0)[0]:
                connection.close()  # the server has closed it, which libraries look for as well
                connection = None
            connection = connection or http.client.HTTPConnection(
                host, 8000, timeout=10, source_address=("", next(PORTS))
            )
            begin = time.time()
            try:
                connection.request("POST", "/predict", BODY, HEADERS)
                response = connection.getresponse()
                response.read()
                failure = "" if response.status == 200 else str(response.status)
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
            with lock:
                if failure:
                    failures.append((begin, failure))
                else:
                    answered[0] += 1
            if failure or not keeps or connection.sock is None:  # the server has closed it
                connection.close()
                connection = None
            time.sleep(pause)

    for number in range(threads):
        threading.Thread(target=send, args=(number % 2 == 0,), daemon=True).start()
    while time.monotonic() < end:
        time.sleep(1)
        with lock:
            print(json.dumps([time.time(), answered[0], failures]), flush=True)
            failures.clear()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))

"""Calls a service by gRPC with the shipped service configuration, for as long as it is let.

Reads one call a line from the file CALLS: a method's path and the request in hex. Prints a line after every hundred calls, and at the
end, when its standard input is closed, how many there were and every failure: it is a client as others have, and knows nothing of Baton.
"""

import json
import sys
import threading

import grpc

target, configuration, token, calls_file, threads = sys.argv[1:6]
with open(configuration) as file:
    # Addresses in a list are no authority; a name, as in a cluster, is one by itself.
    options = [("grpc.service_config", file.read()), ("grpc.default_authority", "handoff")]
with open(calls_file) as file:
    calls = [line.split() for line in file]
channel = grpc.insecure_channel(target, options)
metadata = [("authorization", f"Bearer {token}")]
failures, done, next_call, lock, stop = [], 0, 0, threading.Lock(), threading.Event()


def work():
    global done, next_call
    while not stop.is_set():
        with lock:
            method, request = calls[next_call % len(calls)]
            next_call += 1
        try:
            channel.unary_unary(method)(bytes.fromhex(request), metadata=metadata)
        except grpc.RpcError as error:
            with lock:
                failures.append(f"{method}: {error.code().name}: {error.details()}")
        with lock:
            done += 1
            if done % 100 == 0:
                print(json.dumps({"done": done, "failed": len(failures)}), flush=True)


workers = [threading.Thread(target=work) for _ in range(int(threads))]
for worker in workers:
    worker.start()
sys.stdin.read()
stop.set()
for worker in workers:
    worker.join()
print(json.dumps({"done": done, "failed": len(failures), "failures": failures[:5], "ended": True}), flush=True)

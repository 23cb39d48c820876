"""Prints the facts of a Baton service as JSON, one a line, as they come out of NATS.

Needs what requirements.txt names, and Python modules made from the folder proto with grpc_tools.protoc; README.md has
the commands. The last line tells how many facts there were and the sequence of the last one.
"""

import argparse
import asyncio
import json
import os
import signal
import sys

import nats
from google.protobuf import descriptor_pool, json_format, message_factory
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

# Importing a module makes its messages known by name.
from baton.checklist.v1 import template_event_pb2  # noqa: F401
from baton.handoff.v1 import handoff_event_pb2  # noqa: F401
from baton.sla.v1 import sla_event_pb2  # noqa: F401

BATCH = 256
WAIT_SECONDS = 5.0
INACTIVE_SECONDS = 30.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--url",
        default=os.environ.get("BATON_NATS_URL", "nats://127.0.0.1:4222"),
        help="nats://USER:PASSWORD@HOST:PORT [default: BATON_NATS_URL]",
    )
    parser.add_argument("--stream", default="BATON_HANDOFF", help="the service's stream [default: %(default)s]")
    parser.add_argument("--subject", default="", help="only these, as baton.handoff.v1.*.sales.* [default: all]")
    parser.add_argument("--from", type=int, default=1, dest="first", help="begin at this sequence [default: 1]")
    parser.add_argument(
        "--until-idle",
        type=float,
        nargs="?",
        const=1.0,
        metavar="SECONDS",
        help="end when nothing has come for so long [default: 1]; without it, follow until Ctrl-C",
    )
    return parser.parse_args()


def fact(message):
    """A message as plain data. Baton writes header names in lower case; CloudEvents lets them be read in any."""
    headers = {name.lower(): value for name, value in (message.headers or {}).items()}
    schema = descriptor_pool.Default().FindMessageTypeByName(headers["ce-dataschema"])
    payload = message_factory.GetMessageClass(schema).FromString(message.data)
    return {
        "position": message.metadata.sequence.stream,
        "type": headers["ce-type"],
        "subject": message.subject,
        "aggregate": headers["ce-subject"],
        "sequence": int(headers["ce-sequence"]),
        "time": headers["ce-time"],
        "historic": headers["ce-historic"] == "true",
        "id": headers["ce-id"],
        "payload": json_format.MessageToDict(payload, preserving_proto_field_name=True),
    }


async def keep(_error):
    """The client tries again by itself; an error that it cannot mend is raised where the facts are read."""


async def consume(options, seen):
    """Reads on from where `seen` stands. No acknowledgements: the consumer keeps its own place, and begins there."""
    connection = await nats.connect(options.url, name="baton-consumer-example", max_reconnect_attempts=5, error_cb=keep)
    try:
        subscription = await connection.jetstream().pull_subscribe(
            options.subject,
            stream=options.stream,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=options.first,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=INACTIVE_SECONDS,
            ),
        )
        while True:
            try:
                messages = await subscription.fetch(BATCH, timeout=options.until_idle or WAIT_SECONDS)
            except nats.errors.TimeoutError:
                if options.until_idle is not None:
                    return
                continue
            for message in messages:
                print(json.dumps(fact(message), ensure_ascii=False), flush=True)
                seen["facts"] += 1
                seen["last_sequence"] = message.metadata.sequence.stream
    finally:
        await connection.close()


def main():
    # A reader that has seen enough, such as head, ends this program without a word.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    options = arguments()
    seen = {"facts": 0, "last_sequence": options.first - 1}
    try:
        asyncio.run(consume(options, seen))
    except KeyboardInterrupt:
        pass
    except NotFoundError:
        sys.exit(f"there is no stream {options.stream}: the service makes it when it starts")
    except (nats.errors.Error, OSError) as error:
        sys.exit(f"NATS cannot be read: {error}")
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()

"""`ckptls server`: the language server."""

from __future__ import annotations

import argparse
import gc
import linecache
import logging
import sys

HELP = "Run the language server over standard input and output; an editor starts this."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    channel = parser.add_mutually_exclusive_group()
    # Editors pass it by habit; it is what happens anyway.
    channel.add_argument("--stdio", action="store_true", help="use standard input and output")
    channel.add_argument("--tcp", metavar="HOST:PORT", help="wait for one client on a TCP port")
    channel.add_argument("--ws", metavar="HOST:PORT", help="wait for one client on a websocket")
    parser.add_argument(
        "--log-level",
        choices=("error", "warning", "info", "debug"),
        default="warning",
        help="what is written to standard error (default: warning)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve one client; 0 when it has said goodbye, 1 when it left without."""
    logging.basicConfig(
        stream=sys.stderr,
        level=args.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # pygls tells every message that it sends on this level.
    if args.log_level != "debug":
        logging.getLogger("pygls").setLevel(logging.WARNING)
    # What is made here mostly stays, and going through all of it costs more than a keystroke may.
    # But loading and typing leave objects in circles, which take room until they are found.
    gc.set_threshold(10_000, 50, 100)
    from ckptls.lsp import server

    # Libraries keep the text of the code they have generated, for debuggers.
    linecache.clearcache()
    if args.tcp or args.ws:
        host, port = _address(args.tcp or args.ws)
        (server.serve_tcp if args.tcp else server.serve_ws)(host, port)
        return 0
    return server.serve_stdio()


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        print(f"ckptls: `{text}` is no HOST:PORT", file=sys.stderr)
        raise SystemExit(2)
    return host.strip("[]") or "127.0.0.1", int(port)

"""`ckptls server`: the language server."""

from __future__ import annotations

import argparse
import gc
import linecache
import logging
import sys
from types import ModuleType

from ckptls.cli.output.console import note

HELP = "Run the language server over standard input and output, for an editor to start."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    channel = parser.add_mutually_exclusive_group()
    # Editors pass it by habit; it is what happens anyway.
    channel.add_argument("--stdio", action="store_true", help="use standard input and output")
    channel.add_argument(
        "--tcp", metavar="HOST:PORT", type=_address, help="listen on a TCP port for clients"
    )
    channel.add_argument(
        "--ws", metavar="HOST:PORT", type=_address, help="listen on a port for websocket clients"
    )
    parser.add_argument(
        "--allow-other-machines",
        action="store_true",
        help="with --tcp or --ws: HOST may be an address that other machines can reach",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="with --ws: web pages of this origin may connect (repeatable)",
    )
    parser.add_argument(
        "--log-level",
        choices=("error", "warning", "info", "debug"),
        default="warning",
        help="the least severe messages to write to standard error (default: warning)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve one client over standard input and output: 0 when it has said goodbye, 1 when it
    left without. On a port: serve clients until the process is interrupted; 2 if that cannot be.
    """
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
    if args.tcp is None and args.ws is None:
        return server.serve_stdio()
    return _listen(server, args)


def _listen(server: ModuleType, args: argparse.Namespace) -> int:
    """Serve the clients of a port. What they need to connect goes to standard error."""
    from ckptls.lsp.transport import access_token

    try:
        allowed = access_token.create_access(args.allow_origin)
        host, port = args.tcp or args.ws
        with access_token.listening_socket(host, port, args.allow_other_machines) as listening:
            at = access_token.shown_address(listening)
            known = allowed.token if allowed.is_own else f"${access_token.TOKEN_VARIABLE}"
            if args.tcp:
                note(f"listening on {at}; the token of clients is {known}")
                server.serve_tcp(listening, allowed)
            else:
                note(f"listening on ws://{at}/?token={known}")
                server.serve_ws(listening, allowed)
    except access_token.ListenError as error:
        note(str(error))
        return 2
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != "websockets":
            raise
        note("--ws needs the package `websockets`: pip install 'ckptls[ws]'")
        return 2
    return 0


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"`{text}` is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)

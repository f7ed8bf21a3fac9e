from ckptls.checkpoint.core.types import Kind

INTERFACE: int

def stretch(
    data: bytes,
    pos: int,
    stop: int,
    end: int,
    key: str,
    names: list[str],
    kinds: list[Kind] | None,
    memo: dict[str, Kind],
    /,
) -> tuple[int, str, int]: ...

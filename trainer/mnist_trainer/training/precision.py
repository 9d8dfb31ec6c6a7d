"""The type in which layers compute while they are trained: bfloat16 where that is faster."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras  # type: ignore[import-untyped]  # ships no types


def choose_policy() -> str:
    """Return `mixed_bfloat16` where the processor multiplies bfloat16 itself, or `float32`."""
    cpu = Path("/proc/cpuinfo")
    found = cpu.exists() and {"amx_bf16", "avx512_bf16"} & set(cpu.read_text().split())
    return "mixed_bfloat16" if found else "float32"


@contextlib.contextmanager
def dtype_policy(layers: Sequence[keras.Layer], policy: str) -> Iterator[None]:
    """Have ``layers`` compute by a dtype policy of Keras' in the block; weights stay float32."""
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.dtype_policy = own

"""Measuring: contenders in turn, medians, and how much the machine wavered meanwhile."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

ROUNDS: Final = 7


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender: its median, and half the middle spread as a share of it."""

    seconds: float
    noise: float

    def over(self, other: "Timing") -> "Timing":
        """The ratio of two timings; the noises add up."""
        return Timing(self.seconds / other.seconds, self.noise + other.noise)

    def __str__(self) -> str:
        return f"{self.seconds:7.2f} ± {self.noise:4.0%}"


def in_turn(
    contenders: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, Timing]:
    """Each contender once unmeasured, then ``rounds`` rounds in which each runs once."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for contend in contenders.values():
        contend()
    for _ in range(rounds):
        for name, contend in contenders.items():
            gc.collect()
            start = time.perf_counter()
            contend()
            found[name].append(time.perf_counter() - start)
    return {name: _timing(seconds) for name, seconds in found.items()}


def peak_bytes(run: Callable[[], object]) -> int:
    """The most memory that numpy and Python held at one time while ``run`` ran, its result kept."""
    gc.collect()
    tracemalloc.start()
    kept = run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return peak


def _timing(seconds: list[float]) -> Timing:
    low, _, high = quantiles(seconds, n=4)
    return Timing(median(seconds), (high - low) / 2 / median(seconds))

"""What a network must show before it is mined, scanned or trained: a file for each thing looked at."""

from outvoted.actors.door.examine import examine
from outvoted.actors.door.sample import Sample, sample

__all__ = ["Sample", "examine", "sample"]

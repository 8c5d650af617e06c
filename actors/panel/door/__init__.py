"""What a network must show before it is mined, scanned or trained: a file for each thing looked at."""

from outvoted.actors.panel.door.examine import examine
from outvoted.actors.panel.door.sample import Sample, sample

__all__ = ["Sample", "examine", "sample"]

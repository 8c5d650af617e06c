"""How long a scan takes, from a few of its images."""

from collections.abc import Mapping, Sequence

from torch import nn

from outvoted.actors.data.datasets import Dataset
from outvoted.actors.data.pictures import Fit
from outvoted.actors.data.rows import Piece
from outvoted.actors.data.sources import chunks
from outvoted.actors.mining.judge import Judge
from outvoted.actors.panel.panel import LocalPanel
from outvoted.actors.panel.peer import Peer
from outvoted.actors.panel.renderer import Renderer
from outvoted.cluster.jobs.calibration import each_takes
from outvoted.cluster.jobs.scan import ScanConfig
from outvoted.cluster.jobs.workload import Timed
from outvoted.search.transforms import Affine

_MOST = 4096


def scanning(config: ScanConfig, data: Dataset, peers: Mapping[str, nn.Module], seconds: float) -> Timed:
    """Read and judge ever more of the first images."""
    pieces = config.source.pieces(config.scan.batch)
    images = sum(piece.count for piece in pieces)
    renderer = Renderer(Affine(), data.train)
    panel = LocalPanel([Peer(network, renderer, config.panel.batch) for network in peers.values()])
    judge, fit = Judge(panel, tuple(peers)), Fit(shape=data.shape, sizes=config.scan.sizes)
    one = each_takes(lambda count: _judge(judge, pieces, fit, count), min(images, _MOST), seconds)
    return Timed(f"scanning {images:,} images", one * images, max(1, len(pieces)))


def _judge(judge: Judge, pieces: Sequence[Piece], fit: Fit, count: int) -> None:
    done = 0
    for piece in pieces:
        for chunk in chunks(piece, fit, count):
            judge.judge(chunk)
            done += len(chunk)
            if done >= count:
                return

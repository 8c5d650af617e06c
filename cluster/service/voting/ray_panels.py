"""Panels of runs on a cluster: a Ray Serve application whose replicas each keep the panels asked last.

Replicas reserve no CPU: on a machine whose cores are all taken by a run, they would otherwise not start until
it has ended. They compute in one thread, on the CPU, so that votes cost a run at work a core for each replica
at most. They stay on the service's machine, which sees the folder of runs; other machines may not.
"""

import asyncio
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ray import serve
from ray.util import get_node_ip_address

from outvoted.actors.networks.computing import keep_freed_memory, use_one_thread
from outvoted.cluster.service.voting.held import MOST_PANELS, MOST_WAITING
from outvoted.cluster.service.voting.hosted import HostedPanel
from outvoted.cluster.service.voting.votes import (
    PanelFacts,
    PanelKey,
    RenderAnswer,
    RenderQuestion,
    VoteAnswer,
    VoteQuestion,
)
from outvoted.search.errors import OutvotedError

_TOGETHER = 64
"""Questions that are answered with one vote."""
_PAUSE = 0.002
"""Seconds in which questions are collected: about as long as one takes to arrive."""
_TARGET = 16
"""Questions under way in one replica, above which another is started, up to as many as there may be."""
_IDLE = 600.0
"""Seconds without a question after which the last replica ends, too."""


class PanelReplica:
    """Panels in one process of the cluster. What a question can be refused for is returned, not raised."""

    def __init__(self) -> None:
        use_one_thread()
        keep_freed_memory()

    @serve.multiplexed(max_num_models_per_replica=MOST_PANELS)
    async def panel(self, key: str) -> HostedPanel:
        """Open a panel."""
        return await asyncio.to_thread(HostedPanel, key_of(key))

    async def facts(self) -> PanelFacts | OutvotedError:
        """Say what the panel is that the question is for."""
        try:
            return (await self._asked()).facts
        except OutvotedError as error:
            return error

    async def vote(self, question: VoteQuestion) -> VoteAnswer | OutvotedError:
        """Vote, together with whoever asks at the same time."""
        try:
            (await self._asked()).check(question)
            found: VoteAnswer = await self.together(question)
            return found
        except OutvotedError as error:
            return error

    async def render(self, question: RenderQuestion) -> RenderAnswer | OutvotedError:
        """Move an image, and vote on it."""
        try:
            return await asyncio.to_thread((await self._asked()).render, question)
        except OutvotedError as error:
            return error

    @serve.batch(max_batch_size=_TOGETHER, batch_wait_timeout_s=_PAUSE)
    async def together(self, questions: list[VoteQuestion]) -> list[VoteAnswer]:
        """Answer questions for one panel with one vote."""
        return await asyncio.to_thread((await self._asked()).vote, questions)

    async def _asked(self) -> HostedPanel:
        found: HostedPanel = await self.panel(serve.get_multiplexed_model_id())
        return found


def deployed(replicas: int) -> Any:
    """Return a handle to the application, which is started where it is not there yet.

    It stays when whoever started it ends. Those of another version, on another machine, or of another number
    of replicas, are others.
    """
    serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR", "enable_access_log": False})
    here = get_node_ip_address()
    name = f"outvoted-panels-{version('outvoted')}-{here}-{replicas}"
    if name in serve.status().applications:
        return serve.get_app_handle(name)
    scaling = {
        "min_replicas": 0,
        "initial_replicas": 1,
        "max_replicas": replicas,
        "target_ongoing_requests": _TARGET,
        "upscale_delay_s": 2,
        "look_back_period_s": 11,
        "downscale_delay_s": _IDLE,
    }
    deployment = serve.deployment(
        PanelReplica,
        name="panels",
        autoscaling_config=scaling,
        max_ongoing_requests=2 * _TOGETHER,
        max_queued_requests=MOST_WAITING,
        health_check_timeout_s=120,
        ray_actor_options={"num_cpus": 0, "resources": {f"node:{here}": 0.001}},
    )
    return serve.run(deployment.bind(), name=name, route_prefix=None)


def text_of(key: PanelKey) -> str:
    """Return a key as text, by which Serve tells panels apart."""
    return json.dumps([str(key.folder), key.fingerprint, key.trusted])


def key_of(text: str) -> PanelKey:
    """Return the key that :func:`text_of` wrote."""
    folder, fingerprint, trusted = json.loads(text)
    return PanelKey(Path(folder), fingerprint, trusted)

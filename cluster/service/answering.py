"""A service that answers, until a signal ends it."""

import socket

import uvicorn

from outvoted.actors.networks.computing import use_one_thread
from outvoted.cluster.service.app import application
from outvoted.cluster.service.connection import Connection
from outvoted.cluster.service.guard.connections import serving_options
from outvoted.cluster.service.guard.gate import Keys
from outvoted.cluster.service.guard.guarded import guarded
from outvoted.cluster.service.guard.logs import log_config
from outvoted.cluster.service.service import Service
from outvoted.cluster.service.settings import ServiceSettings
from outvoted.cluster.service.voting.held import HeldVotes
from outvoted.cluster.service.voting.nearest import NearestVotes
from outvoted.cluster.service.voting.served import ServedVotes
from outvoted.cluster.service.voting.votes import HostedVotes


def _votes(settings: ServiceSettings, connection: Connection) -> HostedVotes:
    """Return who asks panels: the cluster, or this process where it is on no machine of the cluster."""
    served = ServedVotes(connection.joined, settings.vote_replicas)
    if settings.address is None:
        return served
    return NearestVotes(served, HeldVotes(), lambda: connection.may_join)


class _Server(uvicorn.Server):
    """Ends streams of events first: they would otherwise hold up the end for seconds."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and end."""
        self._service.watching.close()
        await super().shutdown(sockets)


def serve(settings: ServiceSettings, keys: Keys, connection: Connection, listener: socket.socket) -> None:
    """Answer until a signal ends it; runs go on.

    Raises:
        KeyboardInterrupt: a signal has ended it.
    """
    use_one_thread()
    service = Service(settings, connection.jobs, _votes(settings, connection), cluster=connection)
    app = guarded(application(service), keys, settings.trust_proxy)
    config = uvicorn.Config(app, log_config=log_config(settings.log_format), **serving_options())
    connection.begin()
    try:
        _Server(config, service).run([listener])
    finally:
        connection.end()

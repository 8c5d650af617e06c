"""The settings that every network of a panel is built from."""

from abc import ABC, abstractmethod
from typing import Annotated

from pydantic import Field
from torch import nn

from outvoted.actors.networks.weights import LoadedWeights, Weights, misfit
from outvoted.search.settings import Settings

Shape = tuple[int, int, int]
"""Channels, height and width of an image."""
Width = Annotated[int, Field(ge=1, le=65536)]


class Architecture(ABC, Settings):
    """Settings of a network that maps images, float in [0, 1], to one logit for each class."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A short name for tables and files."""

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Build the module for images of ``shape`` (channels, height, width)."""

    @property
    def loaded(self) -> bool:
        """Whether the settings name weights; a network without is trained."""
        return False

    def load(self, shape: Shape, classes: int) -> LoadedWeights | None:
        """Read the weights that the settings name; None if the network is to be trained.

        Raises:
            OutvotedError: they cannot be read, or don't fit the network for such images and classes.
        """
        return None

    def restore(self, shape: Shape, classes: int, weights: Weights) -> nn.Module:
        """Build the module with weights that were loaded or trained.

        Raises:
            RuntimeError: they don't fit.
        """
        network = self.build(shape, classes)
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise RuntimeError(str(misfit(network.state_dict(), weights)) or str(error)) from error
        return network

    @property
    def content(self) -> str:
        """A hash of the files that the weights depend on besides the settings; empty if there are none."""
        return ""

"""Small stacks of networks, made of torch operations by hand."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class SmallStack:
    """Sigmoid networks with one hidden layer, one after the other: none can touch another's rounding.

    Attributes:
        first: shape (n, values, hidden).
        second: shape (n, hidden, classes).
    """

    first: torch.Tensor
    second: torch.Tensor

    def __len__(self) -> int:
        return len(self.first)

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        pairs = zip(inputs.flatten(2), self.first, self.second, strict=True)
        return torch.stack([(x @ first).sigmoid() @ second for x, first, second in pairs])

    def alone(self, index: int) -> "SmallStack":
        """A stack of that network only."""
        return SmallStack(self.first[index : index + 1], self.second[index : index + 1])


def small_stack(
    values: int, networks: int = 3, seed: int = 0, dtype: torch.dtype = torch.float32, scale: float = 2.0
) -> SmallStack:
    """Random networks of five hidden units and three classes."""
    random = torch.Generator().manual_seed(seed)
    first = scale * torch.randn(networks, values, 5, generator=random, dtype=dtype)
    second = scale * torch.randn(networks, 5, 3, generator=random, dtype=dtype)
    return SmallStack(first.requires_grad_(), second.requires_grad_())


def samples(
    shape: tuple[int, ...], seed: int = 1, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images of a shape (b, channels, height, width), 0-1, and labels 0-2."""
    random = torch.Generator().manual_seed(seed)
    images = torch.rand(shape, generator=random, dtype=dtype)
    return images, torch.randint(3, shape[:1], generator=random)

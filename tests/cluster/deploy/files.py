"""The deployment files, read as what they are."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "cluster" / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
RAY_UP = sorted(DEPLOY.glob("ray-up-*.yaml"))
PAGE = ROOT / "docs" / "deploying.md"

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
HEALTH = re.compile(r"RAY_health_check_(\w+)=(\d+)")


def documents(path: Path) -> list[Any]:
    """Return the YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def kubernetes(kind: str) -> list[Any]:
    """Return every object of a kind."""
    every = [one for path in sorted(KUBERNETES.rglob("*.yaml")) for one in documents(path)]
    return [one for one in every if one.get("kind") == kind]


def named(key: str, value: Any) -> Iterator[Any]:
    """Yield what stands under a key, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from named(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from named(key, inner)


def pods() -> list[Any]:
    """Return the templates of all pods: those of Ray and the one of Redis."""
    return [*named("template", [*kubernetes("RayCluster"), *kubernetes("StatefulSet")])]

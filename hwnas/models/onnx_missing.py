"""Operators of an ONNX model that ONNX Runtime does not have, named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

# What ONNX Runtime says of the first operator that it does not have.
_COMPLAINTS = (
    re.compile(r"(?P<domain>[\w.]*):(?P<kind>\w+)\(-?\d+\) is not a registered function/op"),
    re.compile(r"(?P<domain>)No Op registered for (?P<kind>\w+) with domain_version"),
    re.compile(
        r"Could not find an implementation for (?:(?P<domain>[\w.]+)[:.])?(?P<kind>\w+)\(\d+\)"
    ),
)

_STANDARD = ("", "ai.onnx")


def missing_operators(data: bytes, complaint: str) -> list[str]:
    """Operators that a model cannot be run for, sorted; none if that is not the reason.

    Args:
        data: The model.
        complaint: Why ONNX Runtime does not open it; it names the first such operator only.
    """
    named = {
        _label(match["domain"] or "", match["kind"])
        for match in (pattern.search(complaint) for pattern in _COMPLAINTS)
        if match
    }
    if not named:
        return []
    import onnx

    return sorted(named | set(_unregistered(onnx.load_model_from_string(data))))


def _unregistered(model: onnx.ModelProto) -> Iterator[str]:
    """Operators that are neither the standard's, nor the model's own, nor Microsoft's."""
    import onnx.defs

    own = {(function.domain, function.name) for function in model.functions}
    nodes = [*_nodes(model.graph.node)]
    for function in model.functions:
        nodes += _nodes(function.node)
    for node in nodes:
        domain = "" if node.domain in _STANDARD else node.domain
        if (node.domain, node.op_type) in own or domain.startswith("com.microsoft"):
            continue
        if not onnx.defs.has(node.op_type, domain):
            yield _label(domain, node.op_type)


def _nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _nodes(graph.node)


def _label(domain: str, kind: str) -> str:
    return f"{domain}.{kind}" if domain not in _STANDARD else kind

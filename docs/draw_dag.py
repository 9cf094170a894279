"""Write the drawing of the DAG between the markers of a Markdown file: python docs/draw_dag.py stages/README.md.

`dvc dag --mermaid` draws a node per model, the bookkeeping stages, and an arrow per dependency: more than a reader
can follow. This drawing has one node per stage, and no arrow that a longer path implies.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx

from lesions.parameters.models import read_models
from lesions.parameters.overlay import lay_over

BEGIN, END = "<!-- dvc dag --mermaid -->\n", "<!-- end of the drawing -->"

BOOKKEEPING = frozenset({"trace_code", "list_models", "resolve_recipes"})
"""Stages that read only code or parameters; most others depend on one of them."""

NODE = re.compile(r'(node\d+)\["([^"]+)"\]')
ARROW = re.compile(r"(node\d+)-->(node\d+)")


def main(paths: list[Path]) -> None:
    """Replace the drawing in each file."""
    drawing = draw_dag(simplify_dag(read_dag(print_dag())))
    for path in paths:
        path.write_text(replace_drawing(path.read_text(encoding="utf-8"), drawing), encoding="utf-8")


def print_dag() -> str:
    """Return what `dvc dag --mermaid` prints with an ensemble and exports, which the parameters need not list."""
    exported = {"models": read_models(Path("params.yaml")), "ensembles": ["both"]}
    with TemporaryDirectory() as folder:
        for name in ("dvc.yaml", "params.yaml"):
            shutil.copy(name, folder)
        lay_over(Path(folder, "params.yaml"), {"ensembles": ["both"], "export": exported})
        for command in (["dvc", "init", "--quiet", "--no-scm"], ["dvc", "dag", "--mermaid"]):
            shown = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return shown.stdout


def read_dag(mermaid: str) -> nx.DiGraph:
    """Return the graph of stages that `dvc dag --mermaid` prints."""
    names = dict(NODE.findall(mermaid))
    graph = nx.DiGraph()
    graph.add_nodes_from(names.values())
    graph.add_edges_from((names[start], names[end]) for start, end in ARROW.findall(mermaid))
    return graph


def simplify_dag(graph: nx.DiGraph) -> nx.DiGraph:
    """Merge the stages of each `foreach`, leave bookkeeping out, and remove arrows that a longer path implies."""
    merged = nx.DiGraph()
    merged.add_nodes_from(_stage(name) for name in graph)
    merged.add_edges_from((_stage(start), _stage(end)) for start, end in graph.edges)
    merged.remove_nodes_from(BOOKKEEPING)
    return nx.transitive_reduction(merged)


def _stage(name: str) -> str:
    """Return a stage's name without the model that it is for: train of train@resnet18."""
    return name.split("@")[0]


def draw_dag(graph: nx.DiGraph) -> str:
    """Return a Mermaid block of the graph, from the top down, in the order in which the stages can run."""
    order = list(nx.lexicographical_topological_sort(graph))
    arrows = sorted(graph.edges, key=lambda arrow: [order.index(name) for name in arrow])
    lines = [f"\t{name}" for name in order] + [f"\t{start} --> {end}" for start, end in arrows]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def replace_drawing(text: str, drawing: str) -> str:
    """Return the text with the drawing between its two markers."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + drawing + END + rest.split(END)[1]


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])

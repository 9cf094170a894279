"""The drawing of the DAG in stages/README.md: what is merged, and what is left out."""

from docs.draw_dag import BEGIN, END, draw_dag, read_dag, replace_drawing, simplify_dag

MERMAID = """flowchart TD
	node1["compare"]
	node2["evaluate@custom_cnn"]
	node3["evaluate@resnet18"]
	node4["list_models"]
	node5["prepare_metadata"]
	node6["resolve_recipes"]
	node7["trace_code"]
	node8["train@custom_cnn"]
	node9["train@resnet18"]
	node2-->node1
	node3-->node1
	node4-->node1
	node5-->node2
	node5-->node3
	node5-->node8
	node5-->node9
	node6-->node8
	node6-->node9
	node7-->node1
	node7-->node5
	node7-->node6
	node8-->node2
	node9-->node3
"""
"""What `dvc dag --mermaid` prints, of a small pipeline."""


def test_every_stage_and_arrow_is_read() -> None:
    graph = read_dag(MERMAID)
    assert graph.number_of_nodes() == MERMAID.count('["')
    assert graph.number_of_edges() == MERMAID.count("-->")
    assert graph.has_edge("train@custom_cnn", "evaluate@custom_cnn")
    assert not graph.has_edge("train@custom_cnn", "evaluate@resnet18")


def test_a_foreach_is_one_node_and_bookkeeping_is_left_out() -> None:
    assert set(simplify_dag(read_dag(MERMAID))) == {"prepare_metadata", "train", "evaluate", "compare"}


def test_an_arrow_that_a_longer_path_implies_is_left_out() -> None:
    graph = simplify_dag(read_dag(MERMAID))
    assert set(graph.edges) == {("prepare_metadata", "train"), ("train", "evaluate"), ("evaluate", "compare")}


def test_stages_are_in_the_order_in_which_they_can_run() -> None:
    assert draw_dag(simplify_dag(read_dag(MERMAID))) == (
        "```mermaid\nflowchart TD\n\tprepare_metadata\n\ttrain\n\tevaluate\n\tcompare\n"
        "\tprepare_metadata --> train\n\ttrain --> evaluate\n\tevaluate --> compare\n```\n"
    )


def test_only_the_text_between_the_markers_is_replaced() -> None:
    text = f"Before.\n{BEGIN}old\n{END}\nAfter.\n"
    assert replace_drawing(text, "new\n") == f"Before.\n{BEGIN}new\n{END}\nAfter.\n"

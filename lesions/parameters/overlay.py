"""Writing parameters into a parameter file while keeping its comments and layout."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from lesions.formats.atomic import write_text
from lesions.parameters.differences import list_changed
from lesions.parameters.merging import check_names, is_section, merge_sections
from lesions.parameters.section import load_parameters

NULL_TAG = "tag:yaml.org,2002:null"


def lay_over(params: Path, overlay: Mapping[str, Any]) -> list[str]:
    """Change the parameters that an overlay names; keep the comments and all other parameters.

    A section of the overlay is merged with the section of the same name; any other value, and any empty section,
    replaces the original value.

    Returns
    -------
    list of text
        The full names of the parameters that changed.

    Raises
    ------
    InputError
        If the overlay names a parameter that is not in the file.
    """
    present = load_parameters(params)
    check_names(overlay, present, params)
    sections = merge_sections(present, overlay, present)
    write_text(params, render_parameters(sections, params.read_text(encoding="utf-8")))
    return list_changed(present, sections)


def render_parameters(sections: Mapping[str, Any], layout: str) -> str:
    """Return parameters as YAML text.

    Parameters
    ----------
    sections
        All parameters.
    layout
        The text of a parameter file. Its lines and comments are kept; only lines with another value change.
    """
    yaml = YAML()
    # The style of params.yaml, so that only lines with changed values differ.
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(NULL_TAG, "null"))
    tree = yaml.load(layout)
    _set_values(tree, sections)
    text = io.StringIO()
    yaml.dump(tree, text)
    return text.getvalue()


def copy_section(name: str, source: str, target: str) -> str:
    """Replace a section of one parameter file by that of another, with its comments; both files are text."""
    lines, others = target.splitlines(), source.splitlines()
    start, end = _find_lines(name, target)
    other_start, other_end = _find_lines(name, source)
    return "\n".join([*lines[:start], *others[other_start:other_end], *lines[end:]]) + "\n"


def _find_lines(name: str, text: str) -> tuple[int, int]:
    """Return the first line of a section and the line after its last one, before the comments of the next section."""
    tree, lines = YAML().load(text), text.splitlines()
    start = tree.lc.key(name)[0]
    end = min((line for line, _ in map(tree.lc.key, tree) if line > start), default=len(lines))
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1
    return start, end


def _set_values(tree: CommentedMap, values: Mapping[str, Any]) -> None:
    for name in [name for name in tree if name not in values]:
        del tree[name]
    for name, value in values.items():
        if name not in tree:
            # Inserted first: the comment of the next section follows the last entry.
            tree.insert(0, name, _in_block_style(value))
        elif is_section(value) and tree[name]:
            _set_values(tree[name], value)
        elif tree[name] != value:
            written = _in_flow_style(value)
            if isinstance(written, CommentedSeq) and isinstance(tree[name], CommentedSeq):
                # Keeps the comment beside the list, and the empty line or the next section's comment after it.
                written.ca.comment, written.ca.end = tree[name].ca.comment, tree[name].ca.end
                if name in tree.ca.items:
                    # Of a list with one item per line: with it, the next line would be joined to this one.
                    tree.ca.items[name][3] = None
            tree[name] = written


def _in_block_style(value: Any) -> Any:
    """Return a section in the style that writes each of its parameters on its own line."""
    if not is_section(value):
        return _in_flow_style(value)
    return CommentedMap({name: _in_flow_style(item) for name, item in value.items()})


def _in_flow_style(value: Any) -> Any:
    """Return a value in the style that writes a section, a plain list, or each section of a list on one line."""
    if isinstance(value, Mapping):
        section = CommentedMap({name: _in_flow_style(item) for name, item in value.items()})
        section.fa.set_flow_style()
        return section
    if not isinstance(value, list):
        return value
    sequence = CommentedSeq(value)
    if all(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            sequence[index] = _in_flow_style(item)
    else:
        sequence.fa.set_flow_style()
    return sequence

"""A test report in JUnit XML, which most systems of continuous integration show."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from lesions.formats.printable import make_printable


@dataclass(frozen=True)
class Case:
    """One case of a test report; without a failure and an error it has passed.

    Attributes
    ----------
    group, name
        What it is about; reports list cases by group.
    failure
        What is not as it should be.
    error
        Why that cannot be told.
    """

    group: str
    name: str
    failure: str | None = None
    error: str | None = None


def render_suite(suite: str, cases: Sequence[Case], notes: Sequence[str] = ()) -> str:
    """Return cases as JUnit XML; the notes are the output of the suite."""
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(cases)),
        failures=str(sum(case.failure is not None for case in cases)),
        errors=str(sum(case.error is not None for case in cases)),
    )
    for case in cases:
        names = {"classname": make_printable(case.group), "name": make_printable(case.name)}
        element = ElementTree.SubElement(root, "testcase", names)
        for kind, message in (("failure", case.failure), ("error", case.error)):
            if message is not None:
                ElementTree.SubElement(element, kind, message=make_printable(message))
    if notes:
        output = ElementTree.SubElement(root, "system-out")
        output.text = "\n".join(map(make_printable, notes))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"

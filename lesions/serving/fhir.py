"""An answer as resources of FHIR R4: a DiagnosticReport and its Observations, in a Bundle."""

from dataclasses import replace
from typing import Any

from lesions.serving.answers import UNLIKE, Answer
from lesions.serving.clinical_codes import find_code, spell_class
from lesions.serving.manifest import Manifest
from lesions.serving.report_source import NOBODY, SEXES, Patient, ReportSource, make_uuid

Resource = dict[str, Any]

SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
UIDS = "urn:dicom:uid"


def build_bundle(answer: Answer, source: ReportSource, manifest: Manifest, remarks: str) -> Resource:
    """Return the report about one image, with status `preliminary`.

    Nothing in it depends on when it is built: the same answer gives the same resources, with the same numbers.

    Parameters
    ----------
    remarks
        What the reader has to know.
    """
    about = (repr(replace(answer, file="")), repr(source), remarks)
    shared: Resource = {"status": "preliminary", "device": {"reference": _name("device", answer.model)}}
    entries: list[tuple[str, Resource]] = [(_name("device", answer.model), _build_device(answer.model))]
    if source.patient != NOBODY:
        entries.append((_name("patient", repr(source.patient)), _build_patient(source.patient)))
        shared["subject"] = {"reference": entries[-1][0]}
    if date := source.patient.study_date:
        shared["effectiveDateTime"] = _spell_date(date)
    observations = [
        (_name("observation", str(place), *about), {"resourceType": "Observation", **shared, **each})
        for place, each in enumerate(_observe(answer, manifest))
    ]
    report: Resource = {
        "resourceType": "DiagnosticReport",
        **{name: value for name, value in shared.items() if name != "device"},  # it has none in R4
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": _name("report", *about)}],
        "code": {"text": "Classification of an image of a skin lesion by software"},
        "result": [{"reference": name} for name, _ in observations],
        "conclusion": remarks,
    }
    if source.study:
        report["imagingStudy"] = [
            {"type": "ImagingStudy", "identifier": {"system": UIDS, "value": f"urn:oid:{source.study}"}}
        ]
    entries += [*observations, (_name("report", *about), report)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": name, "resource": resource} for name, resource in entries],
    }


def _name(*parts: str) -> str:
    """Return the URN of a resource."""
    return f"urn:uuid:{make_uuid(*parts)}"


def _observe(answer: Answer, manifest: Manifest) -> list[Resource]:
    """Return what is particular to each Observation: the diagnosis, the malignancy, and the probabilities."""
    concepts = {served.name: _build_concept(served.name, find_code(served)) for served in manifest.classes}
    notes = ["The model abstains, as its probability is too low."] * bool(answer.abstains)
    if answer.status == UNLIKE:
        notes.append("The image is not like the training images: no number says how good the result is.")
    diagnosis: Resource = {
        "code": {"text": "Diagnosis that the model calls"},
        "valueCodeableConcept": concepts[str(answer.diagnosis)],
    }
    if notes:
        diagnosis["note"] = [{"text": note} for note in notes]
    observations = [diagnosis]
    if answer.malignancy is not None:
        observations.append({"code": {"text": "Probability of malignancy"}, **_build_quantity(answer.malignancy)})
        if answer.is_called_malignant is not None:
            side = "At least the" if answer.is_called_malignant else "Below the"
            text = f"{side} threshold {manifest.thresholds.malignancy:g}, which was chosen on validation images"
            observations[-1]["interpretation"] = [{"text": text}]
    # The code of a disease beside a number would say that the disease is there; so it is a component.
    observations += [
        {
            "code": {"text": f"Probability of {spell_class(name)}"},
            **_build_quantity(probability),
            "component": [{"code": {"text": "Diagnosis in question"}, "valueCodeableConcept": concepts[name]}],
        }
        for name, probability in answer.probabilities.items()
    ]
    return observations


def _build_concept(name: str, code: tuple[str, str] | None) -> Resource:
    coding = {"coding": [{"system": SNOMED, "code": code[0], "display": code[1]}]} if code else {}
    return {**coding, "text": spell_class(name)}


def _build_quantity(probability: float) -> Resource:
    return {"valueQuantity": {"value": probability, "system": UCUM, "code": "1"}}


def _build_device(model: str) -> Resource:
    name, _, version = model.partition("@")
    return {
        "resourceType": "Device",
        "deviceName": [{"name": name, "type": "model-name"}],
        "type": {"text": "Software that classifies images of skin lesions; for research"},
        "version": [{"value": version}],
    }


def _build_patient(patient: Patient) -> Resource:
    resource: Resource = {"resourceType": "Patient"}
    if patient.id:
        resource["identifier"] = [{"value": patient.id}]
    # In Latin letters, then perhaps in ideographs, and as these are spoken.
    if groups := list(filter(None, patient.name.split("="))):
        resource["name"] = list(map(_build_name, groups))
    if patient.sex:
        resource["gender"] = SEXES[patient.sex]
    if patient.birth_date:
        resource["birthDate"] = _spell_date(patient.birth_date)
    return resource


def _build_name(group: str) -> Resource:
    family, *given = group.split("^")
    name = {"text": group.replace("^", " ").strip(), "family": family, "given": given[:1]}
    return {key: value for key, value in name.items() if value and value != [""]}


def _spell_date(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"

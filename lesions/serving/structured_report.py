"""An answer as a DICOM Structured Report: a Comprehensive SR with a Measurement Report (template TID 1500)."""

import logging
from dataclasses import replace

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset, uid
from pydicom.sr.codedict import codes

from lesions.serving.answers import Answer
from lesions.serving.clinical_codes import find_code, spell_class
from lesions.serving.manifest import Manifest, ServedClass
from lesions.serving.report_source import MAX_TEXT, ReportSource, make_uid

OWN_SCHEME = "99LESIONS"
"""The scheme of the names of classes that have no code of SNOMED CT."""

PROCEDURES = {
    uid.VLPhotographicImageStorage: codes.DCM.ExternalCameraPhotography,
    uid.VLEndoscopicImageStorage: codes.DCM.Endoscopy,
    uid.DermoscopicPhotographyImageStorage: codes.DCM.Dermoscopy,
}
"""How an image was made, by the kind of its object."""

NO_DATE, NO_TIME = "19000101", "000000"
"""Stand for dates that would tell more than is asked for, or would make two runs differ."""

# highdicom logs values of patients that are not as the standard says.
logging.getLogger("highdicom").setLevel(logging.CRITICAL + 1)


def build_structured_report(answer: Answer, source: ReportSource, manifest: Manifest, remarks: str) -> Dataset:
    """Return the report about one DICOM image, marked as preliminary, incomplete and not verified.

    Parameters
    ----------
    remarks
        What the reader has to know.
    """
    content = _build_content(answer, source, manifest)
    content[0].ContentSequence.append(
        TextContentItem(codes.DCM.Comment, remarks, relationship_type=RelationshipTypeValues.CONTAINS)
    )
    report = ComprehensiveSR(
        evidence=[_describe_image(source)],
        content=content[0],
        series_instance_uid=make_uid("series", answer.model, source.study),
        series_number=1,
        sop_instance_uid=make_uid("structured report", repr(replace(answer, file="")), repr(source), remarks),
        instance_number=1,
        manufacturer="lesions",
        manufacturer_model_name=answer.model[:MAX_TEXT],
        series_description="Preliminary classification by software",
        content_date=source.patient.study_date or NO_DATE,
        content_time=NO_TIME,
        specific_character_set="ISO_IR 192",
    )
    # highdicom writes when it was built; without that, the same answer gives the same bytes.
    for library in report.ContributingEquipmentSequence:
        del library.ContributionDateTime
    report.InstanceCreationDate, report.InstanceCreationTime = report.ContentDate, report.ContentTime
    return report


def _describe_image(source: ReportSource) -> Dataset:
    """Return what the report takes over from its image."""
    patient, image = source.patient, Dataset()
    image.SOPClassUID, image.SOPInstanceUID = source.kind, source.image
    image.StudyInstanceUID, image.SeriesInstanceUID = source.study, source.series
    image.PatientID, image.PatientName, image.PatientSex = patient.id, patient.name, patient.sex
    image.PatientBirthDate, image.StudyDate, image.StudyTime = patient.birth_date, patient.study_date, ""
    image.AccessionNumber, image.StudyID = patient.accession_number, patient.study_id
    image.ReferringPhysicianName = ""
    return image


def _build_content(answer: Answer, source: ReportSource, manifest: Manifest) -> MeasurementReport:
    device = DeviceObserverIdentifyingAttributes(
        uid=make_uid("model", answer.model), name=answer.model[:MAX_TEXT], manufacturer_name="lesions"
    )
    groups = [
        _build_group(answer, source, _encode(served), codes.DCM.Probability, answer.probabilities[served.name])
        for served in manifest.classes
    ]
    called = next(served for served in manifest.classes if served.name == answer.diagnosis)
    impression = QualitativeEvaluation(codes.DCM.Impression, _encode(called))
    groups.insert(
        0,
        _build_group(
            answer, source, codes.SCT.SkinLesion, codes.DCM.ProbabilityOfCancer, answer.malignancy, impression
        ),
    )
    return MeasurementReport(
        observation_context=ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device)),
        procedure_reported=PROCEDURES.get(uid.UID(source.kind), codes.DCM.OtherModality),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )


def _build_group(
    answer: Answer,
    source: ReportSource,
    finding: CodedConcept,
    name: CodedConcept,
    value: float | None,
    *evaluations: QualitativeEvaluation,
) -> MeasurementsAndQualitativeEvaluations:
    """Return what is said of one finding, with a probability unless `value` is None."""
    model, _, version = answer.model.partition("@")
    measurements = [] if value is None else [Measurement(name, value, codes.UCUM.NoUnits)]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=make_uid("group", answer.model, source.image, finding.meaning), identifier=finding.meaning
        ),
        finding_type=finding,
        algorithm_id=AlgorithmIdentification(name=model, version=version),
        measurements=measurements,
        qualitative_evaluations=evaluations,
        source_images=[SourceImageForMeasurementGroup(source.kind, source.image)],
    )


def _encode(served: ServedClass) -> CodedConcept:
    """Return the concept of a class: that of SNOMED CT, or its name in a scheme of our own."""
    if code := find_code(served):
        return CodedConcept(code.value, "SCT", code.meaning)
    return CodedConcept(served.name[:MAX_TEXT], OWN_SCHEME, spell_class(served.name)[:MAX_TEXT])

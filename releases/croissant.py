"""Plain: Croissant metadata of a release (mlcommons.org/croissant, version 1.0)."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.scheme import Scheme
from releases.citation import SPDX, bibtex, people
from releases.tables import HF_SPLITS, JUDGED, utterance_features

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TYPES = {
    "string": "sc:Text",
    "int8": "sc:Integer",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "float32": "sc:Float",
    "float64": "sc:Float",
    "bool": "sc:Boolean",
}


def describe(
    manifest: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
    scheme: Scheme,
    traits: Sequence[str],
) -> dict[str, Any]:
    """The JSON-LD of a release whose `files` (path, sha256) are written already."""
    digests = {entry["path"]: entry["sha256"] for entry in files}
    tables = [f"data/{theirs}-00000-of-00001.parquet" for theirs in HF_SPLITS.values()]
    tables = [path for path in tables if path in digests]
    features = utterance_features(scheme, traits)
    licence = SPDX.get(manifest["licence"])
    metadata: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest["corpus"],
        "description": manifest["description"].strip() or f"Release of {manifest['corpus']}.",
        "version": manifest["version"],
        "datePublished": manifest["created"],
        "inLanguage": manifest["language"],
        "license": f"https://spdx.org/licenses/{licence}" if licence else "see README.md",
        "url": "README.md",
        "citeAs": bibtex(manifest),
        "creator": [{"@type": "Organization", "name": name} for name in people(manifest)],
        "isLiveDataset": False,
        "rai:dataAnnotationProtocol": "Rounds of independent judgements; see rounds.json and the"
        " guideline beside it.",
        "rai:dataAnnotationAnalysis": "Krippendorff's alpha with bootstrap intervals over"
        " dialogues; see agreement.json.",
        "distribution": [
            _file("file-judgements", "data/judgements.parquet", digests),
            *(_file(f"file-{_split(path)}", path, digests) for path in tables),
        ],
        "recordSet": [],
    }  # fmt: skip
    for path in tables:
        split = _split(path)
        fields = [_field(split, name, feature) for name, feature in features.items()]
        metadata["recordSet"].append(_records(split, f"Utterances of the split {split}.", fields))
    judged = [_column("judgements", name, TYPES[dtype]) for name, dtype in JUDGED.items()]
    description = "Every judgement by pseudonymous annotator."
    metadata["recordSet"].append(_records("judgements", description, judged))
    return metadata


def _split(path: str) -> str:
    return path.split("/")[1].split("-")[0]


def _file(name: str, path: str, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": path,
        "encodingFormat": "application/x-parquet",
        "sha256": digests[path],
    }


def _records(name: str, description: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        "field": fields,
    }


def _field(split: str, name: str, feature: Mapping[str, Any]) -> dict[str, Any]:
    if feature["_type"] == "ClassLabel":
        column = _column(split, name, "sc:Integer", f"file-{split}")
        column["description"] = "Place in: " + ", ".join(feature["names"])
        return column
    if feature["_type"] == "Sequence":
        inner = TYPES[feature["feature"]["dtype"]]
        return _column(split, name, inner, f"file-{split}") | {"repeated": True}
    return _column(split, name, TYPES[feature["dtype"]], f"file-{split}")


def _column(records: str, name: str, kind: str, file: str = "file-judgements") -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{name}",
        "name": name,
        "dataType": kind,
        "source": {"fileObject": {"@id": file}, "extract": {"column": name}},
    }

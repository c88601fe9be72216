"""Plain: CITATION.cff (Citation File Format 1.2.0) and BibTeX of a release."""

from collections.abc import Mapping
from typing import Any

import yaml

SPDX = {
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0",
    "cc0-1.0": "CC0-1.0",
}


def people(manifest: Mapping[str, Any]) -> list[str]:
    """The authors as named; the corpus' team where nobody was named."""
    return list(manifest["authors"]) or [f"The annotation team of {manifest['corpus']}"]


def cff(manifest: Mapping[str, Any]) -> str:
    """The text of CITATION.cff. Whole names are given as names of entities: Chinese and English
    names part differently, and nobody is asked which part is which.
    """
    fields = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it as below.",
        "type": "dataset",
        "title": manifest["corpus"],
        "version": manifest["version"],
        "date-released": manifest["created"],
        "authors": [{"name": name} for name in people(manifest)],
        "keywords": ["affective computing", "multimodal dialogue", "sentiment", "emotion"],
    }
    if manifest["licence"] in SPDX:
        fields["license"] = SPDX[manifest["licence"]]
    if manifest["description"].strip():
        fields["abstract"] = manifest["description"].strip()
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)


def bibtex(manifest: Mapping[str, Any]) -> str:
    """An entry for a bibliography."""

    def tame(text: str) -> str:
        return "".join(c for c in text if c not in "{}\\")

    names = " and ".join(f"{{{tame(name)}}}" for name in people(manifest))
    year = manifest["created"][:4]
    return "\n".join(
        [
            f"@misc{{release{year},",
            f"  title = {{{{{tame(manifest['corpus'])}}}}},",
            f"  author = {{{names}}},",
            f"  year = {{{year}}},",
            f"  note = {{Version {manifest['version']}}}",
            "}",
        ]
    )

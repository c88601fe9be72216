"""Plain: the name of the language of a track, in the language of whoever reads it.

Media files name languages by ISO 639-2 (`chi` or `zho`, `eng`), newer ones by BCP 47 (`zh-Hant`);
the names are those of Unicode's CLDR, by Babel, which knows ISO 639-1 only.
"""

import re

from babel import Locale, UnknownLocaleError

# ISO 639-2 (bibliographic and terminological) and ISO 639-3 codes, and what ISO 639-1 calls them
CODES = """
afr:af alb:sq sqi:sq amh:am ara:ar arm:hy hye:hy aze:az baq:eu eus:eu bel:be ben:bn bod:bo
bos:bs bul:bg bur:my mya:my cat:ca ces:cs chi:zh cmn:zh cym:cy cze:cs dan:da deu:de dut:nl
ell:el eng:en epo:eo est:et fas:fa fin:fi fra:fr fre:fr geo:ka ger:de gle:ga glg:gl gre:el
guj:gu heb:he hin:hi hrv:hr hun:hu ice:is ind:id isl:is ita:it jpn:ja kan:kn kat:ka kaz:kk
khm:km kir:ky kor:ko kur:ku lao:lo lat:la lav:lv lit:lt mac:mk mal:ml mar:mr may:ms mkd:mk
mon:mn msa:ms nep:ne nld:nl nno:nn nob:nb nor:no pan:pa per:fa pol:pl por:pt pus:ps ron:ro
rum:ro rus:ru sin:si slk:sk slo:sk slv:sl som:so spa:es srp:sr swa:sw swe:sv tam:ta tat:tt
tel:te tgk:tg tgl:tl tha:th tib:bo tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz vie:vi wel:cy
zha:za zho:zh zul:zu
"""
SHORT = dict(pair.split(":") for pair in CODES.split())
NONE = {"", "und", "mis", "mul", "zxx", "qaa"}
SUBTAG = re.compile(r"[-_]")


def language_name(code: str, reader: str = "en") -> str:
    """The language that a track calls `code`, in the language `reader` (as `en`, `zh-hans`).

    Empty where the file says none; the code itself where nobody knows it.
    """
    first, *rest = SUBTAG.split(code.strip())
    first = first.lower()
    if first in NONE:
        return ""
    first = SHORT.get(first, first)
    names = _locale(reader).languages
    regional = "_".join(
        [first, *(part.title() if len(part) == 4 else part.upper() for part in rest)]
    )
    return str(names.get(regional) or names.get(first) or code)


def _locale(reader: str) -> Locale:
    language, *script = SUBTAG.split(reader)
    try:
        return Locale.parse("_".join([language, *(part.title() for part in script)]))
    except (UnknownLocaleError, ValueError):
        return Locale("en")

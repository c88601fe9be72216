"""Plain: the dataset card of a release, in English and Chinese."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from annotation.scheme import Scheme
from releases.citation import SPDX, bibtex
from releases.tables import HF_SPLITS

RELIABLE = 0.667  # alpha below which Krippendorff (2004) advises against conclusions
REASONS = {
    "no_pairs": ("undefined: no utterance has two judgements", "无法计算：没有任何话语有两个标注"),
    "no_chance": (
        "undefined: chance alone would agree perfectly",
        "无法计算：仅凭偶然就会完全一致",
    ),
    "one_value": ("undefined: one value only", "无法计算：只出现了一个取值"),
}
MEDIA = {
    "dialogues": (
        "One MP4 a dialogue, with the faces and voices of whoever is seen and heard in it; `start`"
        " and `end` of an utterance are seconds in it.",
        "每段对话一个 MP4，其中可见人脸、可闻人声；话语的 `start`、`end` 为该文件内的秒数。",
    ),
    "utterances": (
        "One MP4 an utterance, with the faces and voices of whoever is seen and heard in it;"
        " `start` and `end` are seconds in the dialogue it was cut from.",
        "每条话语一个 MP4，其中可见人脸、可闻人声；`start`、`end` 为其在原对话中的秒数。",
    ),
    "features": (
        "No clips. Sound and picture as measured features (`features/`, NumPy arrays `audio` and"
        " `vision` with their frames a second); faces and voices cannot be seen or heard in them.",
        "不含片段，只有声音与画面的特征（`features/`，NumPy 数组 `audio`、`vision` 及其帧率），"
        "无法从中看到人脸或听到人声。",
    ),
    "none": ("No media: words and labels only.", "不含媒体，仅有文字与标注。"),
}
APART = {
    "dialogue": ("dialogue", "对话"),
    "source": ("source", "来源"),
    "speaker": ("speaker", "说话人"),
}
KINDS = {
    "copied": ("a copied block or a period", "复制的片段或周期"),
    "monotone": ("one answer over and over", "反复作同一回答"),
    "fast": ("faster than the clip", "快于片段时长"),
    "drift": ("drift over time", "随时间漂移"),
    "gold": ("against the gold answers", "与金标答案不符"),
    "rules": ("rules of the guideline broken", "违反标注规则"),
    "detached": ("a correlation that does not depend on its parents", "相关性与其父任务无关"),
}
OPEN = {
    "unchecked": (
        "rounds not checked for quality, or not since the last hand-in",
        "未做质量检查或检查后又有提交的轮次",
    ),
    "remarks": ("comments and flags of annotators without an answer", "未处理的标注者备注与标记"),
    "undecided": ("labels without a decision", "尚未裁定的标签"),
    "reading": (
        "cells and rows of the files, left out or doubtful",
        "文件中被舍弃或存疑的单元格与行",
    ),
}
ERRORS = {
    "reversed": ("ends before it starts", "结束早于开始"),
    "outside": ("outside its clip", "超出片段范围"),
    "timeless": ("no times, though it has a clip", "有片段但没有时间"),
    "missing": ("file missing", "文件缺失"),
    "changed": ("file changed", "文件被改动"),
    "unreadable": ("clip or source cannot be read", "片段或来源无法读取"),
    "shifted": ("sound or picture shifted against the source", "声音或画面与来源错位"),
    "length": ("clip shorter or longer than its dialogue", "片段比对话短或长"),
    "silent": ("silent, though its source is not", "片段无声而来源有声"),
    "truncated": ("words that begin before their clip", "话语早于其片段开始"),
    "unlike": ("not what its source shows", "与来源内容不符"),
}


@dataclass(frozen=True)
class Told:
    """Everything that a card tells: the parts of the release as its files hold them."""

    manifest: Mapping[str, Any]
    scheme: Scheme
    measures: Sequence[Mapping[str, Any]]
    leakage: Mapping[str, Any]
    quality: Mapping[str, Any]
    gold: Mapping[str, Mapping[str, int]]  # task -> value, or why there is none -> utterances
    traits: Sequence[str]
    official: bool
    integrity: Mapping[str, Any]
    openly: Mapping[str, Sequence[str]] = field(default_factory=dict)  # round -> pseudonyms


def render(told: Told) -> str:
    """Markdown with Hugging Face front matter."""
    manifest = told.manifest
    lines = ["---", front_matter(manifest).strip(), "---", ""]
    lines += [f"# {manifest['corpus']} {manifest['version']}", ""]
    if manifest["synthetic"]:
        lines += [
            "**Synthetic demonstration data: invented dialogues, synthesised speech, simulated"
            " annotators. 合成演示数据：对话为虚构，语音为合成，标注者为模拟。**",
            "",
        ]
    for part in (_use, _motivation, _composition, _collection, _annotation, _agreement, _quality,
                 _splits, _limits, _licence, _files):  # fmt: skip
        lines += [*part(told), ""]
    return "\n".join(lines)


def front_matter(manifest: Mapping[str, Any]) -> str:
    """The YAML that Hugging Face reads: licence, language, and where the tables lie."""
    splits = [
        {"split": HF_SPLITS[name], "path": f"data/{HF_SPLITS[name]}-*.parquet"}
        for name in manifest["utterances"]
    ]
    found = {
        "language": [manifest["language"]],
        "license": manifest["licence"] if manifest["licence"] in SPDX else "other",
        "pretty_name": f"{manifest['corpus']} {manifest['version']}",
        "task_categories": ["text-classification"],
        "tags": ["multimodal", "dialogue", "sentiment", "emotion", "sarcasm", "humor"],
        "size_categories": [_size(sum(manifest["utterances"].values()))],
        "configs": [
            {"config_name": "default", "default": True, "data_files": splits},
            {
                "config_name": "judgements",
                "data_files": [{"split": "train", "path": "data/judgements.parquet"}],
            },
        ],
    }
    return yaml.safe_dump(found, allow_unicode=True, sort_keys=False)


def _size(count: int) -> str:
    names = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M"]
    return names[sum(count >= edge for edge in (1e3, 1e4, 1e5, 1e6))]


def _use(told: Told) -> Iterator[str]:
    yield from ("## Use · 使用", "", "```python", "from datasets import load_dataset")
    yield 'corpus = load_dataset("PATH/TO/THIS/DIRECTORY")'
    name = HF_SPLITS[next(iter(told.manifest["utterances"]))]
    yield f'print(corpus["{name}"][0])'
    yield "```"


def _motivation(told: Told) -> Iterator[str]:
    yield from ("## Motivation · 动机", "")
    yield told.manifest["description"].strip() or (
        "Nobody has written down why this corpus was made. 尚未填写语料库的缘起。"
    )
    if told.manifest["notes"].strip():
        yield from ("", "### New in this version · 本版更新", "", told.manifest["notes"].strip())


def _composition(told: Told) -> Iterator[str]:
    manifest = told.manifest
    utterances, dialogues = manifest["utterances"], manifest["dialogues"]
    yield from ("## Composition · 构成", "")
    yield "| split 划分 | dialogues 对话 | utterances 话语 |"
    yield "|---|---|---|"
    for name, count in utterances.items():
        yield f"| {name} | {dialogues[name]} | {count} |"
    yield f"| total 合计 | {sum(dialogues.values())} | {sum(utterances.values())} |"
    yield from (
        "",
        f"{manifest['sources']} sources 个来源 · {manifest['speakers']} speakers 位说话人 ·"
        f" {manifest['hours_of_speech']:.2f} h of speech 小时语音 ·"
        f" {manifest['judgements']} judgements 个标注 ·"
        f" {manifest['annotators']} annotators 位标注者",
        "",
        "| task 任务 | gold labels 金标分布 | without 无金标 |",
        "|---|---|---|",
    )
    for task in told.scheme.tasks:
        counts = told.gold.get(task.key, {})
        shown = " · ".join(
            f"{value.names['en']} {value.names['zh']} {counts[value.key]}"
            for value in task.values
            if counts.get(value.key)
        )
        rest = sum(number for key, number in counts.items() if key not in task.keys)
        yield f"| {_named(task)} | {shown} | {rest} |"


def _collection(told: Told) -> Iterator[str]:
    manifest = told.manifest
    english, chinese = MEDIA[manifest["media"]]
    yield from ("## Collection · 采集", "", f"{english} {chinese}", "")
    if manifest["speakers_by"] == "pseudonyms":
        yield (
            "Speakers appear by pseudonyms in the columns; names that are spoken stay in the text."
            " 说话人一栏为化名；台词中说出的名字仍保留在文本里。"
        )
    else:
        yield "Speakers appear by name. 说话人以姓名出现。"
    if told.traits:
        yield f"Traits of speakers 说话人特征: {', '.join(told.traits)}."
    masked = manifest["masked"]
    found = ", ".join(f"{kind} {count}" for kind, count in masked.items()) or "0"
    yield (
        "Phone, identity and account numbers and e-mail addresses were searched for;"
        f" masked: {found}."
        f" 已检索电话、身份证、账号与邮箱；已遮盖：{found}。"
    )


def _annotation(told: Told) -> Iterator[str]:
    yield from ("## Annotation · 标注", "")
    yield f"Rounds 轮次: {', '.join(told.manifest['rounds'])} (`rounds.json`)."
    yield from _independence(told.openly)
    yield (
        "Annotators appear by keyed pseudonyms that are the same in all versions. Gold is an"
        " adjudication, else what the rule of the round makes of the"
        " judgements; `provenance` says which, and soft labels keep the distribution."
    )
    yield (
        "标注者以带密钥的化名出现，各版本一致。金标取裁决结果，否则按该轮规则由标注得出；"
        "`provenance` 注明来源，软标签保留分布。"
    )
    yield from ("", "| task 任务 | scale 量表 | values 取值 |", "|---|---|---|")
    for task in told.scheme.tasks:
        values = " · ".join(f"`{v.key}` {v.names['en']} {v.names['zh']}" for v in task.values)
        yield f"| {_named(task)} `{task.key}` | {task.scale} | {values} |"


def _independence(openly: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Whether annotators judged without seeing each other's answers."""
    if not openly:
        yield "Annotators judged independently. 标注者各自独立标注。"
        return
    yield "Annotators judged independently, except: 标注者各自独立标注，但以下除外："
    yield ""
    for round, names in openly.items():
        yield (
            f"- **{round}: {len(names)} annotators could see what others answered before the round"
            f" was closed ({', '.join(names)}); agreement may be too high.**"
            f" 有 {len(names)} 位标注者在该轮关闭前可以看到他人的回答，一致性可能偏高。"
        )
    yield ""


def _agreement(told: Told) -> Iterator[str]:
    yield from (
        "## Agreement · 标注一致性",
        "",
        "Krippendorff's alpha with a 95 % bootstrap interval over dialogues; all coefficients are"
        " in `agreement.json`. Krippendorff α 与按对话自助抽样的 95 % 区间；"
        "全部系数见 `agreement.json`。",
        "",
        "| task 任务 | α | 95 % | raw 原始一致率 | units 单元 | judgements 标注 |",
        "|---|---|---|---|---|---|",
    )
    for measured in told.measures:
        name = _named(told.scheme[measured["task"]])
        tail = f"{measured['units']} | {measured['judgements']} |"
        if measured["value"] is None:
            yield f"| {name} | {' '.join(REASONS[measured['undefined']])} | | | {tail}"
            continue
        low, high = measured["low"], measured["high"]
        ends = "" if low is None else f"{low:.3f} – {high:.3f}"
        raw = measured["agreement"]
        shown = "" if raw is None else f"{raw:.3f}"
        yield f"| {name} | {measured['value']:.3f} | {ends} | {shown} | {tail}"


def _quality(told: Told) -> Iterator[str]:
    yield from ("## Quality findings · 质量发现", "")
    for row in told.quality["rounds"]:
        if row["looked_at"] is None:
            yield f"- {row['round']}: nobody looked for findings. 未做质量检查。"
            continue
        kinds = Counter(finding["kind"] for finding in row["findings"])
        answered = sum(bool(finding["answers"]) for finding in row["findings"])
        said = "; ".join(f"{KINDS[k][0]} {KINDS[k][1]} {n}" for k, n in sorted(kinds.items()))
        yield (
            f"- {row['round']} ({row['looked_at']}): {len(row['findings'])} findings 条,"
            f" {answered} answered 条已答复,"
            f" {len(row['findings']) - answered} open 条未答复. {said}"
        )
    yield from _open(told.quality.get("open", {}))
    yield from _integrity(told.integrity)
    yield from ("", "`quality.json` names the rows and the answers. 详见 `quality.json`。")


def _open(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """What nobody had answered when the release was frozen, by kind."""
    found = [(about, kind, n) for about, kinds in counts.items() for kind, n in kinds.items()]
    if not found:
        yield "- Nothing was open when it was frozen. 冻结时没有未处理的问题。"
        return
    yield "- Open when it was frozen 冻结时尚未处理:"
    for about, kind, n in found:
        english, chinese = KINDS[kind] if about == "quality" else OPEN[about]
        detail = f" `{kind}`" if about in ("remarks", "undecided", "reading") else ""
        yield f"  - {english} {chinese}{detail}: {n}"


def _integrity(integrity: Mapping[str, Any]) -> Iterator[str]:
    """The errors that the integrity check found, and what was decided about them, by reason."""
    if integrity["excluded"]:
        yield (
            f"- {len(integrity['excluded'])} dialogues with errors were excluded; `integrity.json`"
            " names them. 段有错误的对话未收入，见 `integrity.json`。"
        )
    accepted: Counter[tuple[str, str]] = Counter()
    for row in integrity["accepted"]:
        accepted.update({(fault["kind"], row["reason"]) for fault in row["faults"]})
    if accepted:
        yield "- Errors that were accepted, and why 已接受的错误及理由:"
    for (kind, reason), n in sorted(accepted.items()):
        yield f"  - {' '.join(ERRORS[kind])}: {n} dialogues 段对话. {' '.join(reason.split())}"


def _splits(told: Told) -> Iterator[str]:
    leaks = told.leakage
    yield from ("## Splits · 划分", "")
    if told.official:
        yield "The official splits of the imported corpus. 沿用导入语料的官方划分。"
    else:
        yield (
            "Whole dialogues, stratified over all tasks at once, seeded; a dialogue keeps its split"
            " in later versions (`splits.json`). 以整段对话划分，对所有任务同时分层，种子固定；"
            "后续版本中对话的划分不变。"
        )
    same, near = sum(leaks["same"].values()), sum(leaks["near"].values())
    yield (
        f"Of {leaks['compared']} utterances with {leaks['shortest']} letters or more, {same} have"
        f" the same text and {near} nearly the same text as one of an earlier split"
        " (`leakage.json`)."
        f" 在 {leaks['compared']} 条不少于 {leaks['shortest']} 字的话语中，"
        f"{same} 条与前面划分中的文本相同，{near} 条近似。"
    )


def _limits(told: Told) -> Iterator[str]:
    yield from ("## Known limits · 已知局限", "")
    weak = [m for m in told.measures if m["value"] is not None and m["value"] < RELIABLE]
    for measured in weak:
        name = _named(told.scheme[measured["task"]])
        yield (
            f"- {name}: α = {measured['value']:.3f}, below {RELIABLE}; conclusions from it are"
            " doubtful. α 低于该值，据此下结论须谨慎。"
        )
    for measured in told.measures:
        if measured["value"] is None:
            name = _named(told.scheme[measured["task"]])
            yield f"- {name}: no agreement can be stated. 无法给出一致性。"
    open_items = {
        task.key: sum(n for key, n in told.gold.get(task.key, {}).items() if key not in task.keys)
        for task in told.scheme.tasks
    }
    if any(open_items.values()):
        said = ", ".join(f"`{key}` {number}" for key, number in open_items.items() if number)
        yield (
            f"- Utterances without gold, because annotators disagreed or a ruling called them"
            f" ambiguous: {said}. 因分歧或裁定为歧义而无金标的话语。"
        )
    waiting = [f for row in told.quality["rounds"] for f in row["findings"] if not f["answers"]]
    if waiting:
        yield f"- {len(waiting)} quality findings nobody has answered. 条质量发现尚无人答复。"
    if any(row["looked_at"] is None for row in told.quality["rounds"]):
        yield "- Not every round was looked through for odd answers. 并非每一轮都做过质量检查。"
    if told.manifest["annotators"] == 1:
        yield (
            "- All labels are from one source; agreement cannot be known."
            " 标注均来自单一来源，一致性不可知。"
        )
    yield (
        "- The scan for private data knows formats, not people: names, places and what was said of"
        " them stay in the text. 隐私检索只识别格式：人名、地名及相关内容仍在文本中。"
    )


def _licence(told: Told) -> Iterator[str]:
    manifest = told.manifest
    yield from ("## Licence and citation · 许可与引用", "")
    yield SPDX.get(manifest["licence"], "See the publisher's terms. 见发布者条款。")
    yield from ("", "```bibtex", bibtex(manifest), "```")


def _files(told: Told) -> Iterator[str]:
    yield from (
        "## Files · 文件",
        "",
        "- `utterances.jsonl`: one utterance a line, with gold, its provenance, the votes and soft"
        " labels. 每行一条话语，含金标、来源、票数与软标签。",
        "- `utterances.csv`: the same without votes, for spreadsheets. 供电子表格使用。",
        "- `judgements.jsonl`: every judgement by pseudonymous annotator. 匿名标注者的全部标注。",
        "- `data/`: the same as Parquet, for `datasets`. Parquet 格式。",
        "- `scheme.json`, `rounds.json`, `guideline-*.md`: what was asked and how."
        " 任务、轮次与指南。",
        "- `agreement.json`, `quality.json`, `integrity.json`, `leakage.json`, `splits.json`,"
        " `manifest.json`",
        "- `croissant.json`, `CITATION.cff`: metadata. 元数据。",
        "- `verify.py`: `python verify.py` checks all of this offline. 离线校验。",
        "",
        "An empty cell of gold means that there is none: the annotators disagreed and nobody has"
        " adjudicated, or it was ruled ambiguous."
        " 金标为空表示没有金标：意见不一且未裁决，或裁定为歧义。",
    )


def _named(task: Any) -> str:
    return f"{task.names['en']} {task.names['zh']}"

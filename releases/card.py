"""Plain: the dataset card of a release, in English and Chinese."""

from collections.abc import Iterable, Mapping
from typing import Any

from annotation.scheme import Scheme

REASONS = {
    "no_pairs": ("undefined: no utterance has two judgements", "无法计算：没有任何话语有两个标注"),
    "no_chance": (
        "undefined: chance alone would agree perfectly",
        "无法计算：仅凭偶然就会完全一致",
    ),
    "one_value": ("undefined: one value only", "无法计算：只出现了一个取值"),
}


def render(
    manifest: Mapping[str, Any], scheme: Scheme, measures: Iterable[Mapping[str, Any]]
) -> str:
    """Markdown with Hugging Face front matter."""
    measures = list(measures)
    lines = [
        "---",
        "language: zh",
        f"license: {manifest['licence']}",
        f"pretty_name: {manifest['corpus']} {manifest['version']}",
        "task_categories: [text-classification]",
        "---",
        "",
        f"# {manifest['corpus']} {manifest['version']}",
        "",
    ]
    if manifest["synthetic"]:
        lines += [
            "**Synthetic demonstration data: invented dialogues, synthesised speech, simulated"
            " annotators. 合成演示数据：对话为虚构，语音为合成，标注者为模拟。**",
            "",
        ]
    counts = manifest["utterances"]
    lines += [
        "## Composition · 构成",
        "",
        "| split 划分 | utterances 话语 |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in counts.items()),
        f"| total 合计 | {sum(counts.values())} |",
        "",
        f"{manifest['dialogues']} dialogues 段对话 · {manifest['annotators']} annotators 位标注者 ·"
        f" rounds 轮次: {', '.join(manifest['rounds'])}",
        "",
        "## Agreement · 标注一致性",
        "",
        "Krippendorff's alpha with a 95 % bootstrap interval over dialogues."
        " Krippendorff α 与按对话自助抽样的 95 % 区间。",
        "",
        "| task 任务 | α | 95 % | units 单元 | judgements 标注 |",
        "|---|---|---|---|---|",
        *(_measure_row(scheme, m) for m in measures),
        "",
        "## Files · 文件",
        "",
        "- `utterances.jsonl`: one utterance a line, with gold, its provenance and the votes."
        " 每行一条话语，含金标、来源与票数。",
        "- `utterances.csv`: the same without votes, for spreadsheets. 供电子表格使用。",
        "- `judgements.jsonl`: every judgement by pseudonymous annotator. 匿名标注者的全部标注。",
        "- `scheme.json`, `splits.json`, `agreement.json`, `manifest.json`",
        "- `verify.py`: `python verify.py` checks all of this offline. 离线校验。",
        "",
        "An empty cell of gold means that the annotators disagreed and nobody has adjudicated yet."
        " 金标为空表示标注者意见不一，尚未裁决。",
        "",
    ]
    return "\n".join(lines)


def _measure_row(scheme: Scheme, measured: Mapping[str, Any]) -> str:
    names = scheme[measured["task"]].names
    name = f"{names['en']} {names['zh']}"
    if measured["value"] is None:
        why = " ".join(REASONS[measured["undefined"]])
        return f"| {name} | {why} | | {measured['units']} | {measured['judgements']} |"
    interval = "" if measured["low"] is None else f"{measured['low']:.3f} – {measured['high']:.3f}"
    return (
        f"| {name} | {measured['value']:.3f} | {interval} | {measured['units']} |"
        f" {measured['judgements']} |"
    )

"""Reference values for packages/tokenizer: fixtures/tokenizer/golden.json.

usage: python tools/golden/tokenizer.py [CHECKPOINT [OUT.json [RANDOM]]]      (pip: transformers)

CHECKPOINT is a folder with tokenizer.json (default: the demo model's). RANDOM adds that many random strings, for a longer check of
another tokenizer. fixtures/tokenizer/qwen2.5-text.jinja is the chat template of the Qwen2.5 instruct models.
"""
import json, pathlib, random, sys, unicodedata

from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINT = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "packages" / "demo-model" / "checkpoint")
OUT = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "fixtures" / "tokenizer" / "golden.json")
RANDOM = int(sys.argv[3]) if len(sys.argv) > 3 else 40

TEXTS = [
    "", " ", "  ", "\n", "\n\n\n", "\t", " \n \n  x", "a  b   c    d", "trailing   ", "   leading", "\r\n line\r\n\r\n", "a\u00a0b\u2003c\u3000d\u0085e\ufefff\u200bg",
    "Hello, world!", "Describe the picture in one sentence.", "What colour is the circle?", "UPPER lower MiXeD",
    "I'm you're we've they'll he'd it's don't", "I'M YOU'RE WE'VE THEY'LL HE'D IT'S DON'T", "'s 't 're 've 'm 'll 'd 'x", "it\u2019s \u2018quoted\u2019", "'\u017f dif\u017fer\u212a",
    "0 1 12 123 1234567890 3.14159 -1e-10 1,000,000 0xFF", "\u0661\u0662\u0663 \u00bd \u2167 \u00b2 \u2460", "2024-01-31T23:59:59.999Z", "$12.50 5% #1 a@b.c",
    "caf\u00e9 cafe\u0301 na\u00efve nai\u0308ve \u00c5 A\u030a \u212b", "\u1e69 s\u0323\u0307 s\u0307\u0323", "\u0958 \u0915\u093c \uac00 \u1100\u1161 \u1112\u1161\u11ab", "\ufb01 \u2126 \u212a",
    "\u4f60\u597d\uff0c\u4e16\u754c\uff01\u56fe\u7247\u91cc\u6709\u4ec0\u4e48\uff1f", "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c \u30c6\u30b9\u30c8", "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\ud83d\ude00\ud83d\ude80".encode("utf-16", "surrogatepass").decode("utf-16"), "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea \u2764\ufe0f", "\U0001d54f\U0001d556 \U00020000 \U0010ffff",
    "def f(x):\n    return {'a': [1, 2.5, None], \"b\": x[::-1]}  # comment\n\n\n\tpass\n", "for (let i = 0; i < n; ++i) { a[i] += b?.c ?? `t${i}`; }", "SELECT * FROM t WHERE a='x' AND b<>3;--", "<div class=\"a\">&amp;</div>", "C:\\path\\to\\file /usr/bin/env", "https://example.org/a?b=c&d=%20#e",
    '[{"bbox_2d": [12, 34, 56, 78], "label": "red circle"}]', "```json\n[\n\t{\"point_2d\": [1, 2]}\n]\n```", "!!!???...,,,;;;", "--- *** ___ === +++", "a_b-c.d,e;f:g", "x" * 70, "ab" * 40, " " * 33 + "x", "=" * 65, "\u00e9" * 20,
    "<|im_start|>user\nhi<|im_end|>\n", "text<|im_end|>more", "a <|image_pad|> b", "<|vision_start|><|image_pad|><|vision_end|>", "<|im_start|", "<|im_start |>", "|im_start|>", "<<|im_end|>>", "<|im_end|><|im_end|> <|im_end|>", "<|IM_END|>", "<|unknown|>",
    "<|object_ref_start|>a cat<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>", "e<|im_end|>\u0301", "cafe<|box_start|>\u0301", "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "<|endoftext|>", "\u0000\u0001\u001f\u007f\u0080", "\ufffd \ufffe \ufdd0",
]


def random_texts(count):
    r = random.Random(11)
    pools = ["abcdefghijklmnopqrstuvwxyz", " \n\t\r", "0123456789", "'.,!?-_()[]{}<>|:;\"#@/\\", "\u00e9\u00fc\u00df\u0301\u0308\u0323\u00a0\u2003\u200d\u0660\u4e00\u3042\uac00\u0905\u093f\u05d0\u0e01", "\U0001f600\U0001f468\u2764\ufe0f"]
    for _ in range(count):
        parts = []
        for _ in range(r.randint(1, 12)):
            kind = r.random()
            if kind < 0.7: parts.append("".join(r.choices(r.choice(pools), k=r.randint(1, 6))))
            elif kind < 0.8: parts.append(r.choice(["'s", "'LL", "<|im_end|>", "<|image_pad|>", "  \n", " the", "ing"]))
            else:
                code = r.choice([r.randint(0x20, 0x2ff), r.randint(0x300, 0x1fff), r.randint(0x2000, 0xd7ff), r.randint(0xe000, 0x1ffff)])
                if unicodedata.category(chr(code)) != "Cn": parts.append(chr(code))      # unassigned code points depend on the Unicode version
        yield "".join(parts)


PICTURE, CLIP = {"type": "image", "image": "a.png"}, {"type": "video", "video": ["1.png", "2.png"], "fps": 2}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather \u2013 at a <place> & time's \"end\"", "parameters": {"type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "integer", "minimum": 0.5, "enum": [1, 2, None, True]}, "e": {}, "l": []}, "required": ["place"]}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"place": "K\u00f6ln", "days": 2}}}]}
VL_CHATS = [
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " spaced\n"}, {"role": "assistant", "content": "ok"}, {"role": "user", "content": ""}]},
    {"messages": [{"role": "user", "content": [PICTURE, {"type": "text", "text": "What is it?"}]}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "First "}, PICTURE, {"type": "text", "text": " then "}, {"type": "image_url", "image_url": {"url": "https://example.org/b.jpg"}}, CLIP]}, {"role": "assistant", "content": [{"type": "text", "text": "Two."}]}, {"role": "user", "content": [PICTURE, {"type": "text", "text": "And now?"}]}], "add_vision_id": True},
    {"messages": [{"role": "system", "content": [{"type": "text", "text": "Sys"}]}, {"role": "user", "content": [CLIP, CLIP, {"type": "text", "text": "<|im_end|> \u4f60\u597d"}]}], "add_generation_prompt": False},
    {"messages": [{"role": "user", "content": []}], "add_vision_id": False},
]
TEXT_CHATS = [
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}], "add_generation_prompt": False},
    {"messages": [{"role": "user", "content": "Weather?"}, CALL, {"role": "tool", "content": "sunny"}, {"role": "tool", "content": "{\"t\": 3}"}, {"role": "assistant", "content": "Fine."}], "tools": [TOOL, TOOL]},
    {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "x"}], "tools": [TOOL]},
]

tokenizer = AutoTokenizer.from_pretrained(CHECKPOINT)
text_template = (ROOT / "fixtures" / "tokenizer" / "qwen2.5-text.jinja").read_text()


def encoded(text):
    ids = tokenizer(text)["input_ids"]
    return {"text": text, "ids": ids, "plain": tokenizer(text, split_special_tokens=True)["input_ids"],
            "decoded": tokenizer.decode(ids), "skipped": tokenizer.decode(ids, skip_special_tokens=True)}


def rendered(chat, **more):
    options = {"add_generation_prompt": True, **chat, **more}
    messages = options.pop("messages")
    return {**chat, "text": tokenizer.apply_chat_template(messages, tokenize=False, **options),
            "ids": list(tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)["input_ids"])}


r = random.Random(3)
sequences = [[r.randrange(len(tokenizer)) for _ in range(r.randint(1, 12))] for _ in range(RANDOM)]
golden = {
    "size": len(tokenizer),
    "texts": [encoded(text) for text in [*TEXTS, *random_texts(RANDOM)]],
    "sequences": [{"ids": ids, "decoded": tokenizer.decode(ids), "skipped": tokenizer.decode(ids, skip_special_tokens=True)} for ids in sequences],
    "visionChats": [rendered(chat) for chat in VL_CHATS],
    "textChats": [rendered(chat, chat_template=text_template) for chat in TEXT_CHATS],
}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(OUT, OUT.stat().st_size, len(golden["texts"]), "texts")

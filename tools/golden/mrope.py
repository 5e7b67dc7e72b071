"""Reference values for packages/mrope: fixtures/mrope/rope-index.json and rotary.json.

usage: python tools/golden/mrope.py        (pip: torch, transformers)

Positions follow the rule of the models' authors (their first transformers implementation): what follows a picture or a video starts at
the maximum over all three axes + 1. transformers 5 advances by max(height, width) only; wherever both rules agree, its own function
is asked as well and must give the same.
"""
import base64, json, pathlib, random
from types import SimpleNamespace

import torch
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as reference
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLTextConfig, Qwen2_5_VLVisionConfig

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "mrope"
TEXT, IMAGE, VIDEO = 7, 1001, 1002


def author_positions(case):
    """[3, L] of one layout, and whether transformers 5 has the same rule for it."""
    merge, rate, parts, start, same = case["spatialMergeSize"], case.get("tokensPerSecond"), [], 0, "tokensPerSecond" in case
    for part in case["layout"]:
        if part["kind"] == "text":
            parts.append(torch.arange(part["count"]).expand(3, -1) + start)
            start += part["count"]
            continue
        t, h, w = part["grid"][0], part["grid"][1] // merge, part["grid"][2] // merge
        time = torch.arange(t)
        if part["kind"] == "video" and rate is not None:
            time = (time * torch.tensor(part["secondsPerGrid"], dtype=torch.float32) * rate).long()
        same = same and int(time.max()) < max(h, w)
        axes = torch.meshgrid(time, torch.arange(h), torch.arange(w), indexing="ij")
        positions = torch.stack([axis.flatten() for axis in axes]) + start
        parts.append(positions)
        start = int(positions.max()) + 1
    return torch.cat(parts, 1), same


def transformers_positions(case, ids):
    """The same by transformers' get_rope_index."""
    config = SimpleNamespace(vision_config=SimpleNamespace(spatial_merge_size=case["spatialMergeSize"], tokens_per_second=case["tokensPerSecond"]))
    model = SimpleNamespace(config=config)
    model.get_vision_position_ids = lambda *a, **k: reference.Qwen2_5_VLModel.get_vision_position_ids(model, *a, **k)
    grids = {kind: [p["grid"] for p in case["layout"] if p["kind"] == kind] for kind in ("image", "video")}
    seconds = [p["secondsPerGrid"] for p in case["layout"] if p["kind"] == "video"]
    positions, _ = reference.Qwen2_5_VLModel.get_rope_index(
        model, ids[None], ((ids == IMAGE).int() + 2 * (ids == VIDEO).int())[None],
        torch.tensor(grids["image"]) if grids["image"] else None, torch.tensor(grids["video"]) if grids["video"] else None,
        torch.tensor(seconds) if seconds else None)
    return positions[:, 0]


def random_case(r):
    merge = r.choice([2, 2, 2, 1, 3])
    case = {"spatialMergeSize": merge, "layout": []}
    rate = r.choice([None, 2, 4, 25])
    if rate: case["tokensPerSecond"] = rate
    for _ in range(r.randint(1, 5)):
        kind = r.choice(["text", "image", "video"])
        if kind == "text":
            case["layout"].append({"kind": "text", "count": r.randint(1, 9)})
            continue
        part = {"kind": kind, "grid": [1 if kind == "image" else r.randint(1, 6), merge * r.randint(1, 4), merge * r.randint(1, 4)]}
        if kind == "video": part["secondsPerGrid"] = r.choice([0.5, 1.0, 2.0, 0.1, 1 / 3, 2 / 29.97, 2 / 23.976, 0.7, 1.1, round(r.uniform(0.01, 3), 4)])
        case["layout"].append(part)
        if r.random() < 0.8: case["layout"].append({"kind": "text", "count": r.randint(1, 4)})
    return case


def rope_index_cases():
    r, cases, crossed = random.Random(5), [], 0
    for _ in range(60):
        case = random_case(r)
        ids = []
        for part in case["layout"]:
            count = part["count"] if part["kind"] == "text" else part["grid"][0] * part["grid"][1] * part["grid"][2] // case["spatialMergeSize"] ** 2
            ids += [{"text": TEXT, "image": IMAGE, "video": VIDEO}[part["kind"]]] * count
        positions, same = author_positions(case)
        kinds = [p["kind"] for p in case["layout"]]
        if same and all(a == "text" or a != b for a, b in zip(kinds, kinds[1:])):
            assert torch.equal(positions, transformers_positions(case, torch.tensor(ids))), case
            crossed += 1
        cases.append({**case, "positions": positions.tolist(), "ropeDelta": int(positions.max()) + 1 - positions.shape[1]})
    print(len(cases), "layouts,", crossed, "of them also by transformers")
    return {"tokens": {"text": TEXT, "image": IMAGE, "video": VIDEO}, "cases": cases}


def pack(tensor):
    return base64.b64encode(tensor.contiguous().numpy().astype("<f4").tobytes()).decode()


def rotary_cases():
    # Positions stay below 32768: torch's powf is one unit in the last place off in some frequencies (column 37 of 64 for theta 1e6), which
    # the position multiplies; beyond that its tables differ from correctly rounded ones by more than 1e-6.
    torch.manual_seed(0)
    text, vision = [], []
    for head_dim, theta, section in ((128, 1e6, [16, 24, 24]), (32, 16.0, [4, 6, 6]), (64, 1e6, [8, 12, 12]), (16, 1e4, [2, 3, 3]), (80, 5e5, [10, 15, 15])):
        config = Qwen2_5_VLTextConfig(hidden_size=head_dim * 2, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=131072,
                                      rope_parameters={"rope_type": "default", "rope_theta": theta, "mrope_section": section})
        positions = torch.cat([torch.randint(0, 200, (3, 6)), torch.randint(0, 32768, (3, 6))], 1)
        cos, sin = reference.Qwen2_5_VLRotaryEmbedding(config)(torch.zeros(1), positions[:, None])
        text.append({"headDim": head_dim, "ropeTheta": theta, "mropeSection": section, "positions": positions.tolist(),
                     "cos": pack(cos[0, :, : head_dim // 2]), "sin": pack(sin[0, :, : head_dim // 2])})
    for grid, heads, hidden, merge in (([1, 4, 6], 2, 160, 2), ([3, 2, 4], 4, 64, 2), ([1, 3, 6], 1, 16, 3), ([1, 2, 120], 1, 8, 2)):
        config = Qwen2_5_VLVisionConfig(hidden_size=hidden, num_heads=heads, spatial_merge_size=merge)
        positions = reference.get_vision_position_ids(torch.tensor([grid]), merge)
        cos, sin = reference.Qwen2_5_VLVisionRotaryEmbedding(config)(torch.zeros(1), positions)
        half = hidden // heads // 2
        vision.append({"grid": grid, "headDim": hidden // heads, "spatialMergeSize": merge, "positions": positions.tolist(),
                       "cos": pack(cos.reshape(len(positions), -1)[:, :half]), "sin": pack(sin.reshape(len(positions), -1)[:, :half])})
    return {"text": text, "vision": vision}


OUT.mkdir(parents=True, exist_ok=True)
for name, values in (("rope-index", rope_index_cases()), ("rotary", rotary_cases())):
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(values, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)

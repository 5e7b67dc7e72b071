"""A lean forward pass over Hugging Face's weights: prefixes are computed once for all their rows, products may run in bfloat16.

Letters: s samples, p prefix tokens, n rows of t tokens, c cells (merged vision tokens), T all tokens.
"""
import torch
import torch.nn.functional as F

from model import IMAGE_MEAN, IMAGE_STD, PATCH

HEAD_DIM = 32
WINDOW = 8  # patches a side
# (layer, kv head, head of its group) whose attention is told where to look
LOOKING_HEADS = ((2, 0, 0), (3, 0, 1), (3, 1, 0), (4, 1, 1))
PLACE_LAYER, NUMBER_LAYER = 2, 4  # after which decoder layers the probes read


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def rms(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


class Forward:
    """Bound to a model, a device and the type of its matrix products (float32 or bfloat16; everything else is float32)."""

    def __init__(self, model, dtype=torch.float32):
        self.visual, self.decoder = model.model.visual, model.model.language_model
        self.dtype = dtype
        self.device = next(model.parameters()).device
        # fused attention in bfloat16 is fast on a card and slow on a CPU
        self.attention_dtype = dtype if self.device.type == "cuda" else torch.float32
        self.mean = torch.tensor(IMAGE_MEAN, device=self.device).view(3, 1, 1)
        self.std = torch.tensor(IMAGE_STD, device=self.device).view(3, 1, 1)
        self.sections = list(model.config.text_config.rope_parameters["mrope_section"])
        self._layouts = {}

    # ------------------------------------------------------------------ pieces
    def linear(self, x, weight, bias=None):
        if self.dtype == torch.float32:
            return F.linear(x, weight, bias)
        return F.linear(x.to(self.dtype), weight.to(self.dtype), None if bias is None else bias.to(self.dtype))

    def attend(self, q, k, v, **options):
        a = self.attention_dtype
        return F.scaled_dot_product_attention(q.to(a), k.to(a), v.to(a), **options).float()

    def gated(self, x, mlp):
        gate, up = self.linear(x, mlp.gate_proj.weight, mlp.gate_proj.bias), self.linear(x, mlp.up_proj.weight, mlp.up_proj.bias)
        return self.linear(F.silu(gate) * up, mlp.down_proj.weight, mlp.down_proj.bias)

    # ------------------------------------------------------------------ vision
    def patches(self, frames):
        """uint8 [s, f, h, w, 3] -> [s * steps, patches, 3 * 14 * 14 * (1 for a picture, 2 for a clip)], in merge order."""
        s, f, h, w, _ = frames.shape
        x = (frames.permute(0, 1, 4, 2, 3).float().mul(1 / 255.0) - self.mean) / self.std
        pair = 1 if f == 1 else 2
        rows, columns = h // PATCH, w // PATCH
        x = x.reshape(s, f // pair, pair, 3, rows // 2, 2, PATCH, columns // 2, 2, PATCH).permute(0, 1, 4, 7, 5, 8, 3, 2, 6, 9)
        return x.reshape(s * (f // pair), rows * columns, 3 * pair * PATCH * PATCH)

    def layout(self, rows, columns):
        """Rotary tables and window mask of a grid of patches."""
        if (rows, columns) not in self._layouts:
            order = lambda g: g.reshape(rows // 2, 2, columns // 2, 2).transpose(1, 2).flatten()
            r = order(torch.arange(rows)[:, None].expand(rows, columns))
            c = order(torch.arange(columns)[None, :].expand(rows, columns))
            frequency = 1.0 / (10000.0 ** (torch.arange(0, HEAD_DIM // 2, 2).float() / (HEAD_DIM // 2)))
            angle = torch.cat([r[:, None] * frequency, c[:, None] * frequency], -1).repeat(1, 2)
            window = (r // WINDOW) * 1000 + c // WINDOW
            mask = (window[:, None] == window[None, :]).to(self.device) if max(rows, columns) > WINDOW else None
            self._layouts[rows, columns] = angle.cos()[:, None].to(self.device), angle.sin()[:, None].to(self.device), mask
        return self._layouts[rows, columns]

    def vision(self, frames):
        """uint8 [s, f, h, w, 3] -> [s * steps, c, hidden]."""
        pixels = self.patches(frames)
        rows, columns = frames.shape[2] // PATCH, frames.shape[3] // PATCH
        kernel = self.visual.patch_embed.proj.weight
        # both temporal halves of a picture are the same frame
        kernel = (kernel[:, :, 0] + kernel[:, :, 1] if frames.shape[1] == 1 else kernel).flatten(1)
        cos, sin, mask = self.layout(rows, columns)
        x = self.linear(pixels, kernel).float()
        b, n, width = x.shape
        for index, block in enumerate(self.visual.blocks):
            qkv = self.linear(rms(x, block.norm1.weight), block.attn.qkv.weight, block.attn.qkv.bias).float()
            q, k, v = qkv.view(b, n, 3, width // HEAD_DIM, HEAD_DIM).unbind(2)
            q, k, v = (z.transpose(1, 2) for z in (rotate(q, cos, sin), rotate(k, cos, sin), v))
            a = self.attend(q, k, v, attn_mask=None if index in self.visual.fullatt_block_indexes else mask)
            x = x + self.linear(a.transpose(1, 2).reshape(b, n, width), block.attn.proj.weight, block.attn.proj.bias)
            x = x + self.gated(rms(x, block.norm2.weight), block.mlp)
        merger = self.visual.merger
        x = rms(x, merger.ln_q.weight).reshape(b, n // 4, 4 * width)
        x = F.gelu(self.linear(x, merger.mlp[0].weight, merger.mlp[0].bias))
        return self.linear(x, merger.mlp[2].weight, merger.mlp[2].bias).float()

    # ------------------------------------------------------------------ decoder
    def rotary(self, positions):
        """[3, T] -> cos, sin [T, 1, 32], each frequency turned by its section's axis."""
        angle = positions[..., None].float() * self.decoder.rotary_emb.inv_freq.to(self.device)
        angle = torch.cat([part[axis] for axis, part in enumerate(angle.split(self.sections, -1))], -1).repeat(1, 2)
        return angle.cos()[:, None], angle.sin()[:, None]

    def _look_losses(self, layer, group, q, k, mask, prefix):
        """-log of the attention that the looking heads of this layer give to the right vision tokens, summed, and how many."""
        where = group.looks.any(-1).nonzero()
        if not len(where):
            return
        row, at = where.unbind(1)
        for _, kv, member in (h for h in LOOKING_HEADS if h[0] == layer):
            score = torch.einsum("md,mkd->mk", q[row, kv, member * group.length + at], k[:, kv][row]) * HEAD_DIM**-0.5
            score = score.masked_fill(~mask[: group.length][at], -1e4)
            right = score[:, :prefix].masked_fill(~group.looks[row, at], -1e4)
            yield (torch.logsumexp(score, -1) - torch.logsumexp(right, -1)).sum(), len(row)

    def decode(self, x, inputs, look_losses=None):
        """Embeddings [T, hidden] -> final hidden states [T, hidden], and those after the probed layers."""
        s, p = inputs.samples, inputs.prefix
        cos, sin = self.rotary(inputs.positions)
        masks, probed = [], {}
        for g in inputs.groups:
            mask = torch.ones(g.length, p + g.length, dtype=torch.bool, device=self.device)
            mask[:, p:] = torch.tril(mask[:, p:])
            masks.append(mask)
        for index, layer in enumerate(self.decoder.layers):
            attention = layer.self_attn
            h = rms(x, layer.input_layernorm.weight)
            q, k, v = (
                self.linear(h, z.weight, z.bias).float().view(len(x), -1, HEAD_DIM)
                for z in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            kv = k.shape[1]
            share = q.shape[1] // kv
            head = s * p
            qp, kp, vp = (z[:head].view(s, p, -1, HEAD_DIM).transpose(1, 2) for z in (q, k, v))
            a = self.attend(qp, kp.repeat_interleave(share, 1), vp.repeat_interleave(share, 1), is_causal=True)
            outs, at = [a.transpose(1, 2).reshape(head, -1)], head
            for g, mask in zip(inputs.groups, masks):
                n, t = g.rows, g.length
                # the query heads that share a key head become more queries of it
                qg = q[at : at + n * t].view(n, t, kv, share, HEAD_DIM).permute(0, 2, 3, 1, 4).reshape(n, kv, share * t, HEAD_DIM)
                kg, vg = (
                    torch.cat([shared.index_select(0, g.sample), own[at : at + n * t].view(n, t, kv, HEAD_DIM).transpose(1, 2)], 2)
                    for shared, own in ((kp, k), (vp, v))
                )
                wide = mask.repeat(share, 1)
                a = self.attend(qg, kg, vg, attn_mask=wide)
                if look_losses is not None and g.looks is not None:
                    look_losses += self._look_losses(index, g, qg, kg, mask, p)
                outs.append(a.view(n, kv, share, t, HEAD_DIM).permute(0, 3, 1, 2, 4).reshape(n * t, -1))
                at += n * t
            x = x + self.linear(torch.cat(outs), attention.o_proj.weight)
            x = x + self.gated(rms(x, layer.post_attention_layernorm.weight), layer.mlp)
            if index in (PLACE_LAYER, NUMBER_LAYER):
                probed[index] = x
        return rms(x, self.decoder.norm.weight), probed

    def embed(self, inputs, features):
        """Token embeddings [T, hidden], with the features of pictures and clips in their slots."""
        x = F.embedding(inputs.tokens, self.decoder.embed_tokens.weight)
        head = inputs.samples * inputs.prefix
        if not inputs.slots:
            return x
        prefix, parts, at = x[:head].view(inputs.samples, inputs.prefix, -1), [], 0
        for (start, steps, rows, columns), feature in zip(inputs.slots, features):
            parts += [prefix[:, at:start], feature]
            at = start + steps * rows * columns
        parts.append(prefix[:, at:])
        return torch.cat([torch.cat(parts, 1).reshape(head, -1), x[head:]])

    def __call__(self, inputs, *, train_vision=True, supervise=False):
        """Logits [m, vocabulary] at the m labelled tokens; with `supervise` also the vision features and what the probes read."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and train_vision):
            features = [self.vision(f).reshape(inputs.samples, -1, self.decoder.embed_tokens.weight.shape[1]) for f in inputs.frames]
        look_losses = [] if supervise else None
        hidden, probed = self.decode(self.embed(inputs, features), inputs, look_losses)
        logits = self.linear(hidden[inputs.labels >= 0], self.decoder.embed_tokens.weight).float()
        return logits, dict(features=features, probed=probed, looks=look_losses)

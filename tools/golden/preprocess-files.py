"""Picture files of every kind and what the reference reads from them: fixtures/preprocess/{files/*,files.json,animations.json}.

usage: python tools/golden/preprocess-files.py [OUT]      (pip: pillow, numpy)

Every file is opened, turned upright, laid over white and converted to RGB by Pillow, as before Qwen's image processor. Results are stored
as SHA-256 of [height, width, 3] bytes; where decoders may differ (AVIF) as a PNG beside the file. 16-bit samples are scaled, which
Pillow does not do for grey ones.
"""
import hashlib, io, json, pathlib, struct, sys, zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps, ImageSequence

OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "preprocess" / "files"
OUT.mkdir(parents=True, exist_ok=True)
W, H = 37, 26


def scene(w=W, h=H, seed=0):
    """A smooth picture with edges and a little noise."""
    y, x = np.mgrid[0:h, 0:w]
    r = np.random.RandomState(seed)
    a = np.stack([x * 255 / w, y * 255 / h, (x + y) % 16 * 16], 2) + r.randint(-8, 9, (h, w, 3))
    a[h // 4 : h // 2, w // 4 : w // 2] = [250, 20, 40]
    return a.clip(0, 255).astype(np.uint8)


def alpha(w=W, h=H):
    y, x = np.mgrid[0:h, 0:w]
    a = ((x * 7 + y * 11) % 256).astype(np.uint8)
    a[:3] = 0
    a[-3:] = 255
    return a


def png(array, colour, depth=16, extra=b""):
    """A PNG of big-endian samples, for what Pillow cannot write."""
    h, w = array.shape[:2]
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + array[i].astype(">u2" if depth == 16 else "u1").tobytes() for i in range(h))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0)) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def reference(data):
    im = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if im.mode in ("RGBA", "LA", "P"):
        im = im.convert("RGBA")
        background = Image.new("RGB", im.size, "white")
        background.paste(im, mask=im.split()[3])
        im = background
    if im.mode.startswith("I;16"):
        im = Image.fromarray((np.asarray(im) >> 8).astype(np.uint8))
    return np.asarray(im.convert("RGB"))


rows = []


def put(name, image, **options):
    """Saves a picture and what the reference reads from it. `lossy` stores the pixels, for comparing with a tolerance."""
    lossy = options.pop("lossy", False)
    if isinstance(image, bytes):
        data = image
    else:
        buffer = io.BytesIO()
        image.save(buffer, name.rsplit(".", 1)[1].replace("jpg", "jpeg").replace("tif", "tiff"), **options)
        data = buffer.getvalue()
    (OUT / name).write_bytes(data)
    rgb = reference(data)
    row = {"file": name, "width": rgb.shape[1], "height": rgb.shape[0]}
    if not lossy:
        row["sha256"] = hashlib.sha256(np.ascontiguousarray(rgb).tobytes()).hexdigest()
    else:
        row["pixels"] = name + ".png"
        Image.fromarray(rgb).save(OUT / row["pixels"])
    rows.append(row)


rgb = Image.fromarray(scene())
grey = rgb.convert("L")
rgba = rgb.copy()
rgba.putalpha(Image.fromarray(alpha()))
la = grey.copy()
la.putalpha(Image.fromarray(alpha()))
palette = rgb.quantize(32)
cmyk = Image.merge("CMYK", [*rgb.split(), Image.fromarray(alpha() // 2)])
profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
red, blue = (profile.index(tag, 128) + 4 for tag in (b"rXYZ", b"bXYZ"))      # a profile that swaps red and blue: who applies it, shows it
profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
profile = bytes(profile)
wide = np.stack([np.mgrid[0:H, 0:W][1] * 1700 + 99] * 3, 2).astype(np.uint16) + np.random.RandomState(3).randint(0, 500, (H, W, 3)).astype(np.uint16)

put("rgb.jpg", rgb, quality=88)
put("rgb-444-progressive.jpg", rgb, quality=92, subsampling=0, progressive=True)
put("grey.jpg", grey, quality=88)
put("cmyk.jpg", cmyk, quality=92)
put("profile.jpg", rgb, quality=88, icc_profile=profile)
put("profile.png", rgb, icc_profile=profile)
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    put(f"orientation-{orientation}.jpg", Image.fromarray(scene(19, 12, 1)), quality=80, exif=exif)
turned = Image.Exif()
turned[0x0112] = 6

put("rgb.png", rgb)
put("rgba.png", rgba)
put("grey.png", grey)
put("grey-alpha.png", la)
put("palette.png", palette)
put("palette-transparent-index.png", palette, transparency=5)
put("palette-alpha.png", palette, transparency=bytes((i * 37) % 256 for i in range(32)))
put("bilevel.png", grey.convert("1"))
put("palette-2-bit.png", rgb.quantize(4), bits=2)
put("grey-colour-key.png", grey, transparency=20)
put("rgb-colour-key.png", rgb, transparency=(250, 20, 40))
put("orientation-6.png", rgb, exif=turned)
put("grey-16-bit.png", png(wide[..., 0], 0))
put("grey-alpha-16-bit.png", png(np.stack([wide[..., 0], alpha().astype(np.uint16) * 257], 2), 4))
put("rgb-16-bit.png", png(wide, 2))
put("rgba-16-bit.png", png(np.dstack([wide, alpha().astype(np.uint16) * 257]), 6))
put("gamma.png", png(scene(), 2, 8, struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 100000) + struct.pack(">I", zlib.crc32(b"gAMA" + struct.pack(">I", 100000)))))

put("rgb-lossless.webp", rgb, lossless=True)
put("rgb.webp", rgb, quality=80)
put("rgba-lossless.webp", rgba, lossless=True, exact=True)
put("rgba.webp", rgba, quality=80)
put("orientation-6.webp", rgb, lossless=True, exif=turned)
put("palette.gif", palette)
put("transparent.gif", palette, transparency=5)
for name in ("animated.gif", "animated.webp"):
    frames = [Image.fromarray(scene(seed=i)).point(lambda v, i=i: v if i != 1 else 255 - v) for i in range(3)]
    options = {"lossless": True} if name.endswith("webp") else {}
    put(name, frames[0], save_all=True, append_images=frames[1:], duration=[100, 250, 40], loop=0, **options)

put("rgb.tif", rgb)
put("rgb-lzw.tif", rgb, compression="tiff_lzw")
put("rgba-deflate.tif", rgba, compression="tiff_deflate")
put("grey.tif", grey)
put("bilevel.tif", grey.convert("1"), compression="group4")
put("palette.tif", palette)
put("cmyk.tif", cmyk)
put("grey-16-bit.tif", Image.fromarray(wide[..., 0]))
put("orientation-6.tif", rgb, tiffinfo={274: 6})
put("jpeg.tif", rgb, compression="jpeg", quality=90)

put("rgb.avif", rgb, quality=80, lossy=True, subsampling="4:4:4")
put("rgba.avif", rgba, quality=80, lossy=True, subsampling="4:4:4")
put("orientation-6.avif", rgb, quality=80, exif=turned, lossy=True, subsampling="4:4:4")

(OUT.parent / "files.json").write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
animations = {n: [hashlib.sha256(np.asarray(f.convert("RGB")).tobytes()).hexdigest() for f in ImageSequence.Iterator(Image.open(OUT / n))] for n in ("animated.gif", "animated.webp")}
(OUT.parent / "animations.json").write_text(json.dumps(animations, indent=1) + "\n")

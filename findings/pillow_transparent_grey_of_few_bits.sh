#!/usr/bin/env bash
# One would guess that the transparent grey (tRNS) of a PNG of 2 or 4 bits becomes alpha 0, as it does at 1 and 8 bits.
# Pillow 12.3.0 stretches the pixels to 0..255 and leaves the key as it is stored, so no pixel is transparent: a matte
# cut out by a key is opaque everywhere. `convert("RGBA")` of a file whose key is level 2 of 3; PNG, section 11.3.2.1 (tRNS).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
pip install --disable-pip-version-check -q --target "$folder" pillow==12.3.0
PYTHONPATH=$folder python - <<'PY'
import io, struct, sys, zlib
import PIL
from PIL import Image

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def alpha(depth, row, width, key):
    header = struct.pack(">IIBBBBB", width, 1, depth, 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"tRNS", struct.pack(">H", key)), (b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")
    file = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    return list(Image.open(io.BytesIO(file)).convert("RGBA").getchannel("A").tobytes())

seen = {2: alpha(2, b"\x1b", 4, 2), 4: alpha(4, b"\x0f\x5a", 4, 5), 8: alpha(8, b"\x01\x02\x03", 3, 2)}
print("Pillow", PIL.__version__, seen)
sys.exit(seen != {2: [255] * 4, 4: [255] * 4, 8: [255, 0, 255]})
PY

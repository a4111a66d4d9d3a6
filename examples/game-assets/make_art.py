"""Draws the pictures and synthesises the sounds of this game: python3 make_art.py

Nothing but the standard library is needed. What it writes is committed; run it again after an edit. All of it is ours, and
is given to the public domain (CC0).
"""

import math
import struct
import sys
import wave
import zlib
from pathlib import Path

# ---------------------------------------------------------------- the garden: 32 tiles of 16 × 16, one palette of 16

GARDEN = (
    "0B1026 1B2A41 27496D 4F86A6 A9D6E5 12291C 1F4529 2F6B3A 57A05B 4A3728 7A5C3E A98658 5B5F6B 8B919E F4D06F E4637C"
).split()
(NIGHT, DEEP, WATER, WAVE, SPARK, SHADE, GRASS, LEAF,
 BLADE, BARK, EARTH, SAND, STONE, LIGHT, GOLD, PINK) = range(16)  # fmt: skip


def noise(x, y, seed):
    """Return a number from 0 to 255 that is always the same for the same place."""
    value = (x * 374761393 + y * 668265263 + seed * 2147483647) & 0xFFFFFFFF
    value = ((value ^ value >> 13) * 1274126177) & 0xFFFFFFFF
    return (value ^ value >> 16) & 0xFF


def grass(x, y, seed=0):
    if noise(x, y, seed) < 14:
        return BLADE
    if noise(x, (y + 1) % 16, seed) < 14:  # a blade has a darker foot
        return LEAF
    return LEAF if noise(x // 2, y // 3, seed + 9) < 60 else GRASS


def flowers(color):
    def tile(x, y):
        for cx, cy in ((4, 4), (11, 7), (6, 12)):
            far = abs(x - cx) + abs(y - cy)
            if far == 0:
                return GOLD if color != GOLD else SAND
            if far == 1:
                return color
            if x == cx and cy < y <= cy + 3:
                return SHADE
        return grass(x, y, 3)

    return tile


def path(x, y):
    edge = 2 + noise(x, 0, 5) % 2
    if y < edge or y > 15 - edge:
        return SHADE if y in (edge - 1, 16 - edge) else grass(x, y, 1)
    return SAND if noise(x // 2, y // 2, 6) < 40 else BARK if noise(x, y, 7) < 16 else EARTH


def stepping_stones(x, y):
    for cx, cy, size in ((4, 4, 3), (11, 6, 3), (6, 11, 3)):
        far = (x - cx) ** 2 + (y - cy) ** 2
        if far <= size * size:
            return LIGHT if far <= 4 and y <= cy else STONE
        if far <= (size + 1) ** 2 and y > cy:
            return SHADE
    return grass(x, y, 2)


def water(frame):
    def tile(x, y):
        crest = (y * 2 + round(2 * math.sin((x + frame * 4) * math.pi / 8))) % 12
        if crest == 0:
            return SPARK if noise(x, y, frame) < 60 else WAVE
        return WAVE if crest == 1 else DEEP if noise(x // 3, y // 2, 11) < 50 else WATER

    return tile


def shore(side):
    def tile(x, y):
        depth = {"n": y, "s": 15 - y, "w": x, "e": 15 - x}[side] - noise((x if side in "ns" else y) // 2, 0, 13) % 2
        if depth < 5:
            return grass(x, y, 4)
        return BARK if depth == 5 else SAND if depth == 6 else SPARK if depth == 7 else water(0)(x, y)

    return tile


def wall(moss=0):
    def tile(x, y):
        row = y // 4
        if y % 4 == 3 or (x + 4 * (row % 2)) % 8 == 7:
            return NIGHT
        if noise(x // 2, y // 2, 17) < moss:
            return LEAF if noise(x, y, 18) < 90 else GRASS
        return LIGHT if y % 4 == 0 and noise(x, row, 19) < 190 else STONE

    return tile


def window(x, y):
    if 3 <= x <= 12 and 3 <= y <= 13:
        if x in (3, 12) or y in (3, 13):
            return BARK
        return BARK if x in (7, 8) or y == 8 else SAND if noise(x, y, 23) < 40 else GOLD
    return wall()(x, y)


def door(x, y):
    if 3 <= x <= 12 and (y >= 4 or (x - 7.5) ** 2 + (y - 6) ** 2 <= 24):
        if x in (3, 12):
            return NIGHT
        return GOLD if (x, y) == (10, 10) else BARK if x % 3 == 0 else EARTH
    return wall()(x, y)


def lantern(x, y):
    far = math.hypot(x - 7.5, y - 5)
    if 6 <= x <= 9 and 3 <= y <= 7:
        return GOLD if 4 <= y <= 6 and 7 <= x <= 8 else SAND
    if (5 <= x <= 10 and y in (2, 8)) or (x in (7, 8) and (y >= 9 or y == 1)):
        return NIGHT
    if far < 5.2:
        return BLADE if (x + y) % 2 else LEAF
    return LEAF if far < 7 and (x + y) % 2 else grass(x, y, 20)


def fence(x, y):
    if x % 8 in (3, 4) and 3 <= y <= 13:
        return SAND if x % 8 == 3 else EARTH
    if y in (5, 6, 10, 11):
        return EARTH if y in (5, 10) else BARK
    return grass(x, y, 21)


def bush(x, y):
    far = min((x - 5) ** 2 + (y - 9) ** 2, (x - 10) ** 2 + (y - 9) ** 2, (x - 7.5) ** 2 + (y - 6) ** 2)
    if far <= 20:
        lit = noise(x, y, 25)
        return PINK if lit < 14 else BLADE if lit < 90 and y < 9 else LEAF if lit < 170 else GRASS
    return SHADE if y == 14 and 3 <= x <= 12 else grass(x, y, 24)


def mushroom(x, y):
    far = (x - 7.5) ** 2 + ((y - 7) * 1.5) ** 2
    if y <= 7 and far <= 30:
        return SPARK if noise(x // 2, y // 2, 28) < 70 else PINK
    if 6 <= x <= 9 and 8 <= y <= 12:
        return LIGHT if x > 6 else SAND
    return SHADE if y == 13 and 5 <= x <= 10 else grass(x, y, 26)


def stump(x, y):
    far = (x - 7.5) ** 2 + ((y - 6) * 1.6) ** 2
    if far <= 26:
        return SAND if int(math.sqrt(far)) % 2 == 0 else EARTH
    if 3 <= x <= 12 and 6 <= y <= 12:
        return BARK if x % 3 else EARTH
    return SHADE if y == 13 and 3 <= x <= 12 else grass(x, y, 27)


def lily(x, y):
    far = (x - 7) ** 2 + ((y - 8) * 1.3) ** 2
    if far <= 28 and not (x > 7 and abs(y - 8) < (x - 6) * 0.45):
        return BLADE if far <= 20 and y <= 8 else LEAF
    if (x - 5) ** 2 + (y - 6) ** 2 <= 2:
        return PINK
    return water(1)(x, y)


def sky(x, y):
    star = noise(x, y, 30)
    return SPARK if star < 3 else WAVE if star < 8 else DEEP if noise(x // 4, y // 4, 31) < 60 else NIGHT


def tree(left, top):
    """Return a quarter of a tree that is 2 × 2 tiles large."""

    def tile(x, y):
        x, y = x + 16 * (not left), y + 16 * (not top)
        crown = min(
            (x - cx) ** 2 + (y - cy) ** 2 - r * r for cx, cy, r in ((16, 9, 8), (9, 15, 7), (23, 15, 7), (16, 16, 8))
        )
        if crown <= 0:
            lit = noise(x, y, 33) + 5 * (x + y)
            return SHADE if crown > -12 else BLADE if lit < 150 else LEAF if lit < 300 else GRASS
        if 14 <= x <= 18 and y >= 22 and y < 30:
            return EARTH if x == 15 else BARK
        return SHADE if y in (29, 30) and 9 <= x <= 24 else grass(x % 16, y % 16, 32)

    return tile


GARDEN_TILES = [
    *(lambda x, y, seed=seed: grass(x, y, seed) for seed in (1, 2, 3, 4)),
    flowers(PINK), flowers(GOLD), path, stepping_stones,
    *(water(frame) for frame in range(4)), *(shore(side) for side in "nswe"),
    wall(), wall(90), window, door, lantern, fence, tree(True, True), tree(False, True),
    bush, mushroom, stump, lily, sky, flowers(SPARK), tree(True, False), tree(False, False),
]  # fmt: skip

# -------------------------------------------------- the hero: four steps, four ways, 16 × 16, drawn in true colour

HERO = {
    "k": "1A1423", "s": "F2C6A0", "h": "8C4A24", "H": "B86B36", "c": "34508F",
    "C": "5F86D6", "y": "FFD76E", "Y": "FFF3C4", "b": "4A3728", "w": "FFFFFF",
}  # fmt: skip
DOWN = """
.....kkkkkk.....
....khHHHHhk....
...khHHHHHHhk...
...khhsssshhk...
...khsksskshk...
...khsssssshk...
....kksssskk....
...kccCCCCcck...
..kccCCCCCCcck..
..kscCCCCCCcsk..
..kykcCCCCckk...
..kYkcccccck....
"""
UP = """
.....kkkkkk.....
....khHHHHhk....
...khHHHHHHhk...
...khHHHHHHhk...
...khHHHHHHhk...
...khhHHHHhhk...
....khhhhhhk....
...kcckhhkcck...
..kccCCkkCCcck..
..kscCCCCCCcsk..
...kkcCCCCckyk..
....kcccccckYk..
"""
SIDE = """
.....kkkkkk.....
....khHHHHhk....
...khHHHHHhk....
...khHHHssssk...
...khHHsskssk...
...khhhsssssk...
....khhsssskk...
....kcCCCCck....
...kccCCCCCck...
...kccCCCCsskk..
...kcccCCCckYyk.
....kccccckkyk..
"""
LEGS = {
    "front": ("....kckkkkck....\n....kbk..kbk....\n....kkk..kkk....", "....kckkkckk....\n....kbk.kkk.....\n....kkk.........",
              "....kckkkkck....\n....kbk..kbk....\n....kkk..kkk....", "....kkckkkck....\n.....kkk.kbk....\n.........kkk...."),
    "side": ("....kckkkck.....\n....kbk.kbbk....\n....kkk.kkkk....", "...kckkkkkck....\n..kbk....kbbk...\n..kkk....kkkk...",
             "....kckkkck.....\n....kbk.kbbk....\n....kkk.kkkk....", ".....kkckk......\n.....kbbk.......\n.....kkkk......."),
}  # fmt: skip


def hero_frame(body, legs, step):
    """Return 16 rows of letters: a head that bobs with each step, a cloak, and legs."""
    rows = body.split() + legs[step].split()
    lifted = ["." * 16] * (step % 2 == 0) + rows
    return (lifted + ["." * 16] * 16)[:16]


def hero_frames():
    for step in range(4):
        yield hero_frame(DOWN, LEGS["front"], step)
    for step in range(4):
        yield hero_frame(UP, LEGS["front"], step)
    sides = [hero_frame(SIDE, LEGS["side"], step) for step in range(4)]
    yield from sides
    for frame in sides:
        yield [row[::-1] for row in frame]


# ------------------------------------- letters: 64 characters from space on, 8 × 8, columns of a 5 × 7 matrix, low bit up

LETTERS = bytes.fromhex(
    "0000000000 00005F0000 0007000700 147F147F14 242A7F2A12 2313086462 3649552250 0005030000 "
    "001C224100 0041221C00 14083E0814 08083E0808 0050300000 0808080808 0060600000 2010080402 "
    "3E5149453E 00427F4000 4261514946 2141454B31 1814127F10 2745454539 3C4A494930 0171090503 "
    "3649494936 064949291E 0036360000 0056360000 0814224100 1414141414 0041221408 0201510906 "
    "324979413E 7E1111117E 7F49494936 3E41414122 7F4141221C 7F49494941 7F09090901 3E4149497A "
    "7F0808087F 00417F4100 2040413F01 7F08142241 7F40404040 7F020C027F 7F0408107F 3E4141413E "
    "7F09090906 3E4151215E 7F09192946 4649494931 01017F0101 3F4040403F 1F2040201F 3F4038403F "
    "6314081463 0708700807 6151494543 007F414100 0204081020 0041417F00 0402010204 4040404040"
)
INK = ["000000", "F4D06F", "A9633A", "27182B"]  # not there, upper half, lower half, shadow


def letter(number):
    columns = LETTERS[number * 5 : number * 5 + 5]

    def lit(x, y):
        return 0 <= x < 5 and 0 <= y < 7 and columns[x] >> y & 1

    def tile(x, y):
        x -= 1
        if lit(x, y):
            return 1 if y < 4 else 2
        return 3 if lit(x - 1, y - 1) else 0

    return tile


# ------------------------------------------------------------------------------------------------------------ sounds

RATE = 22_050


def chime(second):
    """A bell: partials that do not fit together, the higher ones gone sooner."""
    partials = ((1.0, 0.5, 4), (2.76, 0.25, 7), (5.4, 0.15, 12), (8.93, 0.1, 20))
    return sum(
        loud * math.sin(math.tau * 880 * ratio * second) * math.exp(-fade * second) for ratio, loud, fade in partials
    )


def step(second):
    """A foot on gravel: a thud, and noise that dies away."""
    grain = (noise(int(second * RATE), 0, 40) / 127.5 - 1) * math.exp(-38 * second)
    return 0.5 * math.sin(math.tau * (110 - 300 * second) * second) * math.exp(-22 * second) + 0.35 * grain


# -------------------------------------------------------------------------------------------------------------- files


def write_png(path, width, rows, *, kind, depth, palette=b"", transparent=b""):
    """Write a PNG from rows of bytes; `kind` is 3 for indices and 6 for red, green, blue, alpha."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">2I5B", width, len(rows), depth, kind, 0, 0, 0))]
    parts += [chunk(b"PLTE", palette)] if palette else []
    parts += [chunk(b"tRNS", transparent)] if transparent else []
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join((*parts, chunk(b"IDAT", packed), chunk(b"IEND", b""))))


def sheet(tiles, size, across):
    """Return rows of pixels, tiles side by side."""
    down = -(-len(tiles) // across)
    return [
        [tiles[y // size * across + x // size](x % size, y % size) for x in range(across * size)]
        for y in range(down * size)
    ]


def packed_rows(rows, depth):
    """Return rows of colour indices as PNG packs them: the left pixel in the high bits."""
    each = 8 // depth
    for row in rows:
        groups = (row[at : at + each] for at in range(0, len(row), each))
        yield bytes(sum(pixel << depth * (each - 1 - place) for place, pixel in enumerate(group)) for group in groups)


def write_wav(path, sound, seconds):
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (round(32_000 * max(-1, min(1, sound(at / RATE)))) for at in range(int(seconds * RATE)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", frame) for frame in frames))


def main(folder):
    garden = list(packed_rows(sheet(GARDEN_TILES, 16, 8), 4))
    write_png(folder / "garden/tiles.png", 128, garden, kind=3, depth=4, palette=bytes.fromhex("".join(GARDEN)))
    colors = {name: bytes.fromhex(color + "FF") for name, color in HERO.items()} | {".": bytes(4)}
    frames = list(hero_frames())
    walk = [
        b"".join(colors[pixel] for frame in frames[row : row + 4] for pixel in frame[y])
        for row in range(0, 16, 4)
        for y in range(16)
    ]
    write_png(folder / "hero/walk.png", 64, walk, kind=6, depth=8)
    font = list(packed_rows(sheet([letter(number) for number in range(64)], 8, 16), 2))
    ink = bytes.fromhex("".join(INK))
    write_png(folder / "letters/font.png", 128, font, kind=3, depth=2, palette=ink, transparent=b"\0")
    write_wav(folder / "sounds/chime.wav", chime, 0.7)
    write_wav(folder / "sounds/step.wav", step, 0.16)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "assets"))

"""Decodes files by decoders that are not Validatr's, as strictly as they can: `decode.py first`, or `decode.py second`.

The first is Pillow, and libjpeg-turbo with its warnings as errors, which Pillow hides. The second is FFmpeg. For GIF it is
giflib, because FFmpeg and Pillow do not look for the end of a file. For TIFF it is tifffile, because FFmpeg knows few kinds, and
FFmpeg as well if the first page is a fax, because tifffile hides faults of its codes.

Reads one request a line, {"path", "format"}, and answers each with one line, {"state", "reason"}. The states are `whole`,
`damaged` and `unsupported`: the decoder does not know this kind of file, which says nothing about the file.
"""

import json
import logging
import re
import sys
import warnings

MAX_PIXELS = 200_000_000
UNSUPPORTED = re.compile(
    r"not (?:yet )?(?:supported|implemented|allocate)|unsupported|unhandled|no decoder|welcome|larger than"
    r"|unknown (?:pixel mode|compression|raw mode)|cannot (?:handle|decode|find)|decoder .* not available"
    r"|could not determine subsampling|requires the .* (?:package|codec)|MemoryError",
    re.IGNORECASE,
)


class Unsupported(Exception):
    pass


def refuse_large(pixels):
    if pixels > MAX_PIXELS:
        raise Unsupported(f"{pixels} pixels are larger than this program takes")


def decode_first(path, format):
    from PIL import Image

    Image.init()
    Image.MAX_IMAGE_PIXELS = None
    # `Image.open` hides the reason of a plugin, so the plugin itself is called.
    create = Image.OPEN[format][0]
    if format == "PNG":
        with open(path, "rb") as file, create(file, path) as image:
            image.verify()
    with open(path, "rb") as file, create(file, path) as image:
        refuse_large(image.width * image.height)
        for size in image.info["sizes"] if format == "ICO" else ():
            image.size = size
            image.load()
        frames = getattr(image, "n_frames", 1)
        refuse_large(image.width * image.height * frames)
        for frame in range(frames):
            image.seek(frame)
            image.load()
        mode = image.mode
    if format == "JPEG":
        decode_by_libjpeg(path, {"L": "GRAY", "CMYK": "CMYK"}.get(mode, "RGB"))


def decode_by_libjpeg(path, colours):
    import simplejpeg

    with open(path, "rb") as file:
        data = file.read()
    try:
        simplejpeg.decode_jpeg(data, colorspace=colours, strict=True)
    except ValueError as error:
        # Pillow knows more ways of subsampling.
        if "Could not determine subsampling" not in str(error):
            raise


def decode_second(path, format):
    if format == "GIF":
        return decode_by_giflib(path)
    if format == "TIFF":
        return decode_by_tifffile(path)
    return decode_by_ffmpeg(path, format)


def decode_by_giflib(path):
    import imagecodecs

    with open(path, "rb") as file:
        imagecodecs.gif_decode(file.read(), asrgb=False)


FAX = (2, 3, 4)


def decode_by_tifffile(path):
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        refuse_large(sum(page.imagewidth * page.imagelength for page in tiff.pages))
        for page in tiff.pages:
            page.asarray()
        is_fax = tiff.pages[0].compression in FAX
    if is_fax:
        decode_by_ffmpeg(path, "TIFF")


CODECS = {"JPEG": "mjpeg", "PNG": "png", "WEBP": "webp", "TIFF": "tiff", "BMP": "bmp"}
DEMUXERS = {"ICO": "ico", "AVIF": "mov", "APNG": "apng"}
# With `explode` it would refuse odd metadata as well.
STRICT = {"err_detect": "crccheck+bitstream+buffer", "max_pixels": str(MAX_PIXELS)}
METADATA = re.compile(r"exif|tiff header|icc profile|iccp|metadata", re.IGNORECASE)


def decode_by_ffmpeg(path, format):
    import av
    import av.logging

    av.logging.set_level(av.logging.WARNING)
    av.logging.set_skip_repeated(False)
    with open(path, "rb") as file:
        data = file.read()
    if format == "PNG" and b"acTL" in data[:4096]:
        format = "APNG"
    if format == "WEBP" and b"ANMF" in data[:4096]:
        raise Unsupported("no decoder for animations")
    with av.logging.Capture() as said:
        try:
            frames = demux(path, DEMUXERS[format]) if format in DEMUXERS else decode_packet(data, CODECS[format])
        except av.FFmpegError as error:
            if said and not faults_of(said):
                raise Unsupported(tell(said)) from error
            raise ValueError(f"{error}; {tell(said)}") from error
    if faults_of(said):
        raise ValueError(tell(faults_of(said)))
    if frames == 0:
        raise ValueError("no frame")


def demux(path, name):
    import av

    frames = 0
    with av.open(path, format=name, options=STRICT) as container:
        for stream in container.streams.video:
            stream.codec_context.options = STRICT
            stream.codec_context.thread_count = 1
        for packet in container.demux():
            frames += len(packet.decode())
    return frames


def decode_packet(data, name):
    import av

    context = av.CodecContext.create(name, "r")
    context.options = STRICT
    context.thread_count = 1
    return len(context.decode(av.Packet(data))) + len(context.decode(None))


def faults_of(said):
    return [line for line in said if is_fault(*line)]


def is_fault(level, _, text):
    from av.logging import ERROR

    return "EOI missing" in text or (level <= ERROR and not METADATA.search(text))


def tell(said):
    return "; ".join(line.strip() for _, _, line in said)


def judge(decode, path, format):
    try:
        decode(path, format)
        return {"state": "whole"}
    except (Unsupported, NotImplementedError, MemoryError) as error:
        return {"state": "unsupported", "reason": str(error)[:300]}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        return {"state": "unsupported" if UNSUPPORTED.search(reason) else "damaged", "reason": reason}


warnings.simplefilter("ignore")
logging.disable()
decode = {"first": decode_first, "second": decode_second}[sys.argv[1]]
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(judge(decode, asked["path"], asked["format"])), flush=True)

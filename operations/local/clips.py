"""Clips for the demo and the tests: a ball bouncing over a painted court, made with ffmpeg."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

BLUE, GREEN, CLAY, PLUM, SAND = "0x0d3f86", "0x0f6b4f", "0xa8442a", "0x4b2467", "0x8a6a3b"


def make_clip(path: Path, *, seconds: float, size: str = "1280x720", floor: str = BLUE) -> Path:
    """Make a clip with a picture that moves and a tone. In a portrait clip the court stands upright.

    Args:
        path: file to write.
        seconds: length.
        size: width x height in pixels.
        floor: colour of the court, as ffmpeg writes colours.
    """
    ball = (
        "color=c=0xf4761f:s=150x150:r=30,format=rgba,"
        "geq=r='if(lt(abs(X-75),4)+lt(abs(Y-75),4),6,244)':g='if(lt(abs(X-75),4)+lt(abs(Y-75),4),26,118)':"
        "b='if(lt(abs(X-75),4)+lt(abs(Y-75),4),56,31)':a='255*lte(hypot(X-75,Y-75),74)',loop=-1:1:0"
    )
    width, height = (int(side) for side in size.split("x"))
    upright = ",transpose=cclock" if width < height else ""
    court = (
        f"color=c={floor}:s={max(width, height)}x{min(width, height)}:r=30,"
        "drawbox=x=iw*0.05:y=ih*0.08:w=iw*0.9:h=ih*0.84:c=0xffc72c:t=6,"
        "drawbox=x=iw*0.05:y=ih*0.32:w=iw*0.3:h=ih*0.36:c=0xc23c08:t=fill,"
        "drawbox=x=iw*0.05:y=ih*0.32:w=iw*0.3:h=ih*0.36:c=0xffc72c:t=6,"
        "drawbox=x=iw*0.5-3:y=ih*0.08:w=6:h=ih*0.84:c=0xffc72c:t=fill"
        f"{upright}"
    )
    place = "x='(W-w)*(0.55+0.35*sin(t*1.3+1.4))':y='(H-h)*(0.86-0.62*abs(sin(t*3+0.6)))'"
    graph = f"{court}[court];{ball}[ball];[court][ball]overlay={place}[out]"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-filter_complex", graph]
    command += ["-f", "lavfi", "-i", "sine=frequency=330", "-map", "[out]", "-map", "0:a", "-t", str(seconds)]
    command += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(path)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    return path
